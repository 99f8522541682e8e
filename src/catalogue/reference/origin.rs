//! Where a metric comes from and when it has no value, told by the selectors of its expression: what can be read off the
//! catalogue is not typed a second time.

use std::collections::BTreeSet;

use super::super::place::Place;
use super::super::{Catalogue, Metric};
use crate::promql::{Selector, Window};
use crate::settings::metric_entry::Subject;

/// What a metric's samples tell of it.
pub struct Origin {
    places: BTreeSet<Place>,
    /// Samples of names that are nobody's: of a metric of the user's own.
    others: BTreeSet<String>,
    looks_back: bool,
    falls_back: bool,
}

impl Origin {
    pub fn of(metric: &Metric, catalogue: &Catalogue) -> Self {
        let (mut selectors, mut falls_back) = (Vec::new(), false);
        collect(metric, catalogue, &mut selectors, &mut falls_back);
        let is_leader = catalogue.leader.selectors();
        let reads_leader = selectors.iter().any(|selector| is_leader.contains(selector));
        let of_leader = |selector: &Selector| {
            let page = selector.name.as_deref().and_then(Place::of) == Some(Place::Frontends);
            page && !is_leader.contains(selector)
        };
        // The leader's mark beside other samples of a page chooses the page; alone it is what is asked for.
        let chooses = reads_leader && selectors.iter().any(of_leader);
        let mut origin = Self { places: BTreeSet::new(), others: BTreeSet::new(), looks_back: false, falls_back };
        for selector in &selectors {
            origin.looks_back |= selector.window != Window::Instant;
            let name = selector.name.as_deref().unwrap_or_default();
            match Place::of(name) {
                Some(Place::Frontends) if chooses => drop(origin.places.insert(Place::Leader)),
                Some(place) => drop(origin.places.insert(place)),
                None => drop(origin.others.insert(name.to_owned())),
            }
        }
        origin
    }

    /// `` `SHOW BACKENDS`; the leader's page ``.
    pub fn places(&self) -> String {
        let known = self.places.iter().map(|place| place.name().to_owned());
        known.chain(self.others.iter().map(|name| format!("samples `{name}`"))).collect::<Vec<_>>().join("; ")
    }

    /// When there is no value, besides what the entry itself says.
    pub fn null_when(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        let silences: BTreeSet<&str> = self.places.iter().filter_map(|place| place.silence()).collect();
        match silences.len() {
            0 => {}
            1 => clauses.extend(silences.into_iter().map(str::to_owned)),
            _ if self.falls_back => clauses.push("none of these places gave it".to_owned()),
            _ => clauses.push("these places did not give it".to_owned()),
        }
        if self.looks_back {
            clauses.push("at the first collection of its series, which needs two".to_owned());
        }
        clauses
    }
}

/// The selectors of samples that a metric is computed from, those of earlier entries included.
fn collect(metric: &Metric, catalogue: &Catalogue, selectors: &mut Vec<Selector>, falls_back: &mut bool) {
    *falls_back |= metric.entry.expr.text().split_ascii_whitespace().any(|word| word == "or");
    for selector in metric.entry.expr.selectors() {
        if metric.per() == Subject::Batch {
            selectors.push(selector);
            continue;
        }
        let earlier = catalogue.metrics().iter().take_while(|other| !std::ptr::eq(*other, metric));
        match earlier
            .into_iter()
            .find(|other| other.per() == metric.per() && Some(other.name()) == selector.name.as_deref())
        {
            Some(entry) => collect(entry, catalogue, selectors, falls_back),
            None => selectors.push(selector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn places_are_read_off_the_selectors_of_a_metric_and_of_those_it_is_made_from() {
        let catalogue = Catalogue::load(&Settings::default()).unwrap();
        let told = |name: &str| {
            let origin = Origin::of(catalogue.find(Subject::Cluster, name).unwrap(), &catalogue);
            (origin.places(), origin.null_when().join("; "))
        };
        let pair = |places: &str, null: &str| (places.to_owned(), null.to_owned());
        assert_eq!(
            told("query_error_ratio"),
            pair(
                "the frontends' pages",
                "no frontend's page could be read; at the first collection of its series, which needs two"
            )
        );
        assert_eq!(told("compaction_score_max"), pair("the leader's page", "the leader's page could not be read"));
        assert_eq!(told("tablet_replicas"), pair("`SHOW BACKENDS`", "there is no login, or no frontend gave the list"));
        assert_eq!(
            told("tablets"),
            pair("the frontends' pages; `SHOW PROC '/statistic'`", "none of these places gave it")
        );
        assert_eq!(told("endpoints_down"), pair("what fetching the pages showed", ""));
        let all = catalogue.metrics().iter().map(|metric| Origin::of(metric, &catalogue));
        assert!(all.into_iter().all(|origin| !origin.places.is_empty() && origin.others.is_empty()));
    }
}
