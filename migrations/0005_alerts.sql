-- What rules gave: the alerts that are active, those that fired, who was told of them, and who is silenced.

-- Up to when a rule was evaluated. An error is that of the last evaluation.
CREATE TABLE rule_checks (
    rule         TEXT    PRIMARY KEY,
    evaluated_to INTEGER NOT NULL,
    error        TEXT
) STRICT, WITHOUT ROWID;

-- An alert that fired. labels and annotations are JSON, the labels in the order of their names.
CREATE TABLE alerts_fired (
    id          INTEGER PRIMARY KEY,
    rule        TEXT    NOT NULL,
    labels      TEXT    NOT NULL,
    annotations TEXT    NOT NULL,
    value       REAL    NOT NULL,
    severity    TEXT    NOT NULL,
    since       INTEGER NOT NULL,            -- the evaluation that raised it first
    fired_at    INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;

CREATE INDEX alerts_fired_by_time ON alerts_fired (fired_at);

-- Pending and firing alerts, one a rule and label set. `gone` is the first evaluation without it while keep_firing_for
-- holds it up.
CREATE TABLE alerts_active (
    rule        TEXT    NOT NULL,
    labels      TEXT    NOT NULL,
    annotations TEXT    NOT NULL,
    value       REAL    NOT NULL,
    since       INTEGER NOT NULL,
    fired_at    INTEGER,
    gone        INTEGER,
    fired_id    INTEGER REFERENCES alerts_fired (id),
    PRIMARY KEY (rule, labels)
) STRICT, WITHOUT ROWID;

-- What a receiver has taken of an alert: that it fires, and that it has ended. Neither is told twice as new. A row with
-- neither and without an error: a check was killed while it told, the receiver may have heard.
CREATE TABLE alert_deliveries (
    fired_id    INTEGER NOT NULL REFERENCES alerts_fired (id),
    receiver    TEXT    NOT NULL,
    firing_at   INTEGER,
    resolved_at INTEGER,
    error       TEXT,
    PRIMARY KEY (fired_id, receiver)
) STRICT, WITHOUT ROWID;

-- Silences made by hand: alerts of this name, of this target if there is one, are told to nobody until then.
CREATE TABLE mutes (
    id         INTEGER PRIMARY KEY,
    alert      TEXT    NOT NULL,
    target     TEXT,
    created_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    comment    TEXT
) STRICT;

CREATE VIEW alerts AS
SELECT json_extract(labels, '$.alertname') AS alert, severity,
       coalesce(json_extract(labels, '$.cluster'), json_extract(labels, '$.application')) AS target,
       strftime('%Y-%m-%dT%H:%M:%SZ', fired_at / 1000, 'unixepoch') AS fired,
       strftime('%Y-%m-%dT%H:%M:%SZ', resolved_at / 1000, 'unixepoch') AS resolved, alerts_fired.*
FROM alerts_fired;
