use std::path::{Path, PathBuf};

use super::super::rule::SUMMARY;
use super::*;

fn told(rules: &Rules) -> String {
    let findings = rules.findings.iter().map(|finding| {
        let RuleFault { alert, fault, kind } = finding;
        format!("{kind:?} {}: {fault}\n", alert.as_deref().unwrap_or("-"))
    });
    findings.collect()
}

fn names(rules: &Rules) -> Vec<&str> {
    rules.rules.iter().map(|rule| rule.id.as_str()).collect()
}

/// Against `tests/rules/NAME`, which `STELLAR_SNAPSHOTS=write` writes.
fn compare(name: &str, text: &str) {
    let path = Path::new("tests/rules").join(name);
    #[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
    let writes = std::env::var_os("STELLAR_SNAPSHOTS").is_some_and(|word| word == "write");
    if writes {
        std::fs::write(&path, text).expect("a file that can be written");
    }
    assert_eq!(text, std::fs::read_to_string(&path).expect("what is expected"), "{name}");
}

fn file(name: &str) -> Rules {
    of_files(&[Path::new("tests/rules").join(name)])
}

#[test]
fn what_ships_has_no_fault() {
    let loaded = shipped_with(&[], &[]);
    assert_eq!(told(&loaded), "");
    let rules = loaded.rules;
    for rule in &rules {
        crate::promql::Expression::parse(rule.expression.text()).expect("PromQL");
        assert!(rule.annotation(SUMMARY).is_some(), "{} has no summary", rule.alert);
    }
    // Of each of the files that ship.
    let names = ["StarRocksLostQuorum", "BatchSQLHighErrorRate", "StellarCollectorSilent"];
    assert!(names.iter().all(|name| rules.iter().any(|rule| rule.alert == *name)));
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules.len());
}

#[test]
fn the_verbatim_file_of_the_guide_is_told_with_the_corrected_text() {
    let rules = file("guide.yml");
    let ids = ["BatchSQLLowDataIntegrity", "BatchSQLLowPerformance", "BatchSQLHighMemoryUsage"];
    assert_eq!(names(&rules), ids.map(|name| format!("batchsql_alerts/{name}")));
    compare("guide.txt", &told(&rules));
}

#[test]
fn a_bad_rule_hides_no_other() {
    let rules = file("faults.yml");
    compare("faults.txt", &told(&rules));
    assert_eq!(names(&rules), ["first/ReadsARecord", "first/Good", "first/GoodToo"]);
}

fn settings(text: &str) -> Rules {
    let document = Document::parse("config.toml", text);
    let (entries, faults) = read_rule_entries(&document);
    assert_eq!(crate::settings::fault::render(&faults), "");
    shipped_with(&entries, &[])
}

#[test]
fn a_rule_of_a_shipped_name_changes_what_it_says() {
    let before = shipped_with(&[], &[]).rules;
    let rules = settings(
        "[[rule]]\nalert = 'StarRocksDiskFull'\ndisabled = true\n
         [[rule]]\nalert = 'StarRocksDiskFilling'\nfor = '10m'\nlabels.team = 'dba'\n
         [[rule.target]]\ncluster = 'shop'\nexpr = 'stellar_disk_used_ratio_max > 0.5'\n
         [[rule.target]]\napplication = 'etl'\ndisabled = true\n
         [[rule]]\nalert = 'Mine'\nexpr = 'stellar_backends < 3'\n",
    );
    assert_eq!(told(&rules), "");
    let find = |id: &str| rules.rules.iter().find(|rule| rule.id == id).unwrap_or_else(|| panic!("{id}"));
    assert!(!find("StarRocksDiskFull").enabled);
    let (all, shop, etl) =
        (find("StarRocksDiskFilling"), find("StarRocksDiskFilling@shop"), find("StarRocksDiskFilling@etl"));
    let shown = |rule: &Rule| {
        let labels: Vec<String> =
            rule.labels.iter().map(|(name, template)| format!("{name}={}", template.text())).collect();
        (rule.expression.text().to_owned(), rule.hold.as_secs(), labels.join(","), rule.enabled, rule.origin)
    };
    let labels = "severity=warning,team=dba".to_owned();
    let ours = "stellar_disk_used_ratio_max > 0.85 <= 0.95".to_owned();
    assert_eq!(shown(all), (ours.clone(), 600, labels.clone(), true, Origin::Shipped));
    let own = "stellar_disk_used_ratio_max > 0.5".to_owned();
    assert_eq!(shown(shop), (own, 600, labels.clone(), true, Origin::Shipped));
    assert_eq!(shown(etl), (ours, 600, labels, false, Origin::Shipped));
    let cluster = |rule: &Rule, name: &str| rule.scope.covers(&crate::sample::Labels::of([("cluster", name)]));
    assert_eq!((cluster(all, "shop"), cluster(all, "ads")), (false, true));
    assert_eq!((cluster(shop, "shop"), cluster(shop, "ads")), (true, false));
    assert_eq!((find("Mine").severity.word(), find("Mine").annotation(SUMMARY).is_none()), ("warning", true));
    assert_eq!(rules.rules.len(), before.len() + 3);
}

#[test]
fn a_slip_in_a_rule_of_the_configuration_is_told_and_leaves_the_others() {
    let rules = settings(
        "[[rule]]\nalert = 'Slip'\nexpr = 'sum(a) > frob(b)'\n
         [[rule]]\nalert = 'StarRocksDiskFul'\ndisabled = true\n
         [[rule]]\nalert = 'StarRocksDiskFull'\nexpr = \"\"\"\nmax(a)\n  + rate(b)\"\"\"\n",
    );
    compare("slips.txt", &told(&rules));
    let count = shipped_with(&[], &[]).rules.len();
    assert_eq!(rules.rules.len(), count - 1);
}

#[test]
fn a_pattern_names_files_and_the_kinds_join() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("a.toml", "[[rule]]\nalert = 'A'\nexpr = 'up == 0'\n");
    write("b.toml", "[[rule]]\nalert = 'A'\nexpr = 'up == 0'\n[[rule]]\nalert = 'StarRocksDiskFull'\nfor = '1m'\n");
    write("c.yml", "groups:\n- name: g\n  rules:\n  - alert: C\n    expr: up == 0\n  - alert: C\n    expr: up > 1\n");
    write("d.yml", "groups: [");
    let at = |name: &str| folder.path().join(name);
    let paths: Vec<PathBuf> = ["*.toml", "?.yml", "none.yml", "x*"].map(at).into();
    let rules = shipped_with(&[], &paths);
    let told = told(&rules).replace(&folder.path().display().to_string(), "F");
    compare("patterns.txt", &told);
    let own: Vec<&str> =
        names(&rules).into_iter().filter(|id| !id.starts_with("St") && !id.starts_with("Ba")).collect();
    assert_eq!(own, ["A", "g/C", "g/C#2"]);
}
