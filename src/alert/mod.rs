//! Rules over recorded metrics: the status words of reports, with their reasons, come from here and from nowhere else.

pub mod check;
pub mod look;
pub mod raise;
mod recorded;
pub mod rule;
pub mod sources;
pub mod state;
pub mod template;
pub mod unit;

pub use recorded::{Finding, Recorded, evaluate, filled};
pub use rule::{Rule, Severity};
pub use sources::{shipped_batch_rules, shipped_rules};
