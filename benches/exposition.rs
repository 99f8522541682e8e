//! What a page costs, beside the cheapest thing that can be done with it: counting its line breaks.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stellar::exposition::{Format, Wanted, parse};

/// About what a catalogue reads.
const NAMES: [&str; 120] = [
    "jvm_direct_buffer_pool_size_bytes",
    "jvm_heap_size_bytes",
    "jvm_non_heap_size_bytes",
    "jvm_old_gc",
    "jvm_old_size_bytes",
    "jvm_thread",
    "jvm_young_gc",
    "node_info",
    "starrocks_be_compaction_bytes_total",
    "starrocks_be_compaction_mem_bytes",
    "starrocks_be_cpu",
    "starrocks_be_datacache_mem_bytes",
    "starrocks_be_disk_bytes_read",
    "starrocks_be_disk_bytes_written",
    "starrocks_be_disk_io_time_ms",
    "starrocks_be_disk_reads_completed",
    "starrocks_be_disk_writes_completed",
    "starrocks_be_disks_avail_capacity",
    "starrocks_be_disks_data_used_capacity",
    "starrocks_be_disks_state",
    "starrocks_be_disks_total_capacity",
    "starrocks_be_engine_requests_total",
    "starrocks_be_io_read_bytes",
    "starrocks_be_io_write_bytes",
    "starrocks_be_jemalloc_resident_bytes",
    "starrocks_be_load_bytes",
    "starrocks_be_load_channel_count",
    "starrocks_be_load_mem_bytes",
    "starrocks_be_load_rows",
    "starrocks_be_max_disk_io_util_percent",
    "starrocks_be_max_network_receive_bytes_rate",
    "starrocks_be_max_network_send_bytes_rate",
    "starrocks_be_max_tablet_rowset_num",
    "starrocks_be_memtable_flush_disk_bytes_total",
    "starrocks_be_memtable_flush_total",
    "starrocks_be_network_receive_bytes",
    "starrocks_be_network_receive_packets",
    "starrocks_be_network_send_bytes",
    "starrocks_be_network_send_packets",
    "starrocks_be_page_cache_hit_count",
    "starrocks_be_page_cache_lookup_count",
    "starrocks_be_pip_query_ctx_cnt",
    "starrocks_be_process_fd_num_used",
    "starrocks_be_process_mem_bytes",
    "starrocks_be_process_thread_num",
    "starrocks_be_query_mem_bytes",
    "starrocks_be_query_scan_bytes",
    "starrocks_be_query_scan_bytes_per_second",
    "starrocks_be_query_scan_rows",
    "starrocks_be_routine_load_task_count",
    "starrocks_be_running_base_compaction_task_num",
    "starrocks_be_running_cumulative_compaction_task_num",
    "starrocks_be_running_update_compaction_task_num",
    "starrocks_be_snmp",
    "starrocks_be_storage_page_cache_mem_bytes",
    "starrocks_be_stream_load",
    "starrocks_be_streaming_load_bytes",
    "starrocks_be_streaming_load_current_processing",
    "starrocks_be_streaming_load_requests_total",
    "starrocks_be_tablet_base_max_compaction_score",
    "starrocks_be_tablet_cumulative_max_compaction_score",
    "starrocks_be_tablet_metadata_mem_bytes",
    "starrocks_be_tablet_update_max_compaction_score",
    "starrocks_be_transaction_streaming_load_current_processing",
    "starrocks_be_txn_request",
    "starrocks_be_update_mem_bytes",
    "starrocks_be_update_primary_index_bytes_total",
    "starrocks_fe_brpc_exec_plan_fragment_error",
    "starrocks_fe_connection_total",
    "starrocks_fe_database_num",
    "starrocks_fe_db_size_bytes",
    "starrocks_fe_edit_log_size_bytes",
    "starrocks_fe_edit_log_write",
    "starrocks_fe_editlog_stacked_num",
    "starrocks_fe_editlog_write_latency_ms",
    "starrocks_fe_image_push",
    "starrocks_fe_image_write",
    "starrocks_fe_job",
    "starrocks_fe_load_add",
    "starrocks_fe_load_finished",
    "starrocks_fe_max_journal_id",
    "starrocks_fe_max_tablet_compaction_score",
    "starrocks_fe_merge_commit_task_fail_num",
    "starrocks_fe_meta_log_count",
    "starrocks_fe_qps",
    "starrocks_fe_query_analysis_err",
    "starrocks_fe_query_err",
    "starrocks_fe_query_internal_err",
    "starrocks_fe_query_latency_ms",
    "starrocks_fe_query_latency_ms_count",
    "starrocks_fe_query_latency_ms_sum",
    "starrocks_fe_query_queue_pending",
    "starrocks_fe_query_queue_slot_pending",
    "starrocks_fe_query_queue_slot_running",
    "starrocks_fe_query_queue_timeout",
    "starrocks_fe_query_queue_total",
    "starrocks_fe_query_success",
    "starrocks_fe_query_timeout",
    "starrocks_fe_query_total",
    "starrocks_fe_request_total",
    "starrocks_fe_routine_load_error_rows",
    "starrocks_fe_routine_load_jobs",
    "starrocks_fe_routine_load_paused",
    "starrocks_fe_routine_load_receive_bytes",
    "starrocks_fe_routine_load_rows",
    "starrocks_fe_rps",
    "starrocks_fe_safe_mode",
    "starrocks_fe_scheduled_tablet_num",
    "starrocks_fe_slow_query",
    "starrocks_fe_table_num",
    "starrocks_fe_tablet_count",
    "starrocks_fe_txn_begin",
    "starrocks_fe_txn_failed",
    "starrocks_fe_txn_reject",
    "starrocks_fe_txn_running",
    "starrocks_fe_txn_success",
    "starrocks_fe_unfinished_backup_job",
    "starrocks_fe_unfinished_restore_job",
    "starrocks_fe_vacuum_files_bytes",
    "starrocks_fe_vacuum_files_count",
];

fn pages(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/starrocks");
    let some = Wanted::new(NAMES);
    let all = Wanted::everything();
    for (label, file) in [
        ("frontend", "21_live_series/metrics_12.body"),
        ("frontend with tables", "50_mv_rg_tables/metrics_table_all.body"),
        ("backend", "be_metrics_1.txt"),
    ] {
        let page = match std::fs::read(folder.join(file)) {
            Ok(page) => page,
            Err(error) => panic!("cannot read `{file}`: {error}"),
        };
        let samples = parse(&page, Format::Prometheus, &all).report.samples;
        let mut group = criterion.benchmark_group(label);
        // Elements are sample lines: a thousand divided by the figure in Melem/s is nanoseconds a line.
        group.throughput(Throughput::Elements(samples));
        group.bench_function("line breaks", |bencher| {
            bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&page)).count());
        });
        group.bench_function("wanted names", |bencher| {
            bencher.iter(|| parse(black_box(&page), Format::Prometheus, &some));
        });
        group.bench_function("every name", |bencher| {
            bencher.iter(|| parse(black_box(&page), Format::Prometheus, &all));
        });
        group.finish();
    }
}

criterion_group!(benches, pages);
criterion_main!(benches);
