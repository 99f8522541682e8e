//! Rules against promtool: the same verdict on every file of unit tests, and the same text from every template.

#[path = "common/peers.rs"]
mod peers;

use std::fs;
use std::path::Path;
use std::process::Command;

use stellar::alert::template::{Context, Effort, Template};
use stellar::alert::unit;
use stellar::promql::Element;
use stellar::sample::Labels;

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/unit");

/// Whether promtool passes the file, and what it says.
fn promtool(program: &Path, file: &Path) -> (bool, String) {
    let output = Command::new(program).args(["test", "rules"]).arg(file).output().expect("promtool starts");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.success(), said.concat())
}

#[test]
fn a_file_of_unit_tests_has_the_verdict_of_promtool() {
    let Some(program) = peers::peer("promtool") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let tests = |body: &str| format!("rule_files: [{UNIT}/rules.yml]\nevaluation_interval: 1m\ntests:\n{body}");
    // Gaps are shorter than the lookback, at whose end promtool 2 sees a sample that promtool 3 and we do not.
    // The times at which an alert may be looked at for the first time, and the notation of series.
    let mut cases: Vec<(String, String)> = Vec::new();
    let down = |values: &str, at: &str, alert: &str, count: usize| {
        let labels = "{exp_labels: {job: b, instance: y}}";
        let alerts = vec![labels; count].join(", ");
        let series = format!(
            "- interval: 1m\n  input_series: [{{series: 'up{{job=\"b\", instance=\"y\"}}', values: '{values}'}}]\n"
        );
        tests(&format!(
            "{series}  alert_rule_test: [{{eval_time: {at}, alertname: {alert}, exp_alerts: [{alerts}]}}]\n"
        ))
    };
    for values in ["0x10", "0 1x10", "0 _x3 1x5", "0 stale", "1-1x3", "0 0 1 1 0 1x9", "NaN 0 Inf", "0x2 _x2 1x4"] {
        for at in ["0s", "59s", "1m", "2m", "3m", "4m", "5m", "6m30s", "7m", "8m"] {
            for count in [0, 1] {
                let text = down(values, at, "Kept", count);
                cases.push((format!("{values} at {at}, {count}"), text));
            }
        }
    }
    let (mut passed, mut failed) = (0, 0);
    for (name, text) in &cases {
        let path = folder.path().join("t.yml");
        fs::write(&path, text).expect("a file");
        let ours = unit::run(&path).expect("a file that can be read");
        assert!(ours.faults.is_empty(), "{name}: {:?}", ours.faults);
        let (theirs, said) = promtool(&program, &path);
        assert_eq!(ours.failures.is_empty(), theirs, "{name}: {:?}\n{said}", ours.failures);
        if theirs { passed += 1 } else { failed += 1 }
    }
    // A file cannot pass with none and with one; most pass with one of the two.
    assert!(passed > 60 && failed > 60, "{passed} passed, {failed} failed");
    for name in ["good.yml", "bad.yml", "same.yml"] {
        let path = Path::new(UNIT).join(name);
        let ours = unit::run(&path).expect("a file that can be read");
        let (theirs, said) = promtool(&program, &path);
        assert_eq!((ours.failures.is_empty(), ours.faults.len()), (name == "good.yml", 0), "{name}");
        assert_eq!(theirs, name == "good.yml", "{name}\n{said}");
    }
}

