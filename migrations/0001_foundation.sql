-- Keys and bookkeeping. Metric columns are not here: they belong to the catalogue and are added when the file is opened.
-- Times are unix milliseconds, UTC. Ids are small integers, so that millions of rows stay compact.

-- `written_by`: the version of stellar that made or last migrated this file.
CREATE TABLE info (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clusters (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    labels     TEXT    NOT NULL DEFAULT '{}',  -- JSON, as the configuration last had them
    first_seen INTEGER NOT NULL,
    last_collected_at INTEGER,               -- of the newest run; after a clock was set back not the greatest
    last_answer INTEGER,                     -- the newest collection in which a frontend's page could be read
    failures   INTEGER NOT NULL DEFAULT 0,   -- collections in a row in which no frontend answered
    next_try   INTEGER,                      -- while failures > 0: `collect-once --if-due` waits until then
    last_error TEXT
) STRICT;

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    stored      INTEGER NOT NULL,            -- clusters of which at least one frontend answered
    failed      INTEGER NOT NULL,
    samples     INTEGER NOT NULL             -- on all pages, wanted or not
) STRICT;

-- One URL of one node of a target.
CREATE TABLE endpoints (
    id         INTEGER PRIMARY KEY,
    cluster_id INTEGER NOT NULL REFERENCES clusters (id),
    job        TEXT    NOT NULL,
    instance   TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    UNIQUE (cluster_id, url)
) STRICT;

-- The record of one fetch. Clustered by run: a run appends at the end of the table.
CREATE TABLE attempts (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    endpoint_id INTEGER NOT NULL REFERENCES endpoints (id),
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    samples     INTEGER NOT NULL,
    kept        INTEGER NOT NULL,            -- samples that some expression reads
    rejected    INTEGER NOT NULL,            -- bad lines, second readings, undeclared and suspect samples
    error       TEXT,
    mended      INTEGER NOT NULL,            -- 1: failed, but another way gave what it was asked for
    PRIMARY KEY (run_id, endpoint_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics_snapshots (
    cluster_id   INTEGER NOT NULL REFERENCES clusters (id),
    collected_at INTEGER NOT NULL,
    run_id       INTEGER NOT NULL REFERENCES runs (id),
    PRIMARY KEY (cluster_id, collected_at)
) STRICT, WITHOUT ROWID;

-- node is fe:NAME, be:ID or cn:ID as SHOW tells it, else JOB@INSTANCE.
CREATE TABLE node_snapshots (
    cluster_id   INTEGER NOT NULL REFERENCES clusters (id),
    node         TEXT    NOT NULL,
    collected_at INTEGER NOT NULL,
    instance     TEXT,
    role         TEXT,
    version      TEXT,
    PRIMARY KEY (cluster_id, node, collected_at)
) STRICT, WITHOUT ROWID;

-- What the next run needs of this one: the last readings of the series that a rate or a range reads, and rows that have
-- a period of their own. `samples` holds one value and one age a series, in the order of the layout; nodes of one
-- version share a layout, because job and instance stand here.
CREATE TABLE sample_layouts (
    id     INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE previous_samples (
    cluster_id INTEGER NOT NULL REFERENCES clusters (id),
    source     TEXT    NOT NULL,
    job        TEXT    NOT NULL,             -- '' when the series have labels of their own
    instance   TEXT    NOT NULL,
    scraped_at INTEGER NOT NULL,
    layout_id  INTEGER NOT NULL REFERENCES sample_layouts (id),
    samples    BLOB    NOT NULL,
    PRIMARY KEY (cluster_id, source, scraped_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX previous_samples_by_layout ON previous_samples (layout_id);

-- The stable surface for people's own SQL: names instead of ids, ISO times beside the milliseconds.
CREATE VIEW snapshots AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, metrics_snapshots.*
FROM metrics_snapshots JOIN clusters ON clusters.id = cluster_id;

CREATE VIEW clusters_latest AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, metrics_snapshots.*
FROM clusters JOIN metrics_snapshots ON metrics_snapshots.cluster_id = clusters.id AND collected_at = last_collected_at;

-- The nodes are stepped through in the key, so that the view costs the same however long the history is.
CREATE VIEW nodes_latest AS
WITH RECURSIVE known (owner, name) AS (
    SELECT id, (SELECT min(node) FROM node_snapshots WHERE cluster_id = id) FROM clusters
    UNION ALL
    SELECT owner, (SELECT min(node) FROM node_snapshots WHERE cluster_id = owner AND node > name) FROM known WHERE name NOT NULL
)
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, node_snapshots.*
FROM known CROSS JOIN clusters ON clusters.id = owner
CROSS JOIN node_snapshots ON cluster_id = owner AND node = known.name AND collected_at = last_collected_at;

CREATE VIEW fetches AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', attempts.started_at / 1000, 'unixepoch') AS time,
       job, instance, url, run_id, attempts.duration_ms, bytes, attempts.samples, kept, rejected, error, mended
FROM attempts JOIN endpoints ON endpoints.id = endpoint_id JOIN clusters ON clusters.id = cluster_id;
