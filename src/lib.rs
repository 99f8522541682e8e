//! `stellar`: health and performance history of StarRocks clusters in one SQLite file.
//!
//! Modules in the order in which data passes through them: `settings → catalogue → collect → exposition → promql →
//! store`, for a query `store → history → promql` or, of a file, `exposition → history → promql`, for a page by itself
//! `exposition → lint`, then `store → days | report | alert → deliver | doctor`. Collecting never formats, reporting never fetches, no
//! module reaches back.

pub mod alert;
mod base64;
pub mod catalogue;
mod child;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod command;
pub mod days;
pub mod deliver;
pub mod doctor;
pub mod exposition;
pub mod failure;
mod hash;
pub mod history;
pub mod lint;
pub mod promql;
pub mod report;
pub mod sample;
pub mod settings;
pub mod store;
pub mod systemd;
pub mod words;