/// Texts that promtool is asked for as well; its series come in any order, so they are sorted. What it cannot expand is not here: the words of the errors are ours.
const TEMPLATES: &[&str] = &[
    "plain { text } {{ \"{{\" }}",
    "{{ $labels.instance }} {{ .Labels.instance }} {{ $labels.nothing }}|{{ index $labels \"instance\" }}",
    "{{ $labels.trick }}",
    "{{ $labels }}",
    "{{ $value }} {{ .Value }} {{ printf \"%v %g\" $value $value }}",
    "{{ $externalLabels.region }} {{ .ExternalLabels.region }}",
    "{{ printf \"%.2f|%8.3f|%-8.1f|%08.2f|%+.1f|%e|%.3e|%G\" $value $value $value $value $value $value $value $value }}",
    "{{ printf \"%s|%10s|%-10s|%.3s|%q|%x\" \"text\" \"text\" \"text\" \"text\" \"a \\\"b\\\"\\n\" \"hex\" }}",
    "{{ printf \"%d|%5d|%-5d|%05d|%x|%X|%o|%b|%c|%+d|% d\" 42 42 42 42 255 255 8 5 65 7 7 }}",
    "{{ printf \"%d\" $value }} {{ printf \"%s\" 5 }} {{ printf \"%d %d\" 1 }} {{ printf \"%d\" 1 2 }} {{ printf \"%\" }} {{ printf \"%z\" 1 }}",
    "{{ printf \"%t %v %T\" true false \"x\" }} {{ printf \"%*d|%.*f\" 6 42 1 2.55 }} {{ printf \"100%%\" }}",
    "{{ print 1 2 \"a\" \"b\" 3 true }} {{ println \"x\" 1 }}",
    "{{ humanize 0.0 }} {{ humanize 1.0 }} {{ humanize 1234567.0 }} {{ humanize 0.12 }} {{ humanize 1e-9 }} {{ humanize -1234.5 }} {{ humanize 1e27 }} {{ humanize \"123456\" }} {{ humanize 999.95 }} {{ humanize 12345.0 }}",
    "{{ humanize1024 0.0 }} {{ humanize1024 1.0 }} {{ humanize1024 1048576.0 }} {{ humanize1024 0.12 }} {{ humanize1024 1e30 }} {{ humanize1024 -4096.0 }} {{ humanize1024 1073741825.0 }}",
    "{{ humanizeDuration 0.0 }}|{{ humanizeDuration 1.0 }}|{{ humanizeDuration 60.0 }}|{{ humanizeDuration 3661.0 }}|{{ humanizeDuration 90061.0 }}|{{ humanizeDuration -90061.5 }}|{{ humanizeDuration 0.1 }}|{{ humanizeDuration 0.0001 }}|{{ humanizeDuration 12.3456 }}|{{ humanizeDuration 899.99 }}",
    "{{ humanizePercentage -0.22222 }} {{ humanizePercentage 0.1234567 }} {{ humanizePercentage 1.23456 }} {{ humanizePercentage 0.0 }} {{ \"0.5\" | humanizePercentage }}",
    "{{ humanizeTimestamp 0.0 }} {{ humanizeTimestamp 1435065584.128 }} {{ 1435065584.5 | humanizeTimestamp }} {{ -1.0 | humanizeTimestamp }}",
    "{{ query \"no_number\" | first | value | humanize }} {{ query \"endless\" | first | value | humanizeDuration }} {{ query \"endless\" | first | value | humanizePercentage }} {{ query \"no_number\" | first | value | humanizeTimestamp }} {{ query \"endless\" | first | value | humanize1024 }}",
    "{{ (toTime 1435065584.0).Format \"2006-01-02T15:04:05Z07:00\" }} {{ (toTime 0.0).Year }} {{ (1435065584.0 | toTime).Unix }}",
    "{{ title \"aa bb CC x-y\" }} {{ toUpper \"aé\" }} {{ toLower \"AÉ\" }} {{ \"abc\" | toUpper | toLower | title }}",
    "{{ match \"a+\" \"aa\" }} {{ match \"^b\" \"aa\" }} {{ reReplaceAll \"(a)b\" \"x$1${1}y\" \"ab ab\" }} {{ reReplaceAll `[.:]\\d+` \"\" $labels.instance }}",
    "{{ stripPort \"h.example.com:80\" }} {{ stripPort \"h\" }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"::1\" }} {{ stripPort \"a:b:c\" }}",
    "{{ stripDomain \"h.example.com:80\" }} {{ stripDomain \"h.example.com\" }} {{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"[::1]:80\" }} {{ stripDomain \"h\" }}",
    "{{ graphLink \"up{a=\\\"b\\\"} + 1\" }} {{ tableLink \"sum(up)\" }}",
    "{{ parseDuration \"1h30m\" }} {{ parseDuration \"0s\" }} {{ parseDuration \"1d\" | humanizeDuration }}",
    "{{ with query \"up\" | sortByLabel \"rank\" }}{{ . | first | label \"instance\" }} {{ . | first | value }}{{ end }}",
    "{{ range query \"up\" | sortByLabel \"rank\" }}{{ .Labels.instance }}={{ .Value }};{{ end }}",
    "{{ range $i, $e := query \"up\" | sortByLabel \"instance\" }}{{ $i }}:{{ $e.Labels.instance }} {{ end }}{{ query \"up\" | len }}",
    "{{ with query \"none\" }}some{{ else }}none{{ end }}{{ range query \"none\" }}x{{ else }}empty{{ end }}",
    "{{ with query \"vector(5)\" }}{{ first . | value }}{{ end }} {{ query \"time()\" | first | value }} {{ query \"up\" | sortByLabel \"instance\" | first | strvalue }}|",
    "{{ if eq $labels.job \"a\" }}is a{{ else if eq $labels.job \"b\" }}is b{{ else }}other{{ end }} {{ if and (gt $value 0.1) (lt $value 1.0) }}between{{ end }}",
    "{{ if not (or false 0 \"\") }}none{{ end }} {{ and 1 2 }} {{ or 0 \"x\" }} {{ ne 1 2 }} {{ le 1 1 }} {{ ge \"b\" \"a\" }} {{ eq 1 2 3 1 }} {{ lt 1.5 2.5 }}",
    "{{ $x := 5 }}{{ $x }}{{ if true }}{{ $x = 6 }}{{ $y := 7 }}{{ $y }}{{ end }}{{ $x }}",
    "{{ range $name, $value := $labels }}[{{ $name }}={{ $value }}]{{ end }}",
    "{{- \" a \" -}}  x  {{- /* a comment */ -}}  y  {{ \"b\" -}}  ",
    "{{ define \"part\" }}<{{ . }}>{{ end }}{{ template \"part\" $value }}{{ template \"part\" \"x\" }}",
    "{{ block \"other\" 5 }}[{{ . }}]{{ end }}",
    "{{ with $labels.job }}{{ . }} {{ $.Labels.instance }}{{ end }}{{ with $labels.nothing }}x{{ else }}nothing{{ end }}",
    "{{ len $labels.job }} {{ len $labels }} {{ slice \"abcdef\" 1 3 }} {{ index \"abc\" 1 }}",
    "{{ html \"<a href='x'>&\\\"\" }} {{ js \"it's \\\"<>&=\" }} {{ urlquery \"a b&c/ü\" }} {{ safeHtml \"<b>\" }}",
    "{{ (args 1 \"two\" 3.5).arg1 }} {{ args 1 \"two\" }} {{ with args 1 2 }}{{ .arg0 }}{{ .arg7 }}{{ end }}",
    "{{ 1e6 }} {{ 1000000.0 }} {{ 123456789.0 }} {{ 100000.0 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e21 }} {{ 0x1F }} {{ 017 }} {{ 0b11 }} {{ 'a' }} {{ 1_000 }} {{ -5 }} {{ +3.50 }}",
    "{{ range $i, $e := query \"up\" | sortByLabel \"instance\" }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ .Value }},{{ end }}",
    "{{ range query \"up\" | sortByLabel \"instance\" }}{{ if eq .Labels.instance \"x\" }}{{ continue }}{{ end }}{{ .Value }},{{ end }}",
    "{{ true }} {{ not nil }} {{ `raw \\n {{ }}` }} {{ \"tab\\tnew\\u00e9\" }} {{ \"a\" | printf \"%s-%s\" \"b\" }}",
    "{{ printf \"%6.2f%%\" 12.345 }} {{ printf \"%v\" $labels.job }} {{ printf \"%s\" $labels }} {{ printf \"%q\" `back` }}",
    "多{{ $labels.job }}字节 é",
];

