//! What several tests share.

pub mod peers;
pub mod replay;
