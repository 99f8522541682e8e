//! What clusters and applications have in common: each is a target.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Access, Application, Cluster};
use crate::sample::Labels;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Cluster,
    Application,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Cluster, Self::Application];

    /// As in the database and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Application => "application",
        }
    }

    /// Whether these labels are of the target of this kind and name.
    pub fn is_named(self, labels: &Labels, name: &str) -> bool {
        labels.get(self.name()).is_some_and(|own| **own == *name)
    }

    /// In the middle of a sentence.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Cluster => "a cluster",
            Self::Application => "an application",
        }
    }
}

/// Something that is watched.
#[derive(Clone, Copy, Debug)]
pub enum Target<'s> {
    Cluster(&'s Cluster),
    Application(&'s Application),
}

impl<'s> Target<'s> {
    pub fn kind(self) -> Kind {
        match self {
            Self::Cluster(_) => Kind::Cluster,
            Self::Application(_) => Kind::Application,
        }
    }

    /// No two targets have the same.
    pub fn name(self) -> &'s str {
        match self {
            Self::Cluster(cluster) => &cluster.name,
            Self::Application(application) => &application.name,
        }
    }

    pub fn access(self) -> &'s Access {
        match self {
            Self::Cluster(cluster) => &cluster.access,
            Self::Application(application) => &application.access,
        }
    }

    pub fn labels(self) -> &'s BTreeMap<String, String> {
        match self {
            Self::Cluster(cluster) => &cluster.labels,
            Self::Application(application) => &application.labels,
        }
    }

    pub fn environment(self) -> Option<&'s str> {
        match self {
            Self::Cluster(_) => None,
            Self::Application(application) => application.environment.as_deref(),
        }
    }

    pub fn include_idle(self) -> bool {
        matches!(self, Self::Application(application) if application.include_idle)
    }

    pub fn interval(self) -> Duration {
        match self {
            Self::Cluster(cluster) => cluster.interval,
            Self::Application(application) => application.interval,
        }
    }
}
