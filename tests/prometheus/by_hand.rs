//! Expressions and pieces of them that are put to a real Prometheus.

/// Every function and aggregation once at least, and what of their rules chance would not meet.
pub const BY_HAND: &str = r#"
    abs(starrocks_fe_connection_total - 1e9)
    absent(nothing{a="1", b!="2", c=~"3"})
    absent(up)
    absent_over_time(nothing{a="1", a="2", b="3"}[5m])
    absent_over_time(up[5m])
    acos(up / 2)
    acosh(up + 1)
    asin(up / 2)
    asinh(up - 0.5)
    atan(up)
    atanh(up / 2)
    avg_over_time(jvm_heap_size_bytes[1m])
    ceil(up / 3)
    changes(show_backends_last_start_time[6m])
    clamp(jvm_thread, 10, 20)
    clamp(jvm_thread, NaN, 20)
    clamp_max(jvm_thread, 20)
    clamp_min(jvm_thread, 20)
    cos(up)
    cosh(up)
    count_over_time(up[6m])
    day_of_month()
    day_of_month(vector(-86401))
    day_of_week()
    day_of_week(vector(951782400))
    day_of_year()
    day_of_year(vector(951782400))
    days_in_month()
    days_in_month(vector(951782400))
    deg(up)
    delta(jvm_heap_size_bytes[6m])
    deriv(jvm_heap_size_bytes[6m])
    deriv(up[30s])
    exp(up)
    floor(up / 3)
    hour()
    hour(vector(-1))
    idelta(jvm_heap_size_bytes[6m])
    increase(starrocks_be_disk_bytes_written[2m])
    irate(starrocks_be_disk_bytes_written[2m])
    label_join(up, "joined", "-", "job", "nowhere", "instance")
    label_join(up, "job", "")
    label_join(up, "joined", ",", "__name__", "job")
    label_replace(up, "host", "$1", "instance", "(.*):.*")
    label_replace(up, "__name__", "down_$1", "job", "(.*)")
    label_replace(up, "__name__", "", "job", ".*")
    label_replace(up, "job", "$1", "job", "f|b")
    label_replace(up, "a", "${x}-$x-$1x-$01-$-$$1-${1", "job", "(?P<x>.).*")
    label_replace(up, "instance", "all", "instance", ".*")
    last_over_time(up[6m])
    ln(jvm_thread)
    log10(jvm_thread)
    log2(jvm_thread)
    max_over_time(jvm_heap_size_bytes[6m])
    min_over_time(jvm_heap_size_bytes[6m])
    minute()
    minute(vector(59.9))
    month()
    month(vector(-1))
    pi()
    pi() * up
    predict_linear(jvm_heap_size_bytes[6m], 3600)
    predict_linear(jvm_heap_size_bytes[6m] offset 1m, 3600)
    predict_linear(jvm_heap_size_bytes[6m] @ PINNED, time() - PINNED)
    present_over_time(up[6m])
    quantile_over_time(0.3, jvm_heap_size_bytes[6m])
    quantile_over_time(scalar(sum(up)) / 10, jvm_heap_size_bytes[6m])
    rad(up)
    rate(starrocks_be_network_send_bytes{device!="lo"}[2m])
    resets(process_uptime[6m])
    round(jvm_heap_size_bytes, 1e6)
    round(up / 3, 0.1)
    scalar(sum(up))
    scalar(up)
    sgn(jvm_thread - 20)
    sin(up)
    sinh(up)
    sort(jvm_heap_size_bytes)
    sort_desc(jvm_heap_size_bytes)
    sqrt(jvm_thread)
    stddev_over_time(jvm_heap_size_bytes[6m])
    stdvar_over_time(jvm_heap_size_bytes[6m])
    sum_over_time(jvm_heap_size_bytes[6m])
    tan(up)
    tanh(up)
    time()
    timestamp(up)
    timestamp((up))
    timestamp(+up)
    timestamp(up @ PINNED)
    timestamp(up offset 1m)
    timestamp(sum(up))
    vector(1.5)
    year()
    year(vector(-62135596801))
    year(vector(1e15))
    year(-vector(1e15))
    sum(jvm_thread)
    avg by (type) (jvm_thread)
    min without (instance) (jvm_thread)
    max by (job, nowhere) (jvm_thread)
    count(jvm_thread)
    group by (job) (jvm_thread)
    stddev by (type) (jvm_heap_size_bytes)
    stdvar(jvm_heap_size_bytes)
    quantile by (type) (0.25, jvm_heap_size_bytes)
    quantile(NaN, jvm_heap_size_bytes)
    quantile(-0.1, jvm_heap_size_bytes)
    quantile(1.1, jvm_heap_size_bytes)
    count_values("value", up)
    count_values by (job) ("job", up)
    count_values without (instance) ("value", up / 0)
    count_values without (value) ("value", up)
    count_values by (__name__) ("job", up)
    count_values(("value"), up * 1e21)
    count_values("value", up * 1e-7)
    topk(3, starrocks_be_network_send_bytes)
    topk by (instance) (1, starrocks_be_network_send_bytes)
    topk(scalar(count(up)) / 2, starrocks_be_network_send_bytes)
    topk(0.9, up)
    topk(NaN, up)
    topk(Inf, up)
    bottomk(3, starrocks_be_network_send_bytes > 0)
    bottomk without (device) (1, starrocks_be_network_send_bytes > 0)
    bottomk(9223372036854775807, up)
    count(topk(100, up / 0) > 0)
    up + on(instance) group_left(role) show_frontends_info
    (up == 1) + on(instance) group_left(__name__) count by (instance, __name__) (show_frontends_alive)
    (up == 1) == on(instance) group_left(__name__) count by (instance, __name__) (show_frontends_alive)
    up * on(instance) +show_frontends_alive
    up * ignoring(name, id) -up
    +up
    - + - up
    --up
    -up ^ 2
    +up ^ +2
    2 ^ -1
    -2 ^ 2
    2 ^ 3 ^ 2
    1 + 2 * 3 % 2 atan2 1
    sum(up) by (job) - sum(up) by (job)
    -(up atan2 up)
    -(1 atan2 up)
    3 == bool 3
    up > bool on(instance, job) up
    up == 1 or up != 1 and up
    up unless on(job) show_frontends_alive
    {__name__=~"up|jvm_thread", job="fe"}
    {job="fe", __name__!="up", __name__=~"u.*"}
    abs({__name__=~"show_(back|front)ends_alive"})
    rate({__name__=~"starrocks_be_network_send_bytes|starrocks_be_disk_bytes_written", instance!=""}[2m])
    max_over_time({job="be", mode="idle"}[2m])
    up @ PINNED
    up @ start()
    up offset 1m @ end()
    up @ -1
    max_over_time(jvm_thread[6m] @ PINNED offset -30s)
    sum(rate(starrocks_be_cpu[1m] @ PINNED)) + time()
    0755 + 0x1F + 1e3 + .5 + 08
    "text" == "text"
    -"text"
    +"text"
    max_over_time(+up[5m])
    exp(1)
    ln(NaN)
    exp(Inf)
    up + on(a) 1
    up + on() 1
    on + up
    by + 1
    sum by (on, bool, by) (up)
    "#;

