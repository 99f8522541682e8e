//! What is made of a page: prefixes, limits, metrics of one's own.

use super::{FEW, PAGE, block, collected, named, rows};
use crate::common::replay::{Application, START, life};
use crate::program::{Stage, ended, silent};

#[test]
fn the_prefix_of_an_environment_is_taken_off_and_other_names_count_too() {
    // A Go application puts its prefix before its own names, not before those of the runtime.
    let page = PAGE.replace("batchsql_", "prod_batchsql_")
        + "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4096\n";
    let application = Application::with_page(page.into_bytes());
    let environment = "[[environments]]\nname = \"production\"\nmetrics_prefix = \"prod_\"\nlabels = { stage = \"live\", team = \"ops\" }\n";
    let of = |more: &str| environment.to_owned() + &block("etl", &application, more);
    let stage = Stage::new(&of("environment = \"production\"\nlabels = { team = \"data\" }"));
    assert_eq!(collected(&application, &stage, START), silent());
    assert_eq!(
        rows(&stage, START),
        "0||||1|NULL|NULL\n0|mysql|orders|nightly|NULL|NULL|250.5\n0|redis|orders|nightly|NULL|1|0\n"
    );
    assert_eq!(stage.rows("SELECT max(batchsql_process_memory_bytes) FROM batch_snapshots"), "4096\n");
    assert_eq!(
        stage.rows("SELECT environment, generation, labels FROM applications"),
        "production|guide|{\"stage\":\"live\",\"team\":\"data\"}\n"
    );
    assert_eq!(stage.rows("SELECT DISTINCT application, environment FROM batches_latest"), "etl|production\n");
    // Without the prefix there is nothing that anybody reads, and the page is a good one all the same.
    stage.configure(&of(""));
    assert_eq!(collected(&application, &stage, START + 30), silent());
    assert_eq!(stage.rows("SELECT count(*) FROM batch_snapshots WHERE collected_at % 60000 = 28000"), "1\n");
}

#[test]
fn of_a_page_that_grows_without_end_the_largest_families_are_left_out_whole() {
    let leaking = life("B");
    let page = leaking[40].page.clone().expect("a page").body;
    let application = Application::with_page(page);
    let stage = Stage::new(&block("etl", &application, "max_series = 1000"));
    let told = "warning: etl: http://127.0.0.1:18080/metrics: 2,429 series are more than `max_series` (1,000); left out: \
                `batchsql_batch_process_duration_seconds` (2,196 series; the label `batch_size` has 122 values)\n";
    assert_eq!(collected(&application, &stage, START), ended(0, "", told));
    // Not a part of the sum, nothing.
    let columns = "count(*), count(batchsql_batch_execution_duration_ms_count), count(batchsql_current_rps), sum(idle)";
    let limited = stage.rows(&format!("SELECT {columns} FROM batch_snapshots"));
    assert_eq!(limited, "27|0|18|20\n");
    let stage = Stage::new(&block("etl", &application, ""));
    assert_eq!(collected(&application, &stage, START), silent());
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM batch_snapshots")), "27|1|18|20\n");
}

/// The two metrics of the guide's own example.
const CUSTOM: &str = r#"
[[metric]]
name = "custom_operations"
per = "batch"
expr = 'sum by (database, table, test_name) (increase(batchsql_custom_operations_total[$__interval]))'
unit = "count"
daily = ["sum"]

[[metric]]
name = "custom_operations_failed_ratio"
per = "batch"
expr = 'sum by (database) (batchsql_custom_operations_total{status="failed"}) / sum by (database) (batchsql_custom_operations_total)'
unit = "ratio"

[[metric]]
name = "custom_duration_p95_seconds"
per = "batch"
expr = 'histogram_quantile(0.95, sum by (database, le) (increase(batchsql_custom_duration_seconds_bucket[$__interval])))'
unit = "seconds"
daily = ["max"]

"#;

fn custom_page(done: i64, failed: i64, fast: i64, slow: i64) -> Vec<u8> {
    format!(
        "# TYPE batchsql_custom_operations_total counter\n\
         batchsql_custom_operations_total{{database=\"mysql\",operation=\"merge\",status=\"ok\"}} {done}\n\
         batchsql_custom_operations_total{{database=\"mysql\",operation=\"merge\",status=\"failed\"}} {failed}\n\
         # TYPE batchsql_custom_duration_seconds histogram\n\
         batchsql_custom_duration_seconds_bucket{{database=\"mysql\",operation=\"merge\",le=\"0.1\"}} {fast}\n\
         batchsql_custom_duration_seconds_bucket{{database=\"mysql\",operation=\"merge\",le=\"1\"}} {}\n\
         batchsql_custom_duration_seconds_bucket{{database=\"mysql\",operation=\"merge\",le=\"+Inf\"}} {}\n\
         batchsql_custom_duration_seconds_sum{{database=\"mysql\",operation=\"merge\"}} 12.5\n\
         batchsql_custom_duration_seconds_count{{database=\"mysql\",operation=\"merge\"}} {}\n",
        fast + slow,
        fast + slow,
        fast + slow
    )
    .into_bytes()
}

