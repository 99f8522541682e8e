//! `stellar report --batchsql`: one line a database, table and test of every application, worst first, with the reasons
//! underneath. What a line shows is PromQL over the recorded history; nothing is fetched.

pub mod json;
mod model;
mod sheet;
mod standing;
pub mod view;

pub use model::{Asked, Report, assess};
pub use sheet::sheet;
pub use standing::{Standing, standings};
