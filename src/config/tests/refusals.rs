//! Every kind of mistake and the sentence it is answered with.

use std::time::Duration;

use super::*;

#[test]
fn r49_an_error_names_key_value_origin_and_rule() {
    for (variable, value, sentence) in [
        (
            "WORKER_COUNT",
            "abc",
            "worker.count is \"abc\" (from environment WORKER_COUNT): give a whole number from 1 to 10000",
        ),
        (
            "WORKER_COUNT",
            "0",
            "worker.count is \"0\" (from environment WORKER_COUNT): give a whole number from 1 to 10000",
        ),
        (
            "GRACE_SHUTDOWN_PERIOD",
            "soon",
            "worker.grace_shutdown_period is \"soon\" (from environment GRACE_SHUTDOWN_PERIOD): \
             give a duration from 0s to 1day, as seconds (2.5) or with units (30s, 5m)",
        ),
        (
            "QUEUE_WORKER_QUEUES",
            "a,b c",
            "worker.queues is \"a,b c\" (from environment QUEUE_WORKER_QUEUES): \
             queue name \"b c\" contains ' ': only A-Z a-z 0-9 . _ - are allowed",
        ),
        (
            "JOURNEYMAN_BIND",
            "localhost",
            "http.bind is \"localhost\" (from environment JOURNEYMAN_BIND): \
             give an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080",
        ),
        (
            "QUEUE_CONNECTION",
            "kafka",
            "store.connection is \"kafka\" (from environment QUEUE_CONNECTION): \
             give one of sqlite, redis, database, memory, sync, null",
        ),
        (
            "JOURNEYMAN_DATA_DIR",
            "a\u{fffd}",
            "store.data_dir is \"a\u{fffd}\" (from environment JOURNEYMAN_DATA_DIR): give a text in UTF-8",
        ),
    ] {
        assert_eq!(errors(&environment(&[(variable, value)])), [sentence]);
    }
}

#[test]
fn r34_every_connection_goes_by_its_name_in_any_case() {
    for (name, connection) in [
        ("sqlite", Connection::Sqlite),
        ("Redis", Connection::Redis),
        ("memory", Connection::Memory),
        ("SYNC", Connection::Sync),
        ("null", Connection::Null),
    ] {
        assert_eq!(load(&environment(&[("QUEUE_CONNECTION", name)])).store.connection, connection);
    }
    let database = [("QUEUE_CONNECTION", "Database"), ("DATABASE_URL", "postgres://ann@db/jobs")];
    assert_eq!(load(&environment(&database)).store.connection, Connection::Database);
}

#[test]
fn r49_all_errors_are_told_at_once() {
    let (_directory, mut sources) = file("[http]\nmax_body = 99999999\n[worker]\ncuont = 1\nheartbeat = 9\n");
    sources.environment = pairs(&[("REDIS_PORT", "x"), ("LOG_LEVEL", "loud")]);
    sources.dotenv = pairs(&[("BACKUP_TTL", "-1")]);
    sources.flags = vec![flag("examples", "--examples", "perhaps")];
    let errors = errors(&sources);
    let keys = ["http.max_body", "redis.port", "retention.backup_ttl", "logging.level", "examples", "worker.heartbeat"];
    for key in keys {
        assert!(errors.iter().any(|error| error.starts_with(&format!("{key} is "))), "{key}: {errors:#?}");
    }
    assert_eq!(errors.len(), keys.len() + 1);
    assert_eq!(Config::load(&sources).unwrap_err().to_string().lines().count(), errors.len());
}

#[test]
fn r49_unknown_keys_of_the_file_get_a_suggestion() {
    for (text, sentence) in [
        ("worker.cuont = 1", "unknown key worker.cuont in journeyman.toml: did you mean worker.count?"),
        ("[http]\nmaxbody = 1", "unknown key http.maxbody in journeyman.toml: did you mean http.max_body?"),
        ("worker_count = 1", "unknown key worker_count in journeyman.toml: did you mean worker.count?"),
        ("key_prefix = 'x'", "unknown key key_prefix in journeyman.toml: did you mean redis.key_prefix?"),
        ("[elephants]\nin_the_room = 1", "unknown key elephants.in_the_room in journeyman.toml"),
    ] {
        let (_directory, sources) = file(text);
        assert_eq!(errors(&sources), [sentence]);
    }
}

#[test]
fn r49_a_flag_for_no_setting_is_an_error() {
    let sources = Sources { flags: vec![flag("worker.cout", "--cout", "1")], ..Sources::default() };
    assert_eq!(errors(&sources), ["--cout sets worker.cout, which is no setting: did you mean worker.count?"]);
}

#[test]
fn r49_a_value_of_the_wrong_shape_is_an_error() {
    let (_directory, array) = file("worker.count = [1, 2]");
    let sentence = "worker.count is \"1,2\" (from file journeyman.toml): give one value, not an array";
    assert_eq!(errors(&array), [sentence]);
    for text in ["worker.count = 2024-01-01", "worker.queues = [['a']]", "[[worker.queues]]\na = 1"] {
        let (_directory, sources) = file(text);
        let [error] = &errors(&sources)[..] else { panic!("one error expected") };
        assert!(error.contains(" in journeyman.toml has no usable type"), "{error}");
    }
}

