-- The record of a fetch that went well is no row any more: a run of 20 clusters wrote, and a cleanup deleted, 380 of them. Those of a
-- run are one row, which the view unfolds; only what failed is still a row of its own.

-- JSON: [[endpoint, started, duration, bytes, samples, kept, rejected], …]; started is in milliseconds since the run's own start.
CREATE TABLE good_fetches (
    run_id INTEGER PRIMARY KEY REFERENCES runs (id),
    packed TEXT    NOT NULL
) STRICT;

-- As `attempts` was. Clustered by run: a run appends at the end of the table.
CREATE TABLE failed_fetches (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    endpoint_id INTEGER NOT NULL REFERENCES endpoints (id),
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    samples     INTEGER NOT NULL,
    kept        INTEGER NOT NULL,            -- samples that some expression reads
    rejected    INTEGER NOT NULL,            -- bad lines, second readings, undeclared and suspect samples
    error       TEXT    NOT NULL,
    mended      INTEGER NOT NULL,            -- 1: another way gave what it was asked for
    PRIMARY KEY (run_id, endpoint_id)
) STRICT, WITHOUT ROWID;

INSERT INTO good_fetches
SELECT run_id, json_group_array(json_array(endpoint_id, attempts.started_at - runs.started_at, attempts.duration_ms, bytes, attempts.samples, kept, rejected))
FROM attempts CROSS JOIN runs ON runs.id = run_id WHERE error IS NULL GROUP BY run_id;

INSERT INTO failed_fetches
SELECT run_id, endpoint_id, started_at, duration_ms, bytes, samples, kept, rejected, error, mended
FROM attempts WHERE error IS NOT NULL ORDER BY run_id, endpoint_id;

DROP VIEW fetches;
DROP TABLE attempts;

CREATE VIEW fetches AS
SELECT clusters.name AS cluster,
       strftime('%Y-%m-%dT%H:%M:%SZ', (runs.started_at + json_extract(value, '$[1]')) / 1000, 'unixepoch') AS time,
       job, instance, url, run_id, json_extract(value, '$[2]') AS duration_ms, json_extract(value, '$[3]') AS bytes,
       json_extract(value, '$[4]') AS samples, json_extract(value, '$[5]') AS kept, json_extract(value, '$[6]') AS rejected,
       NULL AS error, 0 AS mended
FROM good_fetches CROSS JOIN runs ON runs.id = run_id CROSS JOIN json_each(packed)
CROSS JOIN endpoints ON endpoints.id = json_extract(value, '$[0]') CROSS JOIN clusters ON clusters.id = cluster_id
UNION ALL
SELECT clusters.name, strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000, 'unixepoch'),
       job, instance, url, run_id, duration_ms, bytes, samples, kept, rejected, error, mended
FROM failed_fetches CROSS JOIN endpoints ON endpoints.id = endpoint_id CROSS JOIN clusters ON clusters.id = cluster_id;