#[test]
fn a_template_gives_what_it_gives_in_prometheus() {
    let Some(program) = peers::peer("promtool") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let instance = |name: &str, value: f64| Element {
        name: Some("up".into()),
        labels: Labels::of([("instance", name), ("job", "b"), ("rank", if name == "x" { "2" } else { "1" })]),
        at: 0,
        value,
    };
    let alone = |value: f64| Element { name: None, labels: Labels::empty(), at: 0, value };
    let query = |text: &str| {
        Ok(match text {
            "up" => vec![instance("x", 1.0), instance("y", 2.0)],
            "vector(5)" => vec![alone(5.0)],
            "time()" => vec![alone(0.0)],
            "no_number" => vec![alone(f64::NAN)],
            "endless" => vec![alone(f64::INFINITY)],
            _ => Vec::new(),
        })
    };
    let labels = Labels::of([
        ("__name__", "ratio"),
        ("instance", "fe1.example.com:8030"),
        ("job", "b"),
        ("trick", "{{ $value }} <b>"),
    ]);
    let context = Context {
        labels: &labels,
        external_labels: &Labels::of([("region", "north")]),
        external_url: "",
        value: 0.256,
        at: 0,
        query: &query,
        fill: None,
        effort: &Effort::default(),
    };
    let json = |text: &str| serde_json::to_string(text).expect("JSON");
    let (mut rules, mut expected) = (String::new(), String::new());
    for (number, template) in TEMPLATES.iter().enumerate() {
        let text = Template::parse(template).expand(&context).unwrap_or_else(|error| panic!("{template}: {error}"));
        rules += &format!("  - {{alert: T{number}, expr: ratio > 0, annotations: {{text: {}}}}}\n", json(template));
        expected += &format!(
            "  - {{eval_time: 0s, alertname: T{number}, exp_alerts: [{{exp_labels: {{instance: 'fe1.example.com:8030', \
             job: b, trick: '{{{{ $value }}}} <b>'}}, exp_annotations: {{text: {}}}}}]}}\n",
            json(&text)
        );
    }
    let series = "[{series: 'up{instance=\"x\", job=\"b\", rank=\"2\"}', values: 1}, {series: 'up{instance=\"y\", job=\"b\", rank=\"1\"}', values: 2}, \
                  {series: no_number, values: NaN}, {series: endless, values: Inf}, \
                  {series: 'ratio{instance=\"fe1.example.com:8030\", job=\"b\", trick=\"{{ $value }} <b>\"}', values: 0.256}]";
    fs::write(folder.path().join("rules.yml"), format!("groups:\n- name: g\n  rules:\n{rules}")).expect("rules");
    let tests = format!(
        "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  external_labels: {{region: north}}\n  input_series: {series}\n  alert_rule_test:\n{expected}"
    );
    let path = folder.path().join("tests.yml");
    fs::write(&path, tests).expect("tests");
    let (passed, said) = promtool(&program, &path);
    assert!(passed, "{said}");
    // The same way round: what promtool takes is what our own tests of rules say.
    let ours = unit::run(&path).expect("a file that can be read");
    assert!(ours.faults.is_empty() && ours.failures.is_empty(), "{:?} {:?}", ours.faults, ours.failures);
}