/// The names of all functions and aggregations that are supported, as they begin in the list above.
pub const SUPPORTED: &str = "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp \
    clamp_max clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp \
    floor hour idelta increase irate label_join label_replace last_over_time ln log10 log2 max_over_time min_over_time \
    minute month pi predict_linear present_over_time quantile_over_time rad rate resets round scalar sgn sin sinh sort \
    sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh time timestamp vector year sum avg min max \
    count group stddev stdvar quantile count_values topk bottomk";

/// `Q` stands for the quantile, `B` for each of the histograms. A rate is that of old counters only.
pub const OF_HISTOGRAMS: &str = r#"
    histogram_quantile(Q, B)
    histogram_quantile(Q, delta(B[85s]))
    histogram_quantile(Q, irate(B[85s]))
    histogram_quantile(Q, rate(B[85s]) and count_over_time(B[85s]) == 5)
    histogram_quantile(Q, sum by (le) (B))
    histogram_quantile(Q, sum by (le, test_name) (B))
    histogram_quantile(Q, sum without (test_name, table) (delta(B[85s])))
    histogram_quantile(Q, B{le!="+Inf"})
    histogram_quantile(Q, B{le=~"[+]Inf"})
    histogram_quantile(Q, B{le=~"0.1|[+]Inf"})
    histogram_quantile(Q, label_replace(B, "le", "wide", "le", "0.1"))
    histogram_quantile(Q, label_replace(B, "le", "1", "le", "0.5"))
    histogram_quantile(Q, label_replace(B, "le", "-$1", "le", "(0.*)"))
    histogram_quantile(Q, -B)
    histogram_quantile(Q, B - ignoring(le) group_left() B{le="+Inf"})
    histogram_quantile(Q, B * 0)
    histogram_quantile(Q, B * NaN)
    histogram_quantile(Q, {__name__=~".*_bucket"})
    histogram_quantile(Q, 1000 - B)
    "#;

/// Pieces of the language, so put that one in some hundreds of random rows of them is an expression. Left out is what
/// Prometheus of version 2 did not take yet: durations as numbers and the other way round, underscores in numbers, names in quotes.
pub const PIECES: &str = r#"x v up sum count topk and or unless atan2 by without on ignoring bool start end group_left
    ( ( ( ) ) ) ( ) , , { } {a="b"} {a="b",d!=""} {} {a=""} {__name__="x"} {__name__!~"x"} [5m] [0s] + - * / % ^ == !=
    <= < = =~ 1 0x1F 08 0755 .5 1e3 1e 1..2 Inf nan "a" 'b' `c` "\x41" "\q" @ @ 5 -5 start() end() rate( abs( time() pi()
    exp( vector( scalar( label_join( timestamp( absent( (a) (a,b) (a,) (,) x:y :x x{ # e9 offset~5m a[ ] a_b $ ! ~ é 5q"#;
