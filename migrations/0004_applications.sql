-- Applications are targets as clusters are; what every target has stands in one table.

ALTER TABLE clusters RENAME TO targets;
ALTER TABLE targets ADD COLUMN kind TEXT NOT NULL DEFAULT 'cluster';  -- or 'application'; no two targets have one name
ALTER TABLE targets ADD COLUMN environment TEXT;
ALTER TABLE targets ADD COLUMN generation TEXT;                       -- what an application exports, when it last answered
ALTER TABLE targets ADD COLUMN ended_at INTEGER;                      -- since when an application is not there any more

CREATE VIEW clusters AS
SELECT id, name, labels, first_seen, last_collected_at, last_answer, failures, next_try, last_error, thinned_to
FROM targets WHERE kind = 'cluster';

CREATE VIEW applications AS
SELECT id, name, environment, generation, labels, first_seen, last_collected_at, last_answer, ended_at, failures, next_try,
       last_error, thinned_to
FROM targets WHERE kind = 'application';

-- '' is a label that is not there. The row of three empty texts is the application as a whole: every collection leaves it,
-- and only it has run_id, interval_ms, answered and ended. ended is 1 in the last one of a life, when its port refused; then
-- there is none until it answers again. idle is 1 where nothing ever ran, 2 where such a row counts all the same.
CREATE TABLE batch_snapshots (
    application_id INTEGER NOT NULL REFERENCES targets (id),
    database       TEXT    NOT NULL,
    "table"        TEXT    NOT NULL,
    test_name      TEXT    NOT NULL,
    collected_at   INTEGER NOT NULL,
    run_id         INTEGER REFERENCES runs (id),
    interval_ms    INTEGER,
    answered       INTEGER,
    ended          INTEGER,
    idle           INTEGER,
    merged         INTEGER,
    covered_ms     INTEGER,
    PRIMARY KEY (application_id, database, "table", test_name, collected_at)
) STRICT, WITHOUT ROWID;

-- The columns are those of daily_snapshots; what is of the application as a whole stands in its own row only.
CREATE TABLE batch_daily (
    application_id  INTEGER NOT NULL REFERENCES targets (id),
    database        TEXT    NOT NULL,
    "table"         TEXT    NOT NULL,
    test_name       TEXT    NOT NULL,
    day             TEXT    NOT NULL,
    samples         INTEGER NOT NULL,
    covered_seconds REAL    NOT NULL,
    begins_at       INTEGER,
    ends_at         INTEGER,
    expected        INTEGER,
    run_id          INTEGER,
    layout_id       INTEGER REFERENCES daily_layouts (id),
    aggregated_at   INTEGER,
    PRIMARY KEY (application_id, database, "table", test_name, day)
) STRICT, WITHOUT ROWID;

CREATE VIEW batches AS
SELECT targets.name AS application, environment,
       strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, batch_snapshots.*
FROM batch_snapshots JOIN targets ON targets.id = application_id;

-- As an application last answered.
CREATE VIEW batches_latest AS
SELECT targets.name AS application, environment,
       strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, batch_snapshots.*
FROM targets JOIN batch_snapshots ON application_id = targets.id AND collected_at = last_answer;

CREATE VIEW batch_days AS
SELECT targets.name AS application, environment, batch_daily.*
FROM batch_daily JOIN targets ON targets.id = application_id;
