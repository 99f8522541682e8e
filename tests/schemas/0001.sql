-- A database of schema 1: three collections of the demo's cluster by the version that had no days. Ports are those that tests put in
-- place of the real ones. Made with `sqlite3 stellar.db .dump`; the pragmas, which a dump does not have, are the file's own.
PRAGMA page_size = 8192;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x73746c72;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE info (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO info VALUES('written_by','0.1.0');
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
INSERT INTO clusters VALUES(1,'demo','{}',1795314538000,1795314588000,1795314588000,0,NULL,NULL);
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    stored      INTEGER NOT NULL,            -- clusters of which at least one frontend answered
    failed      INTEGER NOT NULL,
    samples     INTEGER NOT NULL             -- on all pages, wanted or not
) STRICT;
INSERT INTO runs VALUES(1,1795314538000,768,1,0,3401);
INSERT INTO runs VALUES(2,1795314563000,827,1,0,3409);
INSERT INTO runs VALUES(3,1795314588000,54,1,0,3412);
CREATE TABLE endpoints (
    id         INTEGER PRIMARY KEY,
    cluster_id INTEGER NOT NULL REFERENCES clusters (id),
    job        TEXT    NOT NULL,
    instance   TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    UNIQUE (cluster_id, url)
) STRICT;
INSERT INTO endpoints VALUES(1,1,'fe','127.0.0.3:18030','http://127.0.0.3:18030/metrics');
INSERT INTO endpoints VALUES(2,1,'fe','127.0.0.2:18030','http://127.0.0.2:18030/metrics');
INSERT INTO endpoints VALUES(3,1,'fe','127.0.0.2:18030','http://127.0.0.2:18030/api/show_runtime_info');
INSERT INTO endpoints VALUES(4,1,'fe','127.0.0.3:18030','http://127.0.0.3:18030/api/show_runtime_info');
INSERT INTO endpoints VALUES(5,1,'fe','127.0.0.1:18030','http://127.0.0.1:18030/metrics');
INSERT INTO endpoints VALUES(6,1,'fe','127.0.0.1:18030','http://127.0.0.1:18030/api/v1/catalogs/default_catalog/sql#SHOW BACKENDS');
INSERT INTO endpoints VALUES(7,1,'fe','127.0.0.1:18030','http://127.0.0.1:18030/api/show_runtime_info');
INSERT INTO endpoints VALUES(8,1,'fe','127.0.0.1:18030','http://127.0.0.1:18030/api/v1/catalogs/default_catalog/sql#SHOW COMPUTE NODES');
INSERT INTO endpoints VALUES(9,1,'fe','127.0.0.1:18030','http://127.0.0.1:18030/api/v1/catalogs/default_catalog/sql#SHOW FRONTENDS');
INSERT INTO endpoints VALUES(10,1,'be','127.0.0.11:18040','http://127.0.0.11:18040/metrics');
INSERT INTO endpoints VALUES(11,1,'be','127.0.0.12:18040','http://127.0.0.12:18040/metrics');
INSERT INTO endpoints VALUES(12,1,'be','127.0.0.10:18040','http://127.0.0.10:18040/metrics');
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
INSERT INTO attempts VALUES(1,1,1795314538000,18,40395,422,101,0,NULL,0);
INSERT INTO attempts VALUES(1,2,1795314538000,19,40399,422,101,0,NULL,0);
INSERT INTO attempts VALUES(1,3,1795314538000,7,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(1,4,1795314538000,7,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(1,5,1795314538000,120,43856,454,106,0,NULL,0);
INSERT INTO attempts VALUES(1,6,1795314538000,3,3646,3,3,0,NULL,0);
INSERT INTO attempts VALUES(1,7,1795314538000,1,90,4,4,0,NULL,0);
INSERT INTO attempts VALUES(1,8,1795314538000,1,998,0,0,0,NULL,0);
INSERT INTO attempts VALUES(1,9,1795314538000,4,1880,3,3,0,NULL,0);
INSERT INTO attempts VALUES(1,10,1795314538000,273,65765,695,51,0,NULL,0);
INSERT INTO attempts VALUES(1,11,1795314538000,274,65765,695,51,0,NULL,0);
INSERT INTO attempts VALUES(1,12,1795314538000,323,65765,695,51,0,NULL,0);
INSERT INTO attempts VALUES(2,1,1795314563000,712,40415,422,101,0,NULL,0);
INSERT INTO attempts VALUES(2,2,1795314563000,227,40420,422,101,0,NULL,0);
INSERT INTO attempts VALUES(2,3,1795314563000,485,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(2,4,1795314563000,0,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(2,5,1795314563000,227,44678,462,110,0,NULL,0);
INSERT INTO attempts VALUES(2,6,1795314563000,165,3652,3,3,0,NULL,0);
INSERT INTO attempts VALUES(2,7,1795314563000,165,90,4,4,0,NULL,0);
INSERT INTO attempts VALUES(2,8,1795314563000,165,998,0,0,0,NULL,0);
INSERT INTO attempts VALUES(2,9,1795314563000,165,1880,3,3,0,NULL,0);
INSERT INTO attempts VALUES(2,10,1795314563000,0,65775,695,51,0,NULL,0);
INSERT INTO attempts VALUES(2,11,1795314563000,0,65775,695,51,0,NULL,0);
INSERT INTO attempts VALUES(2,12,1795314563000,0,65775,695,51,0,NULL,0);
INSERT INTO attempts VALUES(3,1,1795314588000,25,40417,422,101,0,NULL,0);
INSERT INTO attempts VALUES(3,2,1795314588000,0,40421,422,101,0,NULL,0);
INSERT INTO attempts VALUES(3,3,1795314588000,1,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(3,4,1795314588000,6,89,4,4,0,NULL,0);
INSERT INTO attempts VALUES(3,5,1795314588000,1,44839,465,112,0,NULL,0);
INSERT INTO attempts VALUES(3,6,1795314588000,0,3652,3,3,0,NULL,0);
INSERT INTO attempts VALUES(3,7,1795314588000,0,90,4,4,0,NULL,0);
INSERT INTO attempts VALUES(3,8,1795314588000,1,998,0,0,0,NULL,0);
INSERT INTO attempts VALUES(3,9,1795314588000,0,1883,3,3,0,NULL,0);
INSERT INTO attempts VALUES(3,10,1795314588000,0,65776,695,51,0,NULL,0);
INSERT INTO attempts VALUES(3,11,1795314588000,0,65776,695,51,0,NULL,0);
INSERT INTO attempts VALUES(3,12,1795314588000,0,65776,695,51,0,NULL,0);
CREATE TABLE metrics_snapshots (
    cluster_id   INTEGER NOT NULL REFERENCES clusters (id),
    collected_at INTEGER NOT NULL,
    run_id       INTEGER NOT NULL REFERENCES runs (id), "queries" REAL, "queries_succeeded" REAL, "queries_failed" REAL, "queries_timed_out" REAL, "queries_failed_analysis" REAL, "queries_failed_internal" REAL, "queries_slow" REAL, "requests" REAL, "queries_per_second" REAL, "requests_per_second" REAL, "query_errors_per_second" REAL, "query_error_ratio" REAL, "query_latency_p75_seconds" REAL, "query_latency_p95_seconds" REAL, "query_latency_p99_seconds" REAL, "query_latency_mean_seconds" REAL, "query_latency_window_p50_seconds" REAL, "connections" REAL, "connections_per_user_max" REAL, "query_queue_pending" REAL, "queries_queued" REAL, "queries_queue_timed_out" REAL, "queries_unfinished" REAL, "be_query_contexts" REAL, "query_scan_bytes" REAL, "query_scan_bytes_per_second" REAL, "mv_refreshes_failed" REAL, "query_total" REAL, "query_success_total" REAL, "query_error_total" REAL, "query_timeout_total" REAL, "frontends" REAL, "frontends_alive" REAL, "frontends_leader" REAL, "frontends_follower" REAL, "frontends_observer" REAL, "frontends_electable" REAL, "frontends_electable_alive" REAL, "frontends_claiming_leader" REAL, "frontends_reachable" REAL, "nodes_reachable" REAL, "endpoints_down" REAL, "backends" REAL, "backends_alive" REAL, "backends_dead" REAL, "backends_decommissioning" REAL, "compute_nodes" REAL, "compute_nodes_alive" REAL, "compute_nodes_dead" REAL, "node_heartbeat_age_seconds" REAL, "node_restarts" REAL, "fe_journal_replay_lag" REAL, "fe_journal_written" REAL, "fe_meta_log_count" REAL, "fe_edit_log_write_latency_p99_seconds" REAL, "fe_safe_mode" REAL, "brokers_dead" REAL, "node_versions_distinct" REAL, "be_cpu_cores" REAL, "be_cpu_cores_used" REAL, "be_cpu_used_ratio_avg" REAL, "be_cpu_used_ratio_max" REAL, "be_host_cpu_used_ratio" REAL, "be_memory_used_ratio_avg" REAL, "be_memory_used_ratio_max" REAL, "be_memory_limit_bytes" REAL, "be_process_memory_bytes" REAL, "be_process_memory_bytes_max" REAL, "be_query_memory_bytes" REAL, "be_load_memory_bytes" REAL, "disk_total_bytes" REAL, "disk_available_bytes" REAL, "disk_used_bytes" REAL, "disk_used_ratio" REAL, "disk_used_ratio_max" REAL, "disk_data_used_bytes" REAL, "disks_bad" REAL, "jvm_heap_max_bytes" REAL, "jvm_heap_used_bytes" REAL, "jvm_heap_used_ratio" REAL, "jvm_young_gc_seconds" REAL, "jvm_old_gc_seconds" REAL, "jvm_gc_time_ratio" REAL, "jvm_threads" REAL, "be_threads" REAL, "be_fds_used_ratio" REAL, "fe_thread_pool_size" REAL, "network_sent_bytes" REAL, "network_received_bytes" REAL, "network_sent_bytes_per_second" REAL, "network_received_bytes_per_second" REAL, "network_sent_bytes_total" REAL, "network_received_bytes_total" REAL, "disk_read_bytes" REAL, "disk_written_bytes" REAL, "disk_read_bytes_per_second" REAL, "disk_written_bytes_per_second" REAL, "disk_read_bytes_total" REAL, "disk_written_bytes_total" REAL, "disk_io_seconds" REAL, "disk_io_util_ratio_max" REAL, "tablets" REAL, "tablet_replicas" REAL, "tablets_on_compute_nodes" REAL, "tablets_unhealthy" REAL, "tablets_inconsistent" REAL, "tablets_error_state" REAL, "tablets_scheduled" REAL, "database_size_bytes" REAL, "compaction_score_max" REAL, "be_update_compaction_score_max" REAL, "tablet_rowsets_max" REAL, "compaction_bytes" REAL, "compactions_base_failed" REAL, "compactions_cumulative_failed" REAL, "clones_failed" REAL, "schema_changes_failed" REAL, "publish_versions_failed" REAL, "page_cache_hit_ratio" REAL, "txn_running" REAL, "txn_running_per_db_max" REAL, "txn_running_all" REAL, "txns_begun" REAL, "txns_succeeded" REAL, "txns_failed" REAL, "txns_rejected" REAL, "txn_failed_ratio" REAL, "txn_success_total" REAL, "txn_failed_total" REAL, "load_jobs_running" REAL, "load_jobs_pending" REAL, "loads_submitted" REAL, "loads_finished" REAL, "load_finished_total" REAL, "routine_load_jobs_running" REAL, "routine_load_jobs_paused" REAL, "routine_load_jobs_need_schedule" REAL, "routine_load_rows" REAL, "routine_load_error_rows" REAL, "routine_load_pauses" REAL, "stream_loads_running" REAL, "stream_load_requests" REAL, "load_rows" REAL, "load_bytes" REAL, "load_bytes_per_second" REAL, "schema_change_jobs_running" REAL, "rollup_jobs_running" REAL,
    PRIMARY KEY (cluster_id, collected_at)
) STRICT, WITHOUT ROWID;
INSERT INTO metrics_snapshots VALUES(1,1795314538000,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,0.0,0.0,NULL,NULL,NULL,2.0,NULL,NULL,NULL,2.0,1.0,1.0,0.0,3.0,3.0,1.0,1.0,1.0,2.0,2.0,1.0,3.0,3.0,0.0,3.0,3.0,0.0,0.0,0.0,0.0,0.0,3.0,NULL,1.0,NULL,16.0,NULL,0.0,0.0,2.0,48.0,11.568000000000001392,0.24100000000000001976,0.27300000000000002042,NULL,0.32156666666666666731,0.3240999999999999992,193273528320.0,11596412928.0,3865470976.0,805306368.0,37748736.0,300000000000.0,150000000000.0,150000000000.0,0.5,0.5,60000000000.0,0.0,7516192768.0,766568448.0,0.13270664215087890625,NULL,NULL,NULL,282.0,3.0,0.00029999999999999997371,23.0,NULL,NULL,NULL,NULL,24927426.0,7483006503.0,NULL,NULL,NULL,NULL,56160574464.0,345666478080.0,NULL,NULL,0.0,0.0,NULL,NULL,NULL,NULL,0.0,0.0,0.0,0.0,14.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,0.0,0.0,0.0,NULL,NULL,0.0,0.0,0.0,0.0,NULL,NULL,NULL,0.0,NULL,NULL,NULL,NULL,0.0,0.0);
INSERT INTO metrics_snapshots VALUES(1,1795314563000,2,87.0,80.0,7.0,0.0,7.0,0.0,0.0,136.0,3.4799999999999999822,5.4400000000000003907,0.28000000000000002664,0.080459770114942527619,0.087999999999999994892,0.18499999999999999777,1.9610000000000000763,0.085384620512982428719,NULL,0.0,0.0,0.0,0.0,0.0,NULL,2.0,38580245.0,1543209.8000000000465,NULL,89.0,81.0,8.0,0.0,3.0,3.0,1.0,1.0,1.0,2.0,2.0,1.0,3.0,3.0,0.0,3.0,3.0,0.0,0.0,0.0,0.0,0.0,3.0,0.0,1.0,71.0,87.0,0.24299999999999999378,0.0,0.0,2.0,48.0,13.423999999999999488,0.27966666666666667451,0.35899999999999998578,0.30468587235514221767,0.32019999999999998463,0.32569999999999998951,193273528320.0,11596412928.0,3865470976.0,805306368.0,37748736.0,300000000000.0,150000000000.0,150000000000.0,0.5,0.5024999999999999467,60000000000.0,0.0,7516192768.0,745447424.0,0.13270664215087890625,0.21799999999999999933,0.0,0.005000000000000000104,350.0,3.0,0.00029999999999999997371,71.0,103125000.0,225000000.0,4125000.0,9000000.0,128052426.0,7708006503.0,172800000.0,691200000.0,6912000.0,27648000.0,56333374464.0,346357678080.0,16.875,0.27000000000000001776,7.0,334.0,NULL,NULL,NULL,NULL,0.0,0.0,0.0,0.0,14.0,0.0,0.0,0.0,0.0,0.0,0.0,0.96092248558616266684,0.0,0.0,NULL,12.0,12.0,0.0,0.0,0.0,12.0,0.0,0.0,0.0,12.0,12.0,12.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,3.0,93.0,12799.0,511.9600000000000364,0.0,0.0);
INSERT INTO metrics_snapshots VALUES(1,1795314588000,3,88.0,81.0,7.0,0.0,7.0,0.0,0.0,137.0,3.5200000000000000177,5.4800000000000004263,0.28000000000000002664,0.079545454545454544192,0.058999999999999996891,0.13100000000000000532,0.25600000000000000532,0.047461175411842852767,NULL,0.0,0.0,0.0,0.0,0.0,NULL,2.0,38580247.0,1543209.8799999998881,NULL,177.0,162.0,15.0,0.0,3.0,3.0,1.0,1.0,1.0,2.0,2.0,1.0,3.0,3.0,0.0,3.0,3.0,0.0,0.0,0.0,0.0,0.0,3.0,0.0,1.0,82.0,169.0,0.044999999999999998334,0.0,0.0,2.0,48.0,11.903999999999999914,0.24799999999999999822,0.37099999999999999644,0.30468912756347765746,0.31733333333333330061,0.31979999999999997317,193273528320.0,11596412928.0,3865470976.0,805306368.0,37748736.0,300000000000.0,150000000000.0,150000000000.0,0.5,0.50260000000000004671,60000000000.0,0.0,7516192768.0,858693632.0,0.13270664215087890625,0.0,0.0,0.0,355.0,3.0,0.00029999999999999997371,77.0,103125000.0,225000000.0,4125000.0,9000000.0,231177426.0,7933006503.0,172800000.0,691200000.0,6912000.0,27648000.0,56506174464.0,347048878080.0,16.875,0.27000000000000001776,114.0,334.0,NULL,NULL,NULL,NULL,0.0,0.0,0.0,0.0,14.0,0.0,0.0,0.0,0.0,0.0,0.0,0.95969289827255277458,0.0,0.0,NULL,13.0,13.0,0.0,0.0,0.0,25.0,0.0,0.0,0.0,13.0,13.0,25.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,4.0,94.0,12800.0,512.0,0.0,0.0);
CREATE TABLE node_snapshots (
    cluster_id   INTEGER NOT NULL REFERENCES clusters (id),
    node         TEXT    NOT NULL,
    collected_at INTEGER NOT NULL,
    instance     TEXT,
    role         TEXT,
    version      TEXT, "alive" REAL, "reachable" REAL, "scrape_seconds" REAL, "started_at" REAL, "cpu_used_ratio" REAL, "memory_used_ratio" REAL, "process_memory_bytes" REAL, "disk_used_ratio" REAL, "disk_total_bytes" REAL, "tablets" REAL, "queries_running" REAL, "queries_per_second" REAL, "jvm_heap_used_ratio" REAL,
    PRIMARY KEY (cluster_id, node, collected_at)
) STRICT, WITHOUT ROWID;
INSERT INTO node_snapshots VALUES(1,'be:100001',1795314538000,'127.0.0.10:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.32381239200000000444,1795310938.0,0.27300000000000002042,0.32250000000000000888,3865470976.0,0.5,100000000000.0,0.0,1.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100001',1795314563000,'127.0.0.10:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00061847200000000001045,1795310938.0,0.12399999999999999911,0.321400000000000019,3865470976.0,0.50239999999999995772,100000000000.0,112.0,1.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100001',1795314588000,'127.0.0.10:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00066921500000000002251,1795310938.0,0.18800000000000000044,0.31979999999999997317,3865470976.0,0.5024999999999999467,100000000000.0,112.0,1.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100002',1795314538000,'127.0.0.11:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.27331838699999999597,1795310938.0,0.26200000000000001065,0.3240999999999999992,3865470976.0,0.5,100000000000.0,0.0,2.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100002',1795314563000,'127.0.0.11:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00072054300000000002981,1795310938.0,0.35899999999999998578,0.31350000000000000088,3865470976.0,0.5024999999999999467,100000000000.0,111.0,2.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100002',1795314588000,'127.0.0.11:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00096486300000000004874,1795310938.0,0.37099999999999999644,0.31940000000000001723,3865470976.0,0.50260000000000004671,100000000000.0,111.0,2.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100003',1795314538000,'127.0.0.12:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.27419498500000000218,1795310938.0,0.18800000000000000044,0.31809999999999999387,3865470976.0,0.5,100000000000.0,0.0,3.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100003',1795314563000,'127.0.0.12:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00058096999999999998903,1795310938.0,0.35599999999999998312,0.32569999999999998951,3865470976.0,0.50219999999999997974,100000000000.0,111.0,3.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'be:100003',1795314588000,'127.0.0.12:18040','BACKEND','4.0.0-37c7c51',1.0,1.0,0.00032289800000000001096,1795310938.0,0.18499999999999999777,0.31280000000000002247,3865470976.0,0.50229999999999996873,100000000000.0,111.0,3.0,NULL,NULL);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.1_19010_1795314647872',1795314538000,'127.0.0.1:18030','LEADER','UNKNOWN-UNKNOWN',1.0,1.0,0.12077649799999999602,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.080798943837483719332);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.1_19010_1795314647872',1795314563000,'127.0.0.1:18030','LEADER','UNKNOWN-UNKNOWN',1.0,1.0,0.22738357600000000391,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2.0,0.074242115020751953125);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.1_19010_1795314647872',1795314588000,'127.0.0.1:18030','LEADER','UNKNOWN-UNKNOWN',1.0,1.0,0.0013372779999999999042,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2.0,0.10939836502075195312);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.2_19010_1795314719392',1795314538000,'127.0.0.2:18030','FOLLOWER','UNKNOWN-UNKNOWN',1.0,1.0,0.019440855999999999415,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.10305619239807128906);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.2_19010_1795314719392',1795314563000,'127.0.0.2:18030','FOLLOWER','UNKNOWN-UNKNOWN',1.0,1.0,0.22761649000000000464,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,0.10305619239807128906);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.2_19010_1795314719392',1795314588000,'127.0.0.2:18030','FOLLOWER','UNKNOWN-UNKNOWN',1.0,1.0,0.0004631510000000000249,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1.0,0.10305619239807128906);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.3_19010_1795314719352',1795314538000,'127.0.0.3:18030','OBSERVER','UNKNOWN-UNKNOWN',1.0,1.0,0.018688835000000000863,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.13270664215087890625);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.3_19010_1795314719352',1795314563000,'127.0.0.3:18030','OBSERVER','UNKNOWN-UNKNOWN',1.0,1.0,0.71207851600000005021,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.47999999999999998223,0.13270664215087890625);
INSERT INTO node_snapshots VALUES(1,'fe:127.0.0.3_19010_1795314719352',1795314588000,'127.0.0.3:18030','OBSERVER','UNKNOWN-UNKNOWN',1.0,1.0,0.025464292999999998956,1795314506.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.52000000000000001776,0.13270664215087890625);
CREATE TABLE sample_layouts (
    id     INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO sample_layouts VALUES(1,'[["jvm_young_gc","type","time"],["jvm_old_gc","type","time"],["starrocks_fe_max_journal_id"],["starrocks_fe_request_total"],["starrocks_fe_query_total"],["starrocks_fe_query_err"],["starrocks_fe_query_timeout"],["starrocks_fe_query_success"],["starrocks_fe_slow_query"],["starrocks_fe_query_queue_total"],["starrocks_fe_query_queue_timeout"],["starrocks_fe_load_add"],["starrocks_fe_routine_load_paused"],["starrocks_fe_load_finished"],["starrocks_fe_query_analysis_err"],["starrocks_fe_query_internal_err"],["starrocks_fe_txn_reject"],["starrocks_fe_txn_begin"],["starrocks_fe_txn_success"],["starrocks_fe_txn_failed"],["starrocks_fe_routine_load_rows"],["starrocks_fe_routine_load_error_rows"],["starrocks_fe_editlog_write_latency_ms_count"],["starrocks_fe_query_latency_ms_count"]]');
INSERT INTO sample_layouts VALUES(2,'[["starrocks_be_compaction_bytes_total","type","base"],["starrocks_be_compaction_bytes_total","type","cumulative"],["starrocks_be_compaction_bytes_total","type","update"],["starrocks_be_cpu","mode","idle"],["starrocks_be_cpu","mode","iowait"],["starrocks_be_cpu","mode","irq"],["starrocks_be_cpu","mode","nice"],["starrocks_be_cpu","mode","soft_irq"],["starrocks_be_cpu","mode","steal"],["starrocks_be_cpu","mode","system"],["starrocks_be_cpu","mode","user"],["starrocks_be_disk_bytes_read","device","nvme0n1"],["starrocks_be_disk_bytes_read","device","sda"],["starrocks_be_disk_bytes_read","device","vda"],["starrocks_be_disk_bytes_written","device","nvme0n1"],["starrocks_be_disk_bytes_written","device","sda"],["starrocks_be_disk_bytes_written","device","vda"],["starrocks_be_disk_io_time_ms","device","nvme0n1"],["starrocks_be_disk_io_time_ms","device","sda"],["starrocks_be_disk_io_time_ms","device","vda"],["starrocks_be_engine_requests_total","status","failed","type","base_compaction"],["starrocks_be_engine_requests_total","status","failed","type","clone"],["starrocks_be_engine_requests_total","status","failed","type","cumulative_compaction"],["starrocks_be_engine_requests_total","status","failed","type","publish"],["starrocks_be_engine_requests_total","status","failed","type","schema_change"],["starrocks_be_load_bytes"],["starrocks_be_load_rows"],["starrocks_be_network_receive_bytes","device","eth0"],["starrocks_be_network_send_bytes","device","eth0"],["starrocks_be_page_cache_hit_count"],["starrocks_be_page_cache_lookup_count"],["starrocks_be_query_scan_bytes"],["starrocks_be_streaming_load_requests_total"]]');
INSERT INTO sample_layouts VALUES(3,'[["show_frontends_start_time","instance","127.0.0.3:18030","job","fe","name","127.0.0.3_19010_1795314719352"],["show_frontends_start_time","instance","127.0.0.1:18030","job","fe","name","127.0.0.1_19010_1795314647872"],["show_frontends_start_time","instance","127.0.0.2:18030","job","fe","name","127.0.0.2_19010_1795314719392"]]');
INSERT INTO sample_layouts VALUES(4,'[["show_backends_last_start_time","id","100001","instance","127.0.0.10:18040","job","be"],["show_backends_last_start_time","id","100002","instance","127.0.0.11:18040","job","be"],["show_backends_last_start_time","id","100003","instance","127.0.0.12:18040","job","be"]]');
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
INSERT INTO previous_samples VALUES(1,'be@127.0.0.10:18040','be','127.0.0.10:18040',1795314588000,2,X'00000000000000000000000000000000000000000000000000000000000000787c034100000000000036a44000000000000000000000000000000023d44000000000000032b140000000000000549e40000000000040dbf94000000000008855164100000000000000000000000000000000000000000000d03685114200000000000000000000000000000000000000000000a0bfe93a420000000000000000000000000000000000000000000000b0c5144100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004055e740000000000000e07540000000a001737ae34100000000b02a308e41000000000000e0b540000000000000c9b6400000000030892ba141000000000000002c4000');
INSERT INTO previous_samples VALUES(1,'be@127.0.0.11:18040','be','127.0.0.11:18040',1795314588000,2,X'0000000000000000000000000000000000000000000000000000000000000020e402410000000000002aa64000000000000000000000000000000023d44000000000000096b140000000000000b89e400000000000c019fa400000000000388c16410000000000000000000000000000000000000000000010b58a114200000000000000000000000000000000000000000000e03def3a420000000000000000000000000000000000000000000000d8e814410000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a02ae840000000000000a07640000000a071abb3e3410000000018515f9241000000000000a8b64000000000000099b74000000000f284c8a141000000000000002c4000');
INSERT INTO previous_samples VALUES(1,'be@127.0.0.12:18040','be','127.0.0.12:18040',1795314588000,2,X'00000000000000000000000000000000000000000000000000000000000000c84b02410000000000001ea84000000000000000000000000000000023d440000000000000fab1400000000000001c9f4000000000004058fa400000000000e8c216410000000000000000000000000000000000000000000050339011420000000000000000000000000000000000000000000020bcf43a420000000000000000000000000000000000000000000000000c154100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e940000000000000707740000000a0e1e3ece34100000000d88ca6954100000000000070b7400000000000006ab84000000000b48065a241000000000000002e4000');
INSERT INTO previous_samples VALUES(1,'fe@127.0.0.1:18030','fe','127.0.0.1:18030',1795314588000,1,X'0000000000107840000000000000000000000000000000206540000000000000e06440000000000000805940000000000000002240000000000000000000000000000000405740000000000000000000000000000000000000000000000000000000000000000000003940000000000000000000000000000000003940000000000000002240000000000000000000000000000000000000000000000000003940000000000000003940000000000000000000000000000000000000000000000000000000000000000000e0644000000000000040574000');
INSERT INTO previous_samples VALUES(1,'fe@127.0.0.2:18030','fe','127.0.0.2:18030',1795314588000,1,X'0000000000f0824000000000000000000000000000000000654000000000000080534000000000000000494000000000000000104000000000000000000000000000000000474000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000104000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000474000');
INSERT INTO previous_samples VALUES(1,'fe@127.0.0.3:18030','fe','127.0.0.3:18030',1795314588000,1,X'000000000000714000000000000000000000000000000000654000000000000080434000000000000000394000000000000000004000000000000000000000000000000000374000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000374000');
INSERT INTO previous_samples VALUES(1,'show_backends','','',1795314588000,4,X'0000805691c0da41000000805691c0da41000000805691c0da4100');
INSERT INTO previous_samples VALUES(1,'show_frontends','','',1795314588000,3,X'000080d294c0da4100000080d294c0da4100000080d294c0da4100');
CREATE INDEX previous_samples_by_layout ON previous_samples (layout_id);
CREATE VIEW snapshots AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, metrics_snapshots.*
FROM metrics_snapshots JOIN clusters ON clusters.id = cluster_id;
CREATE VIEW clusters_latest AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, metrics_snapshots.*
FROM clusters JOIN metrics_snapshots ON metrics_snapshots.cluster_id = clusters.id AND collected_at = last_collected_at;
CREATE VIEW nodes_latest AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', collected_at / 1000, 'unixepoch') AS time, node_snapshots.*
FROM clusters JOIN node_snapshots ON node_snapshots.cluster_id = clusters.id AND collected_at = last_collected_at;
CREATE VIEW fetches AS
SELECT clusters.name AS cluster, strftime('%Y-%m-%dT%H:%M:%SZ', attempts.started_at / 1000, 'unixepoch') AS time,
       job, instance, url, run_id, attempts.duration_ms, bytes, attempts.samples, kept, rejected, error, mended
FROM attempts JOIN endpoints ON endpoints.id = endpoint_id JOIN clusters ON clusters.id = cluster_id;
COMMIT;
