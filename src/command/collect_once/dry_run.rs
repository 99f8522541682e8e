//! What a trial collection shows: the rows as reports would show them, and what the rules say of them.

use std::fmt::Write;

use anyhow::Result;

use super::{Collected, Outcome};
use crate::alert::{Recorded, Rule, sources};
use crate::catalogue::batch::Batches;
use crate::catalogue::evaluate::{Row, Rows};
use crate::catalogue::{Catalogue, Figures, recorded};
use crate::command::judge::verdict_of;
use crate::command::{World, zone};
use crate::report::{self, Expected, Style};
use crate::sample::{Labels, Millis};
use crate::settings::metric_entry::Subject;
use crate::settings::{Cluster, Loaded, Target};
use crate::store::read::{LatestCluster, LatestNode};
use crate::words;

/// The rows as the report would show them.
pub fn dry_run(outcome: &Outcome, loaded: &Loaded, catalogue: &Catalogue, world: &World) -> Result<String> {
    let style = Style { zone: zone(loaded, false), colour: world.colour, width: world.width };
    let (mut rows, mut expected) = (Vec::new(), Vec::new());
    let mut text = String::new();
    for one in &outcome.collected {
        match (one.target, &one.figures) {
            (Target::Cluster(cluster), Figures::Cluster(figures)) => {
                expected.push(Expected::from(cluster));
                rows.push(as_if_stored(one, cluster, figures, catalogue, outcome.collected_at));
            }
            (_, Figures::Application(batches)) => text.push_str(&of_application(one, batches, catalogue)),
            _ => {}
        }
    }
    let rules = sources::load(&loaded.settings);
    let rules: Vec<&Rule> = rules.enabled().collect();
    let recorded = recorded_of(&rows, catalogue, &rules);
    let verdict = verdict_of(&recorded, &rules, &loaded.settings, catalogue, outcome.collected_at);
    let assessed = report::assess(rows, &expected, catalogue, &verdict, outcome.collected_at);
    text.extend(assessed.iter().map(|one| format!("{}\n", report::render_cluster(one, catalogue, &style))));
    text.push_str("dry run: nothing was stored\n");
    Ok(text)
}

/// What the rules see of clusters: their values, those of their nodes, and how asking went.
fn recorded_of(clusters: &[LatestCluster], catalogue: &Catalogue, rules: &[&Rule]) -> Recorded {
    let mut seen = Recorded::of(rules);
    for cluster in clusters {
        let at = cluster.collected_at.unwrap_or_default();
        let mut add = |subject: Subject, labels: &Labels, values: &Row| {
            for (metric, value) in catalogue.stored(subject).zip(values) {
                if let Some(value) = value {
                    seen.add(recorded::naming(subject), metric.name(), labels, at, *value);
                }
            }
        };
        let labels = recorded::naming(Subject::Cluster).labelled([&*cluster.name]);
        add(Subject::Cluster, &labels, &cluster.values);
        for node in &cluster.nodes {
            let instance = recorded::instance(node.instance.as_deref(), &node.node);
            let role = node.role.as_deref().unwrap_or_default();
            let of_node = recorded::naming(Subject::Node).labelled([&*cluster.name, &*node.node, instance, role]);
            add(Subject::Node, &of_node, &node.values);
        }
        seen.add_named(recorded::TARGET_FAILURES, &labels, at, f64::from(cluster.failures));
        seen.add_named(recorded::TARGET_FAILED_FETCHES, &labels, at, cluster.failed_fetches.len() as f64);
    }
    seen
}

/// What was measured of an application, a line each.
fn of_application(one: &Collected, batches: &Batches, catalogue: &Catalogue) -> String {
    let generation = batches.generation.as_deref().unwrap_or("unknown");
    let mut text = format!("{}  {}  generation {generation}\n", one.target.name(), one.word());
    for (batch, row) in batches.rows.iter().filter(|(batch, _)| !batches.idle.contains(batch)) {
        let about: Vec<&str> = batch.texts().into_iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
        for (metric, value) in catalogue.stored(Subject::Batch).zip(row) {
            if let Some(value) = value {
                let value = words::value(*value, metric.entry.unit);
                let _ = writeln!(text, "  {}  {}  {value}", about.join(" / "), metric.name());
            }
        }
    }
    text.push('\n');
    text
}

fn as_if_stored(
    one: &Collected,
    cluster: &Cluster,
    figures: &Rows,
    catalogue: &Catalogue,
    at: Millis,
) -> LatestCluster {
    let unmeasured = vec![None; catalogue.stored(Subject::Node).count()];
    let nodes = one.harvest.nodes.iter().map(|node| LatestNode {
        node: node.key.clone(),
        instance: node.instance.clone(),
        role: node.role.clone(),
        version: node.version.clone(),
        values: figures.nodes.get(&node.key).unwrap_or(&unmeasured).clone(),
    });
    let open = one.harvest.attempts.iter().filter(|attempt| !attempt.mended);
    let failed = open.filter_map(|attempt| Some((attempt.url.clone(), attempt.error.clone()?)));
    LatestCluster {
        name: cluster.name.clone(),
        labels: cluster.labels.clone(),
        collected_at: Some(at),
        values: figures.cluster.clone(),
        nodes: nodes.collect(),
        failures: u32::from(!one.answered()),
        next_try: None,
        last_error: one.harvest.problems.first().map(|problem| problem.text.clone()),
        last_answer: one.answered().then_some(at),
        failed_fetches: failed.collect(),
    }
}
