//! The program as people, timers and scripts meet it: whole standard output, standard error and exit code, against
//! clusters replayed from recorded pages.

#[path = "../common/mod.rs"]
mod common;

mod aggregate;
mod applications;
mod backup;
mod check;
mod cleanup;
mod collect_once;
mod completions;
mod config;
mod doctor;
mod faults;
mod figures;
mod gaps;
mod help;
mod history;
mod hostile;
mod lint;
mod lint_promtool;
mod lives;
mod lock;
mod login;
mod nodes;
mod password_command;
mod program;
mod proxy;
mod query;
mod report;
mod restore;
mod rules;
mod schema;
mod screen;
mod snapshot;
mod store;
mod stored;
mod survive;
mod systemd;
mod terminal;
mod tls;
mod truth;
mod upkeep;
