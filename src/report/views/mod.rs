//! What reports are about: each view turns stored rows into one [`Sheet`](super::sheet::Sheet), a file a view. Which
//! columns a view has stands in `conf/report/`.

pub mod alerts;
pub mod daily;
pub mod nodes;
pub mod over_time;
pub mod overview;
pub mod runs;
pub mod step;

use serde::de::DeserializeOwned;

use super::draw;
use crate::settings::words::fits;

/// An embedded description; a test keeps all of them readable and their names known.
fn described<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| format!("{file}: {}", error.message()))
}

/// Where something restarted: the moments of a curve that are above 0.
pub fn restarts_in(curve: &over_time::Curve) -> Vec<draw::Mark> {
    let moments = curve.past.moments.iter().zip(curve.values);
    let restarted = moments.filter(|(_, value)| value.is_some_and(|value| value > 0.0));
    let mark = |(moment, value): (&crate::days::fold::Moment, &Option<f64>)| {
        let count = value.unwrap_or_default() as usize;
        let text = format!("{} restarted", crate::words::count(count, "node"));
        draw::Mark { at: moment.at, kind: draw::Kind::Restart, text }
    };
    restarted.map(mark).collect()
}

/// Whether a name is meant by one of these words, which may have `*` and `?`; by no words every name is.
pub fn is_meant(name: &str, globs: &[String]) -> bool {
    globs.is_empty() || globs.iter().any(|glob| fits(glob, name))
}
