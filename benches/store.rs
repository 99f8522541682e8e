//! The database when it holds a day of 20 clusters of 13 nodes already: one more run of all of them written, the newest
//! rows read back for a report, and what runs remember of each other.

#[allow(dead_code, reason = "the settings are for others")]
mod harvest;
mod history;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rusqlite::Connection;
use stellar::catalogue::collection::Collection;
use stellar::catalogue::evaluate::evaluate;
use stellar::catalogue::{Catalogue, Figures};
use stellar::collect::{Harvest, nodes};
use stellar::sample::Millis;
use stellar::settings::Kind;
use stellar::store::memory::{self, Layouts, TargetMemory};
use stellar::store::write::TargetRun;
use stellar::store::{Store, open_read_only, read};

const INTERVAL: Duration = Duration::from_secs(30);
const SLOTS_OF_A_DAY: u32 = 2880;
const OLDEST: Millis = 0;

fn figures(catalogue: &Catalogue, harvest: &Harvest, memory: &TargetMemory) -> Figures {
    let collection = Collection::new(&harvest.scrapes, memory.series());
    Figures::Cluster(evaluate(catalogue, &collection, harvest::AT, &|labels| nodes::name(&harvest.nodes, labels)))
}

fn remembered(store: &Store, names: &[String]) -> Vec<TargetMemory> {
    let mut layouts = Layouts::new();
    let memory = |name| store.remember(name, OLDEST, &mut layouts).unwrap_or_else(|error| panic!("{error}")).0;
    names.iter().map(String::as_str).map(memory).collect()
}

fn runs<'r>(
    names: &'r [String],
    harvest: &'r Harvest,
    figures: &'r Figures,
    memories: &'r [TargetMemory],
) -> Vec<TargetRun<'r>> {
    static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();
    let run = |(name, memory): (&'r String, _)| TargetRun {
        name,
        kind: Kind::Cluster,
        environment: None,
        interval: INTERVAL,
        include_idle: false,
        labels: &NO_LABELS,
        harvest,
        figures,
        memory,
    };
    names.iter().zip(memories).map(run).collect()
}

fn store(criterion: &mut Criterion) {
    let collected = harvest::collected().unwrap_or_else(|error| panic!("{error:#}"));
    let harvest::Collected { catalogue, first, second, .. } = &collected;
    let names: Vec<String> = (0..20).map(|number| format!("cluster-{number:02}")).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stellar.db");
    let mut store = Store::open(&path, catalogue).unwrap();
    let mut at = harvest::AT;
    let mut write = |store: &mut Store, runs: &[TargetRun]| {
        at += 30_000;
        store.write_run(at, INTERVAL, runs, catalogue, OLDEST).unwrap_or_else(|error| panic!("{error}"))
    };
    // What the first run leaves is what the second one reads: rates need both.
    let nothing: Vec<TargetMemory> = names.iter().map(|_| TargetMemory::default()).collect();
    write(&mut store, &runs(&names, first, &figures(catalogue, first, &nothing[0]), &nothing));
    let memories = remembered(&store, &names);
    let second_figures = figures(catalogue, second, &memories[0]);
    let runs = runs(&names, second, &second_figures, &memories);
    write(&mut store, &runs);
    history::lengthen(&path, SLOTS_OF_A_DAY).unwrap();

    let mut group = criterion.benchmark_group("store");
    group.sample_size(20);
    group.bench_function("write a run of 20 clusters", |bencher| bencher.iter(|| write(&mut store, black_box(&runs))));
    group.bench_function("open", |bencher| bencher.iter(|| Store::open(black_box(&path), catalogue)));
    group.bench_function("read the newest rows of 20 clusters", |bencher| {
        let connection = open_read_only(&path).unwrap();
        bencher.iter(|| read::latest(black_box(&connection), catalogue).unwrap());
    });
    group.bench_function("remember 20 clusters", |bencher| {
        bencher.iter(|| remembered(black_box(&store), &names));
    });
    group.bench_function("save what to remember of a cluster", |bencher| {
        let mut connection = Connection::open(&path).unwrap();
        bencher.iter(|| {
            let transaction = connection.transaction().unwrap();
            memory::save(
                &transaction,
                1,
                black_box(&second.scrapes),
                &memories[0],
                catalogue.uses(Kind::Cluster),
                OLDEST,
            )
            .unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
