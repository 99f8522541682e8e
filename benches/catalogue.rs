//! The whole catalogue: read at every start, then evaluated over a cluster of 3 frontends and 10 backends.

mod harvest;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stellar::catalogue::Catalogue;
use stellar::catalogue::collection::Collection;
use stellar::catalogue::evaluate::evaluate;
use stellar::collect::nodes;
use stellar::sample::{Point, Series};
use stellar::settings::Kind;

fn catalogue(criterion: &mut Criterion) {
    let collected = harvest::collected().unwrap_or_else(|error| panic!("{error:#}"));
    let harvest::Collected { settings, catalogue, first, second } = &collected;
    let past: Vec<Series> = first
        .scrapes
        .iter()
        .flat_map(|scrape| scrape.samples.iter().map(|sample| (scrape.at, sample)))
        .filter(|(_, sample)| catalogue.uses(Kind::Cluster).remembers(&sample.name, &sample.labels))
        .map(|(at, sample)| Series {
            name: sample.name.clone(),
            labels: sample.labels.clone(),
            points: vec![Point { at, value: sample.value }],
        })
        .collect();
    let samples: usize = second.scrapes.iter().map(|scrape| scrape.samples.len()).sum();
    println!("{} metrics, {samples} samples, {} of them with a past", catalogue.metrics().len(), past.len());

    let mut group = criterion.benchmark_group("catalogue");
    group.bench_function("load", |bencher| bencher.iter(|| Catalogue::load(black_box(settings))));
    group.bench_function("collection", |bencher| {
        bencher.iter(|| Collection::new(black_box(&second.scrapes), past.clone()));
    });
    let collection = Collection::new(&second.scrapes, past.clone());
    group.bench_function("evaluate", |bencher| {
        bencher.iter(|| {
            evaluate(black_box(catalogue), &collection, harvest::AT, &|labels| nodes::name(&second.nodes, labels))
        });
    });
    group.finish();
}

criterion_group!(benches, catalogue);
criterion_main!(benches);
