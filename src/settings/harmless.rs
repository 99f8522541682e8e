//! The keys of a configuration file that hold no secret: what stands behind them may be quoted in messages.

/// The keys whose values may be shown: all but `password`.
pub const KEYS: &[&str] = &[
    "alert",
    "alertmanagers",
    "annotations",
    "application",
    "backends",
    "blacklist",
    "ca_file",
    "category",
    "client_cert",
    "client_key",
    "cluster",
    "command",
    "command_timeout",
    "compute_nodes",
    "daily",
    "daily_retention_days",
    "deadline",
    "disabled",
    "enabled",
    "environment",
    "ephemeral",
    "exclude",
    "expr",
    "for",
    "frontends",
    "grafana_url",
    "help",
    "include_idle",
    "interval",
    "interval_secs",
    "keep_firing_for",
    "labels",
    "materialized_views",
    "max_concurrency",
    "max_series",
    "max_size",
    "metrics_prefix",
    "name",
    "no_data",
    "null_when",
    "on_error",
    "password_command",
    "password_env",
    "password_file",
    "path",
    "per",
    "proxy",
    "retention_days",
    "retries",
    "rule_files",
    "runtime_info",
    "since",
    "source",
    "stagger",
    "statistic",
    "table_metrics",
    "thin_after",
    "thin_to",
    "timeout",
    "timezone",
    "transactions",
    "unit",
    "url",
    "user",
];

/// Their names stand in dotted keys, too.
pub const TABLES: &[&str] = &[
    "alerting",
    "metrics",
    "database",
    "collection",
    "clusters",
    "pages",
    "applications",
    "environments",
    "metric",
    "rule",
    "target",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_may_be_shown_are_all_options_but_the_password() {
        let mut keys: Vec<&str> = super::super::reference()
            .iter()
            .flat_map(|section| &section.options)
            .map(|option| option.key)
            .filter(|key| *key != "password")
            .collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys, KEYS);
    }
}
