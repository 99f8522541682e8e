//! Rules over recorded metrics: the status words of reports, with their reasons, come from here and from nowhere else.

pub mod check;
pub mod dress;
pub mod look;
pub mod raise;
pub mod recorded;
pub mod rule;
pub mod sources;
pub mod state;
pub mod template;
pub mod told;
pub mod unit;

pub use recorded::Recorded;
pub use rule::{Rule, Severity};
pub use told::{Told, Verdict};