/// What no template is, for promtool and for us.
#[test]
fn what_prometheus_refuses_is_refused() {
    let Some(program) = peers::peer("promtool") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let refused = [
        "{{ $value | humanizeBytes }}",
        "{{ $lables.x }}",
        "{{ if $value }}",
        "{{ end }}",
        "{{ }}",
        "{{ $value",
        "{{ \"x }}",
        "{{ 1 | 2 }}",
        "{{ $value > 5 }}",
        "{{ break }}",
        "{{ range $a, $b, $c := $labels }}{{ end }}",
        "{{ (1 }}",
        "{{ 1) }}",
        "{{ \"\\q\" }}",
        "{{ 'ab' }}",
        "{{ 0x }}",
        "{{ if }}{{ end }}",
        "{{ else }}",
        "{{ if 1 }}{{ else }}{{ else }}{{ end }}",
        "{{ /* open }}",
        "{{ \"a\"\"b\" }}",
        "{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}",
    ];
    for text in refused {
        let path = folder.path().join("rules.yml");
        let json = serde_json::to_string(text).expect("JSON");
        let rule = format!("groups:\n- name: g\n  rules:\n  - {{alert: A, expr: up, annotations: {{text: {json}}}}}\n");
        fs::write(&path, rule).expect("a file");
        let output = Command::new(&program).args(["check", "rules"]).arg(&path).output().expect("promtool starts");
        assert!(!output.status.success(), "promtool takes {text}");
        assert!(Template::parse(text).fault().is_some(), "{text} has no fault");
    }
}
