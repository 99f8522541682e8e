//! Counts what comes over the wire: what the HTTP library hands on has been decoded, and nothing tells any more whether it
//! was compressed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Bytes received over all connections of a client, TLS taken away.
pub type Count = Arc<AtomicU64>;

/// The last link of a chain of connectors.
#[derive(Debug)]
pub struct Tap(pub Count);

impl<In: Transport> Connector<In> for Tap {
    type Out = Tapped<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Tapped<In>>, Error> {
        Ok(chained.map(|inner| Tapped { inner, received: Arc::clone(&self.0) }))
    }
}

pub struct Tapped<In> {
    inner: In,
    received: Count,
}

impl<In> fmt::Debug for Tapped<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tapped").finish_non_exhaustive()
    }
}

impl<In: Transport> Transport for Tapped<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.inner.buffers().input().len();
        let more = self.inner.await_input(timeout);
        let arrived = self.inner.buffers().input().len().saturating_sub(before);
        self.received.fetch_add(arrived as u64, Ordering::Relaxed);
        more
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
