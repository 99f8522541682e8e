-- Days, and what a snapshot must say of itself so that a day can weigh it. Columns of daily figures, {metric}_{statistic}, belong
-- to the catalogue like those of snapshots.

-- How often the cluster was collected when the snapshot was made, and whether a frontend answered; NULL in snapshots that
-- are older than this schema.
ALTER TABLE metrics_snapshots ADD COLUMN interval_ms INTEGER;
ALTER TABLE metrics_snapshots ADD COLUMN answered INTEGER;
-- Of a snapshot that thinning made of several: how many they were and the time they stood for. NULL in one as collected.
ALTER TABLE metrics_snapshots ADD COLUMN merged INTEGER;
ALTER TABLE metrics_snapshots ADD COLUMN covered_ms INTEGER;
ALTER TABLE node_snapshots ADD COLUMN merged INTEGER;
ALTER TABLE node_snapshots ADD COLUMN covered_ms INTEGER;
-- Up to when the cluster's snapshots were thinned.
ALTER TABLE clusters ADD COLUMN thinned_to INTEGER;

-- Counting and spacing snapshots without reading rows of hundreds of columns.
CREATE INDEX snapshots_narrow ON metrics_snapshots (cluster_id, collected_at, interval_ms, answered, merged);

-- Which days got snapshots after they were aggregated.
CREATE INDEX runs_by_time ON runs (started_at);

-- The columns that a day was given, one a line: a day that lacks some of today's is filled in while its snapshots last.
CREATE TABLE daily_layouts (
    id      INTEGER PRIMARY KEY,
    columns TEXT NOT NULL UNIQUE
) STRICT;

-- day is YYYY-MM-DD in the zone that was configured then; begins_at and ends_at are what that meant.
CREATE TABLE daily_snapshots (
    cluster_id      INTEGER NOT NULL REFERENCES clusters (id),
    day             TEXT    NOT NULL,
    begins_at       INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    samples         INTEGER NOT NULL,        -- snapshots in which a frontend answered
    expected        INTEGER NOT NULL,        -- as many as the intervals of the day called for
    covered_seconds REAL    NOT NULL,        -- the time those snapshots stand for
    run_id          INTEGER NOT NULL,        -- the newest run when the day was aggregated
    layout_id       INTEGER NOT NULL REFERENCES daily_layouts (id),
    aggregated_at   INTEGER NOT NULL,
    PRIMARY KEY (cluster_id, day)
) STRICT, WITHOUT ROWID;

-- instance, role and version are the day's last.
CREATE TABLE node_daily (
    cluster_id      INTEGER NOT NULL REFERENCES clusters (id),
    node            TEXT    NOT NULL,
    day             TEXT    NOT NULL,
    instance        TEXT,
    role            TEXT,
    version         TEXT,
    samples         INTEGER NOT NULL,
    covered_seconds REAL    NOT NULL,
    PRIMARY KEY (cluster_id, node, day)
) STRICT, WITHOUT ROWID;

CREATE VIEW days AS
SELECT clusters.name AS cluster, daily_snapshots.*
FROM daily_snapshots JOIN clusters ON clusters.id = cluster_id;

CREATE VIEW node_days AS
SELECT clusters.name AS cluster, node_daily.*
FROM node_daily JOIN clusters ON clusters.id = cluster_id;
