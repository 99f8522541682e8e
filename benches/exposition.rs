//! What a page costs, beside the cheapest thing that can be done with it: counting its line breaks.

mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stellar::catalogue::Catalogue;
use stellar::exposition::{Format, Wanted, parse, parse_filtered};
use stellar::settings::{Kind, Settings};

fn exposition(criterion: &mut Criterion) {
    let catalogue = Catalogue::load(&Settings::default()).unwrap_or_else(|faults| panic!("{} faults", faults.len()));
    let some = catalogue.uses(Kind::Cluster).wanted();
    let all = Wanted::everything();
    for (label, page) in pages::benched() {
        let page = page.as_bytes();
        // As in a collection: names that are wanted, and of these what an expression reads.
        let read_some = || {
            let readers = catalogue.uses(Kind::Cluster).readers();
            parse_filtered(black_box(page), Format::Prometheus, some, |name, labels| {
                readers.read(name, |label| labels.iter().find(|(own, _)| *own == label).map_or("", |(_, value)| value))
            })
        };
        let read_all = || parse(black_box(page), Format::Prometheus, &all);
        let (samples, kept) = (read_all().report.samples, read_some().readings.len());
        println!("{label}: {} KB, {samples} samples, {kept} of them wanted", page.len() / 1000);
        let mut group = criterion.benchmark_group(label);
        // Elements are sample lines: a thousand divided by the figure in Melem/s is nanoseconds a line.
        group.throughput(Throughput::Elements(samples));
        group.bench_function("line breaks", |bencher| {
            bencher.iter(|| memchr::memchr_iter(b'\n', black_box(page)).count());
        });
        group.bench_function("wanted names", |bencher| bencher.iter(read_some));
        group.bench_function("every name", |bencher| bencher.iter(read_all));
        group.finish();
    }
}

criterion_group!(benches, exposition);
criterion_main!(benches);