#[test]
fn metrics_of_ones_own_are_columns_beside_those_that_ship() {
    let application = Application::with_page(custom_page(100, 0, 90, 10));
    let stage = Stage::new(&(CUSTOM.to_owned() + &block("etl", &application, "")));
    assert_eq!(collected(&application, &stage, START), silent());
    application.show(custom_page(180, 20, 170, 30));
    assert_eq!(collected(&application, &stage, START + 30), silent());
    let columns = "database, custom_operations, custom_operations_failed_ratio, custom_duration_p95_seconds";
    // 80 + 20; 20 of 200; of 100 the 80 fast ones and 15 of the 20 between 0.1 and 1 s.
    assert_eq!(
        stage.rows(&format!("SELECT {columns} FROM batch_snapshots ORDER BY collected_at, database")),
        "|NULL|NULL|NULL\nmysql|NULL|0|NULL\n|NULL|NULL|NULL\nmysql|100|0.1|0.775\n"
    );
}

#[test]
fn an_expression_that_leaves_a_label_or_gives_two_values_is_a_fault_of_that_metric_alone() {
    let application = Application::with_page(PAGE.as_bytes());
    let bad = "[[metric]]\nname = \"by_instance\"\nper = \"batch\"\nunit = \"count\"\n\
               expr = 'label_replace(batchsql_current_rps, \"node\", \"$1\", \"database\", \"(.*)\")'\n\
               [[metric]]\nname = \"twice\"\nper = \"batch\"\nunit = \"count\"\n\
               expr = 'batchsql_current_rps or on(database, job) label_replace(batchsql_current_rps, \"job\", \"x\", \"job\", \".*\")'\n";
    let stage = Stage::new(&(FEW.to_owned() + bad + &block("etl", &application, "")));
    let told = "warning: etl: metric `by_instance` is NULL: the expression leaves the labels {database=\"mysql\", \
                instance=\"127.0.0.1:18080\", job=\"app\", node=\"mysql\", table=\"orders\", test_name=\"nightly\"}; aggregate \
                by database, table and test_name\n\
                warning: etl: metric `twice` is NULL: the expression gives two values for {database=\"mysql\", \
                table=\"orders\", test_name=\"nightly\"}\n";
    assert_eq!(collected(&application, &stage, START), ended(0, "", told));
    let columns = "database, by_instance, twice, batchsql_current_rps, batchsql_data_integrity_rate";
    assert_eq!(
        stage.rows(&format!("SELECT {columns} FROM batch_snapshots ORDER BY 1")),
        "|NULL|NULL|NULL|NULL\nmysql|NULL|NULL|250.5|0.975\nredis|NULL|NULL|0|NULL\n"
    );
}

#[test]
fn values_that_are_no_numbers_are_null() {
    let page = PAGE.replace(" 250.5\n", " NaN\n").replace(" 0.975\n", " +Inf\n");
    let application = Application::with_page(page.into_bytes());
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    assert_eq!(collected(&application, &stage, START), silent());
    let columns = "database, batchsql_records_processed_total, batchsql_current_rps, batchsql_data_integrity_rate";
    assert_eq!(
        stage.rows(&format!("SELECT {columns} FROM batch_snapshots ORDER BY 1")),
        "|NULL|NULL|NULL\nmysql|1000|NULL|NULL\nredis|NULL|0|NULL\n"
    );
}

#[test]
fn whether_integrity_is_a_share_or_per_cent_is_for_the_reader_to_judge() {
    // The guide's "10000 %": what an application sends is stored as it is.
    let application = Application::with_page(PAGE.replace(" 0.975\n", " 100\n").into_bytes());
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    assert_eq!(named(&application, stage.run(START, &["collect-once"])), silent());
    assert_eq!(stage.rows("SELECT max(batchsql_data_integrity_rate) FROM batch_snapshots"), "100\n");
}

#[test]
fn what_ran_is_not_idle_though_it_is_over_or_its_largest_family_is_left_out() {
    // As generation B leaves it: its connections are closed, its leaking family is more than is read.
    let page = "# TYPE batchsql_active_connections gauge\n\
                batchsql_active_connections{database=\"mysql\"} 0\n\
                batchsql_active_connections{database=\"sqlite3\"} 0\n\
                # TYPE batchsql_current_rps gauge\n\
                batchsql_current_rps{database=\"mysql\",test_name=\"batch_insert\"} 0\n\
                batchsql_current_rps{database=\"sqlite3\",test_name=\"nightly\"} 0\n\
                # TYPE batchsql_records_processed_total counter\n\
                batchsql_records_processed_total{database=\"mysql\",status=\"processed\",test_name=\"batch_insert\"} 0\n\
                batchsql_records_processed_total{database=\"sqlite3\",status=\"processed\",test_name=\"nightly\"} 5\n\
                # TYPE batchsql_batch_process_duration_seconds summary\n";
    let leak: String = (0..20)
        .map(|size| {
            format!("batchsql_batch_process_duration_seconds_count{{database=\"sqlite3\",batch_size=\"{size}\"}} 1\n")
        })
        .collect();
    let application = Application::with_page((page.to_owned() + &leak).into_bytes());
    let marked = |more: &str, told: &str| {
        let stage = Stage::new(&block("etl", &application, more));
        assert_eq!(collected(&application, &stage, START), ended(0, "", told));
        stage.rows("SELECT database, test_name, idle FROM batch_snapshots ORDER BY 1, 2")
    };
    let expected = "||NULL\nmysql||1\nmysql|batch_insert|1\nsqlite3||NULL\nsqlite3|nightly|NULL\n";
    assert_eq!(marked("", ""), expected);
    // Those that count all the same are told apart.
    assert_eq!(marked("include_idle = true", ""), expected.replace("|1\n", "|2\n"));
    let told = "warning: etl: http://127.0.0.1:18080/metrics: 26 series are more than `max_series` (20); left out: \
                `batchsql_batch_process_duration_seconds` (20 series; the label `batch_size` has 20 values)\n";
    assert_eq!(marked("max_series = 20", told), expected);
}
