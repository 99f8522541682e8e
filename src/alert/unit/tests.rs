use super::*;

fn told(name: &str) -> String {
    let outcome = run(&Path::new("tests/rules/unit").join(name)).expect("a file that can be read");
    let mut text: String = outcome.faults.iter().map(|fault| format!("{fault}\n")).collect();
    for Failure { test, what, expected, got, error } in outcome.failures {
        text += &format!("{test}: {what}: {expected:?} {got:?} {}\n", error.unwrap_or_default());
    }
    text
}

#[test]
fn what_is_as_expected_is_told_by_nothing() {
    assert_eq!(told("good.yml"), "");
}

#[test]
fn the_rules_that_ship_fire_when_they_should() {
    assert_eq!(told("shipped.yml"), "");
}

#[test]
fn what_is_not_as_expected_is_told_with_both() {
    let expected = r#"wrong annotation: alert Kept at 7m: ["{job=\"a\"}"] [] 
test 2 (line 10): alert Down at 4m59s: [] ["{instance=\"x\", job=\"a\", severity=\"page\"}"] 
test 2 (line 10): alert Down at 5m: [] ["{instance=\"x\", job=\"a\", severity=\"critical\"} others=\"1 \" summary=\"x of a is down: 0\"", "{instance=\"x\", job=\"a\", severity=\"page\"}"] 
test 2 (line 10): `up` at 1m: ["{__name__=\"up\", instance=\"x\", job=\"a\"} 1"] ["{__name__=\"up\", instance=\"x\", job=\"a\"} 0"] 
"#;
    assert_eq!(told("bad.yml"), expected);
}

#[test]
fn an_evaluation_that_fails_ends_its_test() {
    let expected = "test 1 (line 3): rule Same at 0s: [] [] two of the values give one alert, \
                    {alertname=\"Same\"}; keep a label that tells them apart\n";
    assert_eq!(told("same.yml"), expected);
}

#[test]
fn a_file_with_faults_runs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.yml");
    let text = "rule_files: [none.yml]\ntests:\n- input_series:\n  - {series: 'up[5m]', values: a}\n  evaltime: 5\n";
    std::fs::write(&path, text).expect("a file");
    let outcome = run(&path).expect("a file that can be read");
    let told: Vec<String> = outcome.faults.iter().map(|fault| fault.message.clone()).collect();
    assert_eq!((outcome.tests, outcome.failures), (0, Vec::new()));
    assert_eq!(
        told,
        [
            "`series` cannot be read: `up[5m]` is not a series; write one like `up{job=\"a\"}`: column 1: a range of samples is not a value; put a function like `rate` or `max_over_time` around it",
            "`values` cannot be read: `a` is not a value; write `1`, `_`, `stale`, `1+2x3` or `4x5`",
            "unknown key `evaltime` in a test",
        ]
    );
}
