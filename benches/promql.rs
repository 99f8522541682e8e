//! The evaluator as a collection uses it: every expression parsed once, then evaluated over one collection's samples.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stellar::promql::{Expression, Selector, Source, Window, evaluate};
use stellar::sample::{Labels, Millis, Point, Series, Text};

/// Each series with its previous and its present point.
struct Memory(HashMap<Text, Vec<Series>>);

impl Source for Memory {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let mut selected = Vec::new();
        self.visit(selector, at, &mut |name, labels, points| {
            selected.push(Series { name: name.clone(), labels: labels.clone(), points: points.to_vec() });
        });
        selected
    }

    fn visit(&self, selector: &Selector, _at: Millis, show: &mut dyn FnMut(&Text, &Labels, &[Point])) {
        let family = selector.name.as_ref().and_then(|name| self.0.get(name)).map_or(&[][..], Vec::as_slice);
        for series in family.iter().filter(|series| selector.accepts(&series.labels)) {
            let points = match selector.window {
                Window::Instant => &series.points[1..],
                Window::Interval | Window::Range(_) => &series.points,
            };
            show(&series.name, &series.labels, points);
        }
    }
}

/// 1,000 series of `x` on 20 instances, and `role` once an instance.
fn memory() -> Memory {
    let points = |value: f64| vec![Point { at: 1_000_000, value }, Point { at: 1_030_000, value: value * 1.01 }];
    let instances: Vec<Text> = (0..20).map(|host| format!("10.20.0.{host}:8040").into()).collect();
    let disks: Vec<Text> = (0..50).map(|disk| format!("/data{disk}").into()).collect();
    let label = |name: &str, value: &Text| (Text::from(name), value.clone());
    let mut x = Vec::new();
    let mut role = Vec::new();
    for (host, instance) in instances.iter().enumerate() {
        for (number, disk) in disks.iter().enumerate() {
            let job = Text::from("be");
            let labels = Labels::new([label("instance", instance), label("job", &job), label("path", disk)]);
            x.push(Series { name: "x".into(), labels, points: points((host * number) as f64) });
        }
        let present = Point { at: 1_030_000, value: f64::from(u8::from(host == 0)) };
        let labels = Labels::new([label("instance", instance)]);
        role.push(Series { name: "role".into(), labels, points: vec![present, present] });
    }
    Memory(HashMap::from([("x".into(), x), ("role".into(), role)]))
}

fn promql(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("promql");
    let typical = r#"max(latency{quantile="0.95"} and on(instance) increase(latency_count[$__interval]) > 0) / 1000"#;
    group.bench_function("parse", |bencher| bencher.iter(|| Expression::parse(black_box(typical)).unwrap()));
    let source = memory();
    for (name, text) in [
        ("select", "x"),
        ("one of 1000 by matcher", r#"x{instance="10.20.0.3:8040", path="/data7"}"#),
        ("filter by regex", r#"x{path=~"/data[0-9]"}"#),
        ("sum of rates", "sum(rate(x[$__interval]))"),
        ("max and on instance", "max(x and on(instance) role == 1)"),
        ("sum by instance", "sum by (instance) (x)"),
        ("ratio", "x / on(instance) group_left() sum by (instance) (x)"),
    ] {
        let expression = Expression::parse(text).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| evaluate(black_box(&expression), &source, 1_030_000).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, promql);
criterion_main!(benches);
