//! `stellar mute`: alerts that nobody is told of for a while, by hand.

use anyhow::Result;

use super::{Secrets, World, database, load_catalogue, load_settings, print, said, zone};
use crate::alert::sources;
use crate::cli::{Global, Mute};
use crate::failure::{Exit, Failure};
use crate::sample::millis;
use crate::settings::Target;
use crate::store::{self, Store, alerts};

pub fn run(global: &Global, arguments: &Mute, world: &World) -> Result<Exit> {
    let now = world.clock()?.now();
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let path = database(&loaded);
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    let zone = zone(&loaded, false);
    let Some(name) = &arguments.name else {
        let connection = store::open_read_only(path)?;
        store::refuse_old(&connection, path)?;
        let mutes = alerts::mutes(&connection, now).map_err(explain)?;
        let lines = mutes.iter().map(|mute| {
            let target = mute.target.as_deref().map(|target| format!(" of {target}")).unwrap_or_default();
            let comment = mute.comment.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            format!("{}{target} until {}{comment}\n", mute.alert, said(mute.until, &zone))
        });
        let text: String = lines.collect();
        print(if text.is_empty() { "nothing is muted\n" } else { &text })?;
        return Ok(Exit::Done);
    };
    let rules = sources::load(&loaded.settings);
    let names: Vec<&str> = rules.rules.iter().map(|rule| rule.alert.as_str()).collect();
    if name != "*" {
        super::refuse_unknown(std::slice::from_ref(name), &names, "alert")?;
    }
    if let Some(target) = &arguments.cluster {
        let known: Vec<&str> = loaded.settings.targets().map(Target::name).collect();
        super::refuse_unknown(std::slice::from_ref(target), &known, "target")?;
    }
    let until = match (arguments.length, arguments.off) {
        (Some(length), _) => now + millis(length),
        (None, true) => now,
        (None, false) => {
            return Err(Failure::new(Exit::Usage, "for how long is not said")
                .with_hint(format!("add --for 2h, or --off to end the silence: stellar mute {name} --for 2h"))
                .into());
        }
    };
    let mute = alerts::Mute {
        id: 0,
        alert: name.clone(),
        target: arguments.cluster.clone(),
        until,
        comment: arguments.comment.clone(),
    };
    Store::existing(path, &load_catalogue(&loaded)?, false)?.mute(&mute, now)?;
    let target = arguments.cluster.as_deref().map(|target| format!(" of {target}")).unwrap_or_default();
    let what =
        if arguments.off { "is told again".to_owned() } else { format!("is muted until {}", said(until, &zone)) };
    print(&format!("{name}{target} {what}\n"))?;
    Ok(Exit::Done)
}
