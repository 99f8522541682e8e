//! BatchSQL applications: their short lives, what is made of their pages, what goes wrong with them.

mod expected;
mod faults;
mod life;
mod made;
mod report;
mod told;

use crate::common::replay::Application;
use crate::program::{Ended, Stage};

/// An `[[applications]]` block.
fn block(name: &str, application: &Application, more: &str) -> String {
    format!("[[applications]]\nname = \"{name}\"\nurl = \"{}\"\n{more}\n", application.url())
}

/// Little enough to be compared as a whole.
const FEW: &str = r#"
[metrics]
exclude = ["batchsql_a*", "batchsql_b*", "batchsql_e*", "batchsql_m*", "batchsql_p*"]

"#;

/// A page of an application that follows the guide to the letter.
const PAGE: &str = r#"# TYPE batchsql_records_processed_total counter
batchsql_records_processed_total{database="mysql",table="orders",test_name="nightly"} 1000
# TYPE batchsql_current_rps gauge
batchsql_current_rps{database="mysql",table="orders",test_name="nightly"} 250.5
batchsql_current_rps{database="redis",table="orders",test_name="nightly"} 0
# TYPE batchsql_data_integrity_rate gauge
batchsql_data_integrity_rate{database="mysql",table="orders",test_name="nightly"} 0.975
# TYPE batchsql_error_rate gauge
batchsql_error_rate{database="mysql",table="orders",test_name="nightly"} 0.02
"#;

/// With the port of the application and all durations made equal.
fn named(application: &Application, run: Ended) -> Ended {
    let took = regex::Regex::new("(took_seconds\": |took=)[0-9.e-]+").expect("a pattern");
    let text = |text: &str| took.replace_all(&application.named(text), "$1#").into_owned();
    Ended { stdout: text(&run.stdout), stderr: text(&run.stderr), ..run }
}

fn collected(application: &Application, stage: &Stage, at: i64) -> Ended {
    named(application, stage.run(at, &["collect-once"]))
}

/// Time since `from`, whether it answered, and the rate of every row with one.
fn rows(stage: &Stage, from: i64) -> String {
    stage.rows(&format!(
        "SELECT collected_at / 1000 - {from}, database, \"table\", test_name, answered, idle, batchsql_current_rps
         FROM batch_snapshots ORDER BY 1, 2, 3, 4"
    ))
}
