//! Where a sample is from, told by how its name begins: what a page may say, and what METRICS.md says of a metric.

/// A place that samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Leader,
    Frontends,
    Nodes,
    ShowFrontends,
    ShowBackends,
    ShowComputeNodes,
    Statistic,
    Transactions,
    RuntimeInfo,
    Blacklist,
    Lists,
    Fetches,
    Applications,
}

/// By the beginning of a sample's name.
const PLACES: [(&str, Place); 16] = [
    ("starrocks_fe_", Place::Frontends),
    ("jvm_", Place::Frontends),
    ("node_info", Place::Frontends),
    ("starrocks_be_", Place::Nodes),
    ("lake_", Place::Nodes),
    ("show_frontends_", Place::ShowFrontends),
    ("show_backends_", Place::ShowBackends),
    ("show_compute_nodes_", Place::ShowComputeNodes),
    ("show_statistic_", Place::Statistic),
    ("show_transactions_", Place::Transactions),
    ("show_runtime_info_", Place::RuntimeInfo),
    ("show_blacklist_", Place::Blacklist),
    ("show_", Place::Lists),
    ("scrape_", Place::Fetches),
    ("batchsql_", Place::Applications),
    ("process_", Place::Applications),
];

impl Place {
    pub(crate) fn of(name: &str) -> Option<Self> {
        if name == "up" {
            return Some(Self::Fetches);
        }
        PLACES.iter().find(|(begin, _)| name.starts_with(begin)).map(|(_, place)| *place)
    }

    /// Whether the page of such a node may say it. What a scrape and the rows of `SHOW` add is not for a page to say, and a
    /// node knows nothing of another kind of node: whoever can write lines into a frontend's page must not speak for all.
    pub(crate) fn is_said_by(self, job: &str) -> bool {
        match self {
            Self::Leader | Self::Frontends => !matches!(job, "be" | "cn"),
            Self::Nodes => job != "fe",
            Self::Applications => true,
            _ => false,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Leader => "the leader's page",
            Self::Frontends => "the frontends' pages",
            Self::Nodes => "the pages of backends and compute nodes",
            Self::ShowFrontends => "`SHOW FRONTENDS`",
            Self::ShowBackends => "`SHOW BACKENDS`",
            Self::ShowComputeNodes => "`SHOW COMPUTE NODES`",
            Self::Statistic => "`SHOW PROC '/statistic'`",
            Self::Transactions => "`SHOW PROC '/transactions'`",
            Self::RuntimeInfo => "`/api/show_runtime_info`",
            Self::Blacklist => "`SHOW BACKEND BLACKLIST` of every frontend",
            Self::Lists => "what asking for the lists showed",
            Self::Fetches => "what fetching the pages showed",
            Self::Applications => "the application's page",
        }
    }

    /// When nothing comes from there; nothing where something always does.
    pub(super) fn silence(self) -> Option<&'static str> {
        match self {
            Self::Leader => Some("the leader's page could not be read"),
            Self::Frontends => Some("no frontend's page could be read"),
            Self::Nodes => Some("no page of a backend or compute node could be read"),
            Self::ShowFrontends | Self::ShowBackends | Self::ShowComputeNodes => {
                Some("there is no login, or no frontend gave the list")
            }
            Self::Statistic => Some("`pages.statistic` is off (the default), or the leader did not answer"),
            Self::Transactions => Some("`pages.transactions` is off (the default), or the leader did not answer"),
            Self::RuntimeInfo => Some("no frontend gave its runtime information"),
            Self::Blacklist => Some("`pages.blacklist` is off (the default)"),
            Self::Applications => Some("the application's page could not be read"),
            Self::Lists | Self::Fetches => None,
        }
    }
}