#[test]
fn p11_a_drain_delay_leaves_some_of_the_grace_period() {
    let grace = |delay| environment(&[("GRACE_SHUTDOWN_PERIOD", "2"), ("JOURNEYMAN_HTTP_DRAIN_DELAY", delay)]);
    let sentence = "http.drain_delay is \"2s\" (from environment JOURNEYMAN_HTTP_DRAIN_DELAY) and \
                    worker.grace_shutdown_period is \"2s\" (from environment GRACE_SHUTDOWN_PERIOD): \
                    give a delay shorter than the grace period, 2s, or a longer grace period";
    assert_eq!(errors(&grace("2")), [sentence]);
    assert_eq!(load(&grace("1.9")).http.drain_delay, Duration::from_millis(1900));
    // A grace period of nothing is for whoever wants none of this.
    load(&environment(&[("GRACE_SHUTDOWN_PERIOD", "0")]));
}

#[test]
fn r49_a_heartbeat_is_at_most_a_third_of_the_lease() {
    let (_directory, mut sources) = file("[worker]\nlease = 10\n");
    sources.environment = pairs(&[("JOURNEYMAN_WORKER_HEARTBEAT", "3.333")]);
    load(&sources);
    sources.environment = pairs(&[("JOURNEYMAN_WORKER_HEARTBEAT", "3.4")]);
    let sentence = "worker.heartbeat is \"3s 400ms\" (from environment JOURNEYMAN_WORKER_HEARTBEAT) and worker.lease is \
                    \"10s\" (from file journeyman.toml): give a heartbeat of at most a third of the lease, 3s 333ms, or a \
                    longer lease";
    assert_eq!(errors(&sources), [sentence]);
    assert_eq!(errors(&environment(&[("JOURNEYMAN_WORKER_LEASE", "0.9")])).len(), 1);
}

#[test]
fn r50_mysql_switched_off_cannot_be_the_connection() {
    let sentence = "store.connection is \"database\" (from environment QUEUE_CONNECTION) and database.enabled is \"false\" \
                    (from environment ENABLE_MYSQL): enable MySQL or choose another connection";
    let off = [("QUEUE_CONNECTION", "database"), ("ENABLE_MYSQL", "false")];
    assert_eq!(errors(&environment(&[&off[..], &[("DB_NAME", "jobs"), ("DB_USER", "ann")]].concat())), [sentence]);
    assert_eq!(errors(&environment(&[&off[..], &[("DATABASE_URL", "mysql://ann@db/jobs")]].concat())), [sentence]);
    // PostgreSQL is none of its business.
    load(&environment(&[&off[..], &[("DATABASE_URL", "postgres://ann@db/jobs")]].concat()));
    load(&environment(&off[1..]));
}

#[test]
fn r50_a_database_connection_needs_an_address() {
    for given in [&[][..], &[("DB_NAME", "jobs")], &[("DB_USER", "ann"), ("DB_HOST", "db")]] {
        let [error] = &errors(&environment(&[&[("QUEUE_CONNECTION", "database")], given].concat()))[..] else {
            panic!("one error expected")
        };
        assert!(
            error.starts_with("store.connection is \"database\" (from environment QUEUE_CONNECTION) and database.url")
        );
        assert!(error.ends_with("(DATABASE_URL), or at least DB_NAME and DB_USER of a MySQL server"), "{error}");
    }
}

#[test]
fn r50_redis_switched_off_cannot_be_the_connection() {
    let sentence = "store.connection is \"redis\" (from environment QUEUE_CONNECTION) and redis.enabled is \"false\" (from \
                    environment ENABLE_REDIS): enable Redis or choose another connection";
    assert_eq!(errors(&environment(&[("QUEUE_CONNECTION", "redis"), ("ENABLE_REDIS", "false")])), [sentence]);
    load(&environment(&[("QUEUE_CONNECTION", "redis")]));
    load(&environment(&[("ENABLE_REDIS", "false")]));
}

#[test]
fn r50_what_is_switched_off_is_off_for_named_connections_and_tables_too() {
    for (variable, value, switch) in [
        ("QUEUE_CONNECTIONS", "a=memory:,b=redis://cache", "ENABLE_REDIS"),
        ("QUEUE_CONNECTIONS", "a=memory:,b=mysql://ann@db/jobs", "ENABLE_MYSQL"),
        ("TABLES_URL", "mysql://ann@db/app", "ENABLE_MYSQL"),
    ] {
        let [error] = &errors(&environment(&[(variable, value), (switch, "false")]))[..] else {
            panic!("one error expected")
        };
        assert!(error.contains(variable) && error.contains(switch), "{error}");
        load(&environment(&[(variable, value), (switch, "true")]));
    }
    let postgres = [("QUEUE_CONNECTIONS", "b=postgres://ann@db/jobs"), ("TABLES_URL", "postgres://ann@db/app")];
    load(&environment(&[&postgres[..], &[("ENABLE_MYSQL", "false"), ("ENABLE_REDIS", "false")]].concat()));
}

#[test]
fn r49_a_very_long_value_is_cut_in_its_error() {
    let error = &errors(&environment(&[("WORKER_COUNT", &"ä".repeat(10_000))]))[0];
    assert!(error.chars().count() < 250, "{error}");
}
