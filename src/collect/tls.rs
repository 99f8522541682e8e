//! What TLS needs to know for a target: whom to trust, and as whom to appear.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig};

use crate::settings::{Access, identity};

/// # Errors
/// When a file of the target cannot be read or has not what it should.
pub fn config(access: &Access) -> Result<TlsConfig> {
    let roots = roots(access.ca_file.as_deref())?;
    let own = match (&access.client_cert, &access.client_key) {
        (Some(cert), Some(key)) => Some(client(cert, key)?),
        _ => None,
    };
    Ok(TlsConfig::builder().root_certs(roots).client_cert(own).build())
}

/// Root certificates: those of the file when one is named, else those of the machine.
fn roots(ca_file: Option<&Path>) -> Result<RootCerts> {
    let Some(path) = ca_file else { return Ok(RootCerts::PlatformVerifier) };
    let pem = std::fs::read(path).with_context(|| format!("ca_file {}: cannot be read", path.display()))?;
    let certificates = certificates(&pem);
    if certificates.is_empty() {
        bail!("ca_file {}: holds no certificate in PEM form", path.display());
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

fn client(cert: &Path, key: &Path) -> Result<ClientCert> {
    let of = |fault: identity::Fault| {
        let path = if fault.key == "client_cert" { cert } else { key };
        anyhow!("`{}` {}: {}", fault.key, path.display(), fault.reason)
    };
    let (chain, private) = identity::load(cert, key).map_err(of)?;
    let private = PrivateKey::from_pem(private.expose().as_bytes())
        .with_context(|| format!("`client_key` {}: cannot be used", key.display()))?;
    Ok(ClientCert::new_with_certs(&certificates(chain.as_bytes()), private))
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = ureq::tls::parse_pem(pem);
    items
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}
