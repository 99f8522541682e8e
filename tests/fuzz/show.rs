//! What holds for any bytes that a frontend may answer for a list; shared by the tests and the fuzz target.

use std::collections::HashSet;

use stellar::collect::show::{List, Row, Table, from_show_proc, from_sql, samples};
use stellar::sample::Labels;

const LISTS: [List; 5] = [List::Frontends, List::Backends, List::ComputeNodes, List::Statistic, List::Transactions];

/// Reads the answer in both ways and panics when what comes of it could hurt.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for answer in [from_sql(&text), from_show_proc(&text)] {
        match answer {
            Ok(table) => LISTS.into_iter().for_each(|list| rows(list, &table)),
            Err(reason) => shown(&reason, 400),
        }
    }
}

fn shown(text: &str, longest: usize) {
    assert!(text.chars().count() <= longest, "{} letters", text.chars().count());
    assert!(!text.contains(stellar::words::is_unseen), "{text:?}");
}

fn rows(list: List, table: &Table) {
    table.iter().flatten().for_each(|(_, cell)| shown(cell, 1_000));
    for offset in [None, Some(0), Some(-50_400_000), Some(50_400_000)] {
        let own =
            |columns: &Vec<(String, String)>| Row { columns: columns.clone(), instance: Some("10.0.0.1:8040".into()) };
        let rows: Vec<Row> = table.iter().map(own).collect();
        let all = samples(list, &rows, offset);
        assert_eq!(all.first().map(|rows| rows.value), Some(table.len() as f64));
        for row in &rows {
            let mut seen: HashSet<(&str, &Labels)> = HashSet::new();
            let own = samples(list, std::slice::from_ref(row), offset);
            for sample in &own {
                assert!(sample.value.is_finite(), "{} {}", sample.name, sample.value);
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                assert!(sample.name.starts_with("show_") && sample.name.bytes().all(plain), "{}", sample.name);
                let instance = sample.labels.get("instance").map(|instance| &**instance);
                assert!(*sample.name == *format!("show_{}_rows", list.name()) || instance == Some("10.0.0.1:8040"));
                assert!(seen.insert((&sample.name, &sample.labels)), "{} {} comes twice", sample.name, sample.labels);
            }
        }
    }
}
