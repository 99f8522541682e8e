//! What several tests share.

pub mod exchange;
pub mod peers;
pub mod proxy;
pub mod replay;
pub mod tls;
