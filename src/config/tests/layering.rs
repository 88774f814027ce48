//! Defaults, precedence and what each layer may hold.

use std::collections::HashSet;
use std::time::Duration;

use super::*;

#[test]
fn r49_defaults_are_the_documented_ones() {
    let rows = Config::load(&Sources::default()).unwrap().rows;
    let shown: Vec<(&str, &str)> = rows.iter().map(|row| (row.key, row.value.as_deref().unwrap_or("-"))).collect();
    let documented = [
        ("http.bind", "127.0.0.1:8080"),
        ("http.max_body", "2097152"),
        ("http.max_connections", "1024"),
        ("http.header_timeout", "10s"),
        ("http.body_timeout", "30s"),
        ("http.write_timeout", "30s"),
        ("http.drain_delay", "0s"),
        ("http.max_depth", "64"),
        ("http.api_keys", "-"),
        ("http.api_keys_file", "-"),
        ("http.allowed_hosts", "-"),
        ("http.dashboard", "true"),
        ("http.rate_limit", "-"),
        ("http.trust_forwarded", "false"),
        ("http.max_queue_depth", "-"),
        ("http.max_in_flight", "512"),
        ("http.max_connections_per_address", "-"),
        ("store.connection", "sqlite"),
        ("store.codec", "json"),
        ("store.connections", "-"),
        ("store.data_dir", "data"),
        ("store.connection_timeout", "5s"),
        ("store.max_connection_retries", "3"),
        ("store.circuit_breaker_threshold", "5"),
        ("store.circuit_recovery_timeout", "30s"),
        ("redis.enabled", "-"),
        ("redis.url", "-"),
        ("redis.host", "localhost"),
        ("redis.port", "6379"),
        ("redis.db", "0"),
        ("redis.password", "-"),
        ("redis.key_prefix", "journeyman:"),
        ("redis.allow_eviction", "false"),
        ("database.enabled", "-"),
        ("database.url", "-"),
        ("database.host", "localhost"),
        ("database.port", "3306"),
        ("database.name", "-"),
        ("database.user", "-"),
        ("database.pass", "-"),
        ("database.pool_size", "8"),
        ("database.auto_migrate", "false"),
        ("queue.priorities", "high_priority=high,low_priority=low"),
        ("queue.per_type", "false"),
        ("worker.pools", "default=2,high_priority=3,low_priority=1"),
        ("worker.count", "5"),
        ("worker.queues", "high_priority,default,low_priority"),
        ("worker.all_queues", "true"),
        ("worker.priority_mode", "strict"),
        ("worker.priority_weights", "critical=8,high=4,normal=2,low=1"),
        ("worker.aging_after", "-"),
        ("worker.thread_pool_size", "20"),
        ("worker.max_requeue_attempts", "3"),
        ("worker.work_timeout", "30s"),
        ("worker.grace_shutdown_period", "5s"),
        ("worker.sleep", "3s"),
        ("worker.lease", "10s"),
        ("worker.heartbeat", "3s"),
        ("worker.max_crashes", "3"),
        ("worker.max_tries", "-"),
        ("worker.timeout", "-"),
        ("worker.max_jobs", "-"),
        ("worker.max_time", "-"),
        ("worker.memory", "-"),
        ("retention.backup_ttl", "7days"),
        ("retention.max_records", "100000"),
        ("audit.retention", "90days"),
        ("tables.url", "-"),
        ("tables.allow", ""),
        ("tables.from_api", "false"),
        ("tables.connections", "10"),
        ("callbacks.timeout", "10s"),
        ("callbacks.hosts", "-"),
        ("callbacks.allow_private", "false"),
        ("callbacks.ca_file", "-"),
        ("callbacks.from_api", "false"),
        ("logging.level", "info"),
        ("logging.format", "text"),
        ("metrics.enabled", "true"),
        ("metrics.log_threshold", "0.1"),
        ("metrics.log_interval", "10s"),
        ("metrics.open", "false"),
        ("metrics.bind", "-"),
        ("security.keys", "-"),
        ("examples", "-"),
    ];
    assert_eq!(shown, documented);
    assert!(rows.iter().all(|row| row.origin == Origin::Default && !row.doc.is_empty()));
}

#[test]
fn r49_every_setting_has_a_key_and_a_variable_of_its_own() {
    let rows = Config::load(&Sources::default()).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.key).collect::<HashSet<_>>().len(), rows.len());
    assert_eq!(rows.iter().map(|row| row.env).collect::<HashSet<_>>().len(), rows.len());
}

