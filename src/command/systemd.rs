//! `stellar systemd`: the units for the configured interval.

use anyhow::Result;

use super::{World, print};
use crate::cli::{Global, Systemd};
use crate::failure::{Exit, Failure};
use crate::settings::{self, LoadError, Settings};
use crate::systemd;

pub fn run(global: &Global, arguments: &Systemd, world: &World) -> Result<Exit> {
    let settings = match settings::load_without_secrets(global.config.as_deref(), &*world.environment) {
        Ok(loaded) => loaded.settings,
        // Units can be had before there is a configuration.
        Err(LoadError::NotFound(_)) => Settings::default(),
        Err(error) => return Err(Failure::new(Exit::Usage, error.render()).into()),
    };
    let interval = arguments.interval.unwrap_or_else(|| settings.shortest_interval());
    print(&systemd::page(interval, settings.metrics.timezone.as_deref()))?;
    Ok(Exit::Done)
}
