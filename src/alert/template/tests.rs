use super::*;

fn expand(text: &str) -> String {
    expand_with(text, 0.25)
}

fn expand_with(text: &str, value: f64) -> String {
    let labels = Labels::of([("instance", "fe1.example.com:8030"), ("trick", "{{ $value }} {a} <b>"), ("x", "7")]);
    let query = |text: &str| match text {
        "none" => Ok(Vec::new()),
        "up" => Ok([("b", 2.0), ("a", 1.0)]
            .map(|(name, value)| Element { name: Some("up".into()), labels: Labels::of([("job", name)]), at: 0, value })
            .to_vec()),
        other => Err(format!("no {other}")),
    };
    let fill = |name: &str| (name == "disk").then(|| "91%".to_owned());
    let context = Context {
        labels: &labels,
        external_labels: &Labels::of([("region", "north")]),
        external_url: "http://example.com/stellar",
        value,
        at: 1_500,
        query: &query,
        fill: Some(&fill),
        effort: &Effort::default(),
    };
    let told = |error| format!("<error expanding template: {error}>");
    Template::with_braces(text).expand(&context).unwrap_or_else(told)
}

fn compare(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(expand(text), *expected, "{text}");
    }
}

#[test]
fn what_a_label_says_stays_text() {
    compare(&[
        ("{{ $labels.trick }}", "{{ $value }} {a} <b>"),
        ("{{ .Labels.trick | safeHtml }}", "{{ $value }} {a} <b>"),
        ("{disk}: {{ $labels.trick }} {nothing} {Disk} {}", "91%: {{ $value }} {a} <b> {nothing} {Disk} {}"),
    ]);
}

#[test]
fn a_label_that_is_not_there_is_empty() {
    compare(&[("[{{ $labels.none }}{{ .Labels.none }}{{ index $labels \"none\" }}]", "[]")]);
}

#[test]
fn what_is_no_template_is_told_with_its_place_and_a_repair() {
    let fault = |text: &str| {
        let template = Template::parse(text);
        let fault = template.fault().unwrap_or_else(|| panic!("{text} has a fault"));
        format!("{}: {}", fault.offset, fault.reason)
    };
    let cases = [
        (
            "memory {{ $value | humanizeBytes }}",
            "19: the function `humanizeBytes` is not defined; write `{{ … | humanize1024 }}B`",
        ),
        ("{{ $value | humanise }}", "12: the function `humanise` is not defined; did you mean `humanize`?"),
        ("{{ $lables.x }}", "3: the variable `$lables` is not defined; did you mean `$labels`?"),
        ("a {{ $value", "2: `{{` is never closed; write `}}` behind it"),
        ("{{ }}", "3: there is nothing between `{{` and `}}`"),
        ("{{ if $value }}x", "3: `if` is never ended; write {{ end }}"),
        ("x{{ end }}", "4: `end` without an `if`, `range` or `with`"),
        ("{{ printf \"%d }}", "10: a quoted text is never closed"),
        ("{{ template \"x\" }}", "12: the template \"x\" is not defined"),
        ("{{ 1 | 2 }}", "7: what stands behind `|` has to be a function"),
        ("{{ $value > 5 }}", "10: `>` has no meaning between `{{` and `}}`"),
        ("{{ break }}", "3: `break` outside of a `range`"),
        ("{{ 'ab' }}", "3: one letter belongs between single quotes; put texts into double ones"),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn a_mistaken_function_is_repaired_where_the_rest_is_right() {
    let repaired = |text: &str| Template::parse(text).repaired();
    let cases = [
        ("{{ $value | humanizeBytes }} used", Some("{{ $value | humanize1024 }}B used")),
        (
            "{{ humanizeBytes $value }}/{{ upper $labels.x }}",
            Some("{{ humanize1024 $value }}B/{{ toUpper $labels.x }}"),
        ),
        ("{{ $value | myHumanizeBytes }}", None),
        ("{{ $value | humanizeBytes }", None),
        ("{{ $value | humanize }}", None),
    ];
    for (text, expected) in cases {
        assert_eq!(repaired(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_expanded_says_so_in_its_place() {
    compare(&[
        (
            "{{ if gt $value 1 }}x{{ end }}",
            "<error expanding template: `gt`: only values of one kind can be compared, and `$value` is a fraction: write `1.0` for a number and quotes for a text>",
        ),
        (
            "{{ query \"none\" | first }}",
            "<error expanding template: `first`: the query gave nothing; put {{ with query … }} around it>",
        ),
        ("{{ query \"broken\" }}", "<error expanding template: `query`: no broken>"),
        (
            "{{ .Nothing }}",
            "<error expanding template: there is no `.Nothing`; there are `.Labels`, `.Value`, `.ExternalLabels` and `.ExternalURL`>",
        ),
        ("{{ humanize \"x\" }}", "<error expanding template: `humanize`: \"x\" is not a number>"),
    ]);
}

#[test]
fn a_template_that_never_ends_is_ended() {
    let told = "<error expanding template: the template writes or turns too much>";
    compare(&[
        ("{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}x{{ end }}{{ end }}{{ end }}", told),
        (
            "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
            "<error expanding template: templates call each other too deep>",
        ),
    ]);
    let deep = "{{ if true }}".repeat(5_000) + &"{{ end }}".repeat(5_000);
    assert!(Template::parse(&deep).fault().is_some());
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(Template::parse(&deep).fault().is_some());
}

#[test]
fn a_template_tells_what_it_reads() {
    let template = Template::with_braces(
        "{disk} {{ $labels.a }}{{ with $labels.b }}{{ .Labels.c }}{{ end }}{{ index .Labels \"d\" }} {instance} {a>0} \
         {{ range query (printf \"up{x=%q}\" .Labels.e) }}{{ end }}{{ \"b\" | query | first }}",
    );
    let label = |name: &str| Use::Label(name.to_owned());
    let brace = |name: &str| Use::Brace(name.to_owned());
    let query = |text: &str| Use::Query(text.to_owned());
    let names = [brace("disk"), label("a"), label("b"), label("d"), brace("instance")];
    assert_eq!(template.uses(), [&names[..], &[query("up{x=%q}"), label("e"), query("b")]].concat());
}

#[test]
fn times_can_be_asked_for_what_they_are() {
    compare(&[
        ("{{ toTime 1.5 }}", "1970-01-01 00:00:01.5 +0000 UTC"),
        ("{{ (toTime 1444060400).Format \"2006-01-02 15:04:05 Mon Jan _2\" }}", "2015-10-05 15:53:20 Mon Oct  5"),
        ("{{ (1444060400 | toTime).Year }}", "2015"),
        ("{{ now | toTime }}", "1970-01-01 00:00:01.5 +0000 UTC"),
    ]);
}

#[test]
fn texts_that_double_and_arguments_within_arguments_are_ended() {
    let told = "<error expanding template: the template writes or turns too much>";
    compare(&[
        ("{{ $x := \"xx\" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}", told),
        ("{{ range 900000 }}{{ range 900000 }}{{ end }}{{ end }}", told),
        (
            "{{ $x := 1 }}{{ range 9 }}{{ $x = args $x $x }}{{ end }}",
            "<error expanding template: `args`: arguments nest too deep>",
        ),
        ("{{ $x := args 1 2 }}{{ (args $x 3).arg0.arg1 }}", "2"),
        ("{{ reReplaceAll \"\" \"-\" \"ab\" }} {{ reReplaceAll \"a(.)\" \"$1$1\" \"xabac\" }}", "-a-b- xbbcc"),
    ]);
}
