//! What holds for any text that somebody may give as an expression; shared by the tests and the fuzz target.

use std::collections::HashSet;

use stellar::promql::{Expression, Selector, Source, Value, ValueType, Window, evaluate};
use stellar::sample::{Labels, Point, Series};

const AT: i64 = 1_795_314_538_000;

/// A dozen series under every name: counters, a histogram, NaN, infinities, resets, one that is not there now.
struct Tiny;

impl Source for Tiny {
    fn select(&self, selector: &Selector, at: i64) -> Vec<Series> {
        let values = [1.0, 2.5, 0.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 5e-324, 7.0, 8.0];
        let series = values.iter().enumerate().map(|(index, value)| {
            let labels = [
                ("job", if index % 2 == 0 { "fe" } else { "be" }),
                ("instance", ["a:1", "b:2", "c:3"][index % 3]),
                ("le", ["0.1", "1", "+Inf", "x"][index / 3]),
            ];
            let points =
                (0..4).map(|step| Point { at: at - 25_000 * (3 - step), value: value * (step as f64) }).collect();
            Series { name: selector.name.clone().unwrap_or_else(|| "any".into()), labels: Labels::of(labels), points }
        });
        let mut series: Vec<Series> = series.filter(|series| selector.accepts(&series.labels)).collect();
        for one in &mut series {
            match selector.window {
                Window::Instant => drop(one.points.drain(..3)),
                Window::Interval => drop(one.points.drain(..2)),
                Window::Range(range) => one.points.retain(|point| at - point.at < range),
            }
        }
        series.retain(|series| !series.points.is_empty());
        series
    }
}

/// Parses, evaluates and panics when the answer contradicts the text or itself.
pub fn check(text: &str) {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(expression.text(), text);
    assert!(Expression::parse(expression.text()).is_ok_and(|again| again.selectors() == expression.selectors()));
    for selector in expression.selectors() {
        let printed = match selector.window {
            Window::Instant => selector.to_string(),
            Window::Interval | Window::Range(_) => format!("max_over_time({selector})"),
        };
        let again = Expression::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(again.selectors(), [selector], "{printed}");
    }
    match evaluate(&expression, &Tiny, AT) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(Value::Scalar(_)) => assert_eq!(expression.value_type(), ValueType::Scalar),
        Ok(Value::String(_)) => assert_eq!(expression.value_type(), ValueType::String),
        Ok(Value::Vector(elements)) => {
            assert_eq!(expression.value_type(), ValueType::Vector);
            let mut seen = HashSet::new();
            assert!(elements.iter().all(|one| seen.insert((&one.name, &one.labels))), "{elements:?}");
        }
    }
}