#[test]
fn r49_each_layer_overrides_the_one_below_and_is_reported() {
    let (_directory, mut sources) = file("[worker]\ncount = 6\n");
    let path = sources.file.clone().unwrap();
    let seen = |sources: &Sources| {
        let Loaded { config, rows } = Config::load(sources).unwrap();
        let row = rows.into_iter().find(|row| row.key == "worker.count").unwrap();
        assert_eq!(row.value, Some(config.worker.count.to_string()));
        (config.worker.count, row.origin)
    };
    assert_eq!(seen(&Sources::default()), (5, Origin::Default));
    assert_eq!(seen(&sources), (6, Origin::File(path)));
    sources.dotenv = pairs(&[("WORKER_COUNT", "7"), ("WORKER_COUNT", "70")]);
    assert_eq!(seen(&sources), (7, Origin::DotEnv("WORKER_COUNT")));
    sources.environment = pairs(&[("WORKER_COUNT", "8")]);
    assert_eq!(seen(&sources), (8, Origin::Environment("WORKER_COUNT")));
    sources.flags = vec![flag("worker.count", "--workers", "90"), flag("worker.count", "--workers", "9")];
    assert_eq!(seen(&sources), (9, Origin::Flag("--workers".to_owned())));
}

#[test]
fn r50_an_empty_variable_counts_as_unset() {
    let mut sources = environment(&[("REDIS_PASSWORD", ""), ("WORKER_COUNT", " ")]);
    sources.dotenv = pairs(&[("REDIS_HOST", ""), ("WORKER_COUNT", "7")]);
    let config = load(&sources);
    assert_eq!(config.redis.url().expose(), "redis://localhost:6379/0");
    assert_eq!(config.worker.count, 7);
}

#[test]
fn r49_an_empty_flag_takes_away_an_optional_value() {
    let mut sources = environment(&[("REDIS_PASSWORD", "canary")]);
    sources.flags = vec![flag("redis.password", "--redis-password", "")];
    assert_eq!(load(&sources).redis.password, None);
}

#[test]
fn r49_the_file_takes_texts_numbers_truths_and_arrays() {
    let (_directory, sources) = file(
        "examples = true\n[http]\nheader_timeout = 0.5\nbody_timeout = '2m'\nmax_depth = 10\n\
         [worker]\nqueues = ['b', 'a']\ncount = '12'\n",
    );
    let config = load(&sources);
    assert_eq!(config.examples, Some(true));
    assert_eq!(config.http.header_timeout, Duration::from_millis(500));
    assert_eq!(config.http.body_timeout, Duration::from_secs(120));
    assert_eq!(config.worker.queues.iter().map(|queue| queue.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(config.worker.count, 12);
}

#[test]
fn r50_the_database_address_is_built_from_its_parts_or_given_whole() {
    let url = |given: &[(&str, &str)]| load(&environment(given)).database.url().expose().to_owned();
    let parts =
        [("DB_HOST", "::1"), ("DB_PORT", "3307"), ("DB_NAME", "my jobs"), ("DB_USER", "a@b"), ("DB_PASS", "x/y:z")];
    assert_eq!(url(&parts), "mysql://a%40b:x%2Fy%3Az@[::1]:3307/my%20jobs");
    assert_eq!(load(&environment(&parts)).database.masked_url(), "mysql://a%40b:***@[::1]:3307/my%20jobs");
    let whole = [&parts[..], &[("DATABASE_URL", "postgres://u:p@db/jobs")]].concat();
    assert_eq!(url(&whole), "postgres://u:p@db/jobs");
}

#[test]
fn r50_the_redis_address_is_built_from_its_parts_or_given_whole() {
    let url = |given: &[(&str, &str)]| load(&environment(given)).redis.url().expose().to_owned();
    assert_eq!(url(&[]), "redis://localhost:6379/0");
    let parts = [("REDIS_HOST", "::1"), ("REDIS_PORT", "6380"), ("REDIS_DB", "2"), ("REDIS_PASSWORD", "a:b@c/d%ä ")];
    assert_eq!(url(&parts), "redis://:a%3Ab%40c%2Fd%25%C3%A4%20@[::1]:6380/2");
    assert_eq!(url(&[("REDIS_HOST", "other"), ("REDIS_URL", "rediss://u:p@cache:1/3")]), "rediss://u:p@cache:1/3");

    let config = load(&environment(&parts));
    assert_eq!(config.redis.masked_url(), "redis://:***@[::1]:6380/2");
}

#[test]
fn r46_zero_means_no_limit() {
    let variables = [
        ("JOURNEYMAN_WORKER_MAX_JOBS", "0"),
        ("JOURNEYMAN_WORKER_MAX_TIME", "0"),
        ("JOURNEYMAN_WORKER_MEMORY", "0"),
        ("JOURNEYMAN_WORKER_MAX_TRIES", "0"),
        ("JOURNEYMAN_WORKER_TIMEOUT", "0"),
    ];
    let worker = load(&environment(&variables)).worker;
    assert_eq!((worker.max_jobs, worker.max_time, worker.memory), (None, None, None));
    // These two replace what each job says, so their 0 has to stay.
    assert_eq!((worker.max_tries, worker.timeout), (Some(0), Some(Duration::ZERO)));
}
