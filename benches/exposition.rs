//! What a page costs, beside the cheapest thing that can be done with it: counting its line breaks.

mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stellar::catalogue::Catalogue;
use stellar::exposition::{Format, Wanted, parse};
use stellar::settings::Settings;

fn exposition(criterion: &mut Criterion) {
    let catalogue = Catalogue::load(&Settings::default()).unwrap_or_else(|faults| panic!("{} faults", faults.len()));
    let some = catalogue.wanted();
    let all = Wanted::everything();
    for (label, page) in pages::benched() {
        let page = page.as_bytes();
        let read = |wanted| parse(black_box(page), Format::Prometheus, wanted);
        let (samples, kept) = (read(&all).report.samples, read(&some).readings.len());
        println!("{label}: {} KB, {samples} samples, {kept} of them wanted", page.len() / 1000);
        let mut group = criterion.benchmark_group(label);
        // Elements are sample lines: a thousand divided by the figure in Melem/s is nanoseconds a line.
        group.throughput(Throughput::Elements(samples));
        group.bench_function("line breaks", |bencher| {
            bencher.iter(|| memchr::memchr_iter(b'\n', black_box(page)).count());
        });
        group.bench_function("wanted names", |bencher| bencher.iter(|| read(&some)));
        group.bench_function("every name", |bencher| bencher.iter(|| read(&all)));
        group.finish();
    }
}

criterion_group!(benches, exposition);
criterion_main!(benches);
