//! What stands in a store that was changed behind its driver's back: every job ends or waits with a reason, and those beside
//! it run.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jobs as _;
use journeyman::app::App;
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::job::{ErrorKind, JobId};
use journeyman::queue::{JobRecord, State};
use sqlx::{Connection as _, MySqlConnection, PgConnection};
use tempfile::TempDir;

use crate::app::{app, job, record};
use crate::support::redis::RedisServer;

/// All tests of one process share its keys.
const KEY: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PATIENCE: Duration = Duration::from_secs(60);

/// A store with a way in that is not its driver's.
enum Behind {
    Sqlite(TempDir),
    Redis { prefix: String },
    MariaDb(String),
    Postgres(String),
}

impl Behind {
    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    async fn database(url: String) -> Self {
        let options = DatabaseOptions {
            url: url.clone(),
            masked_url: url.clone(),
            call_timeout: PATIENCE,
            max_connection_retries: 3,
            pool_size: 1,
            auto_migrate: true,
        };
        DatabaseStore::connect(options, StoreTime::Server).await.unwrap();
        if url.starts_with("postgres") { Self::Postgres(url) } else { Self::MariaDb(url) }
    }

    async fn app(&self, more: &[(&str, &str)]) -> App {
        let redis = RedisServer::shared().url();
        let own = match self {
            Self::Sqlite(dir) => vec![("JOURNEYMAN_DATA_DIR", dir.path().to_str().unwrap())],
            Self::Redis { prefix } => {
                vec![("QUEUE_CONNECTION", "redis"), ("REDIS_URL", redis.as_str()), ("KEY_PREFIX", prefix)]
            }
            Self::MariaDb(url) | Self::Postgres(url) => vec![("QUEUE_CONNECTION", "database"), ("DATABASE_URL", url)],
        };
        app(&[&own, more].concat()).await
    }

    /// Writes a waiting job's body; of `trail` too, if there is one.
    async fn write(&self, id: JobId, body: &[u8], trail: Option<&[u8]>) {
        let id = id.as_uuid();
        match self {
            Self::Sqlite(dir) => {
                let file = rusqlite::Connection::open(dir.path().join("journeyman.db")).unwrap();
                file.busy_timeout(PATIENCE).unwrap();
                let id = id.as_bytes().as_slice();
                let changed = file.execute("UPDATE queue_jobs SET payload = ?2 WHERE job_id = ?1", (id, body)).unwrap();
                assert_eq!(changed, 1);
                if let Some(trail) = trail {
                    let insert = "INSERT INTO queue_trails (id, attempts, trail)
                        SELECT id, 1, ?2 FROM queue_jobs WHERE job_id = ?1";
                    assert_eq!(file.execute(insert, (id, trail)).unwrap(), 1);
                    let mark = "UPDATE queue_pending SET has_trail = 1 WHERE id =
                        (SELECT id FROM queue_jobs WHERE job_id = ?1)";
                    assert_eq!(file.execute(mark, [id]).unwrap(), 1);
                }
            }
            Self::Redis { prefix } => {
                let hash = |name: &str| format!("{prefix}queue:{{default}}:{name}");
                let value = [b"00000000000000012", body].concat();
                assert_eq!(redis(&[b"HSET", hash("jobs").as_bytes(), id.as_bytes(), &value]), b":0\r\n");
                if let Some(trail) = trail {
                    // Pending, of normal priority, one attempt, and all times one microsecond.
                    let head = format!("p2000001{}{}{}\n", "0".repeat(38), "0000000000000001".repeat(3), "");
                    let state = [head.as_bytes(), trail].concat();
                    assert_eq!(redis(&[b"HSET", hash("state").as_bytes(), id.as_bytes(), &state]), b":1\r\n");
                }
            }
            Self::MariaDb(url) => {
                let mut link = MySqlConnection::connect(url).await.unwrap();
                let update = "UPDATE queue_jobs SET payload = ?, trail = ?, attempts = ? WHERE job_id = ?";
                let query = sqlx::query(update).bind(body).bind(trail).bind(-5).bind(id.as_bytes().as_slice());
                assert_eq!(query.execute(&mut link).await.unwrap().rows_affected(), 1);
            }
            Self::Postgres(url) => {
                let mut link = PgConnection::connect(url).await.unwrap();
                let update = "UPDATE queue_jobs SET payload = $1, trail = $2, attempts = $3 WHERE job_id = $4";
                let query = sqlx::query(update).bind(body).bind(trail).bind(i32::MAX).bind(id);
                assert_eq!(query.execute(&mut link).await.unwrap().rows_affected(), 1);
            }
        }
    }
}

/// One command to the shared Redis, of any bytes.
fn redis(words: &[&[u8]]) -> Vec<u8> {
    let address = RedisServer::shared().url();
    let mut stream = TcpStream::connect(address.strip_prefix("redis://").unwrap()).unwrap();
    let mut sent = Vec::new();
    for command in [words, &[b"QUIT"]] {
        sent.extend(format!("*{}\r\n", command.len()).bytes());
        for word in command {
            sent.extend(format!("${}\r\n", word.len()).bytes());
            sent.extend(*word);
            sent.extend(b"\r\n");
        }
    }
    stream.write_all(&sent).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer.strip_suffix(b"+OK\r\n").unwrap_or(&answer).to_vec()
}

/// What must become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Runs,
    /// Failed, because nobody can read it.
    Fails,
    /// Waits for a process that knows more.
    Parked,
    /// Either end will do.
    Ends,
}

impl Fate {
    fn is(self, record: &JobRecord) -> bool {
        let reason = record.trail.error.as_ref().map(journeyman::job::JobError::kind);
        match self {
            Self::Runs => record.state == State::Completed,
            Self::Fails => record.state == State::Failed && reason == Some(ErrorKind::Undecodable),
            Self::Parked => record.state == State::Delayed,
            Self::Ends => matches!(record.state, State::Completed | State::Failed),
        }
    }
}

fn bodies() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    let tags = vec!["\"x\""; 20_000].join(",");
    vec![
        ("nothing", text(""), Fate::Fails),
        ("half of it", text(r#"{"type":"noop","data":{"#), Fate::Fails),
        ("no text", vec![0xff, 0xfe, 0, 0xc3, 0x28], Fate::Fails),
        ("zeros", vec![0; 4096], Fate::Fails),
        ("brackets alone", text(&"[".repeat(100_000)), Fate::Fails),
        (
            "a deep payload",
            text(&format!(r#"{{"type":"echo","data":{{"value":{}}},"v":1}}"#, nested(2_000))),
            Fate::Ends,
        ),
        ("a deep option", text(&format!(r#"{{"type":"noop","data":{{}},"v":1,"o":{}}}"#, nested(50_000))), Fate::Fails),
        ("a list for a payload", text(r#"{"type":"noop","data":[],"v":1}"#), Fate::Ends),
        ("a version to come", text(r#"{"type":"noop","data":{},"v":65535}"#), Fate::Fails),
        ("a version too large", text(r#"{"type":"noop","data":{},"v":65536}"#), Fate::Fails),
        ("no such type", text("{\"type\":\"no_such\\ntype\",\"data\":{},\"v\":1}"), Fate::Parked),
        ("a key we lack", text("journeyman:secret:1:elsewhere:AAAA"), Fate::Parked),
        ("two types", text(r#"{"type":"noop","type":"echo","data":{},"v":1}"#), Fate::Fails),
        (
            "numbers nobody means",
            text(
                r#"{"type":"noop","data":{},"v":1,"o":{"m":4294967295,"t":18446744073709551615,"f":18446744073709551615,
                "b":{"strategy":"exponential","base":-1e308,"min_delay":0,"max_delay":1,"jitter":true}}}"#,
            ),
            Fate::Runs,
        ),
        ("numbers that are none", text(r#"{"type":"noop","data":{},"v":1,"o":{"m":-1}}"#), Fate::Fails),
        ("many tags", text(&format!(r#"{{"type":"noop","data":{{}},"v":1,"o":{{"g":[{tags}]}}}}"#)), Fate::Runs),
        ("a huge name", text(&format!(r#"{{"type":"{}","data":{{}},"v":1}}"#, "x".repeat(1 << 20))), Fate::Parked),
    ]
}

fn trails() -> Vec<Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        text("{"),
        text("+1,2"),
        vec![b'+', 0xff],
        vec![0; 1000],
        text(&"[".repeat(100_000)),
        text(r#"{"q":4294967295,"c":0,"n":4294967295,"s":9223372036854775807,"d":-9223372036854775808}"#),
        text(&format!(r#"{{"h":[{}]}}"#, vec![r#"{"a":1,"s":1,"d":1,"o":"x","w":"w"}"#; 10_000].join(","))),
    ]
}

async fn settled(app: &App, wanted: &[(String, JobId, Fate)]) {
    let mut waiting: Vec<_> = wanted.iter().collect();
    let all = async {
        while !waiting.is_empty() {
            let mut left = Vec::new();
            for one in waiting {
                let record = record(&app.manager, one.1).await;
                if !one.2.is(&record) {
                    let (state, error) = (record.state, record.trail.error);
                    let may_change = matches!(state, State::Pending | State::Reserved | State::Delayed);
                    assert!(may_change, "{}: {:?} wanted, {state} {error:?}", one.0, one.2);
                    left.push(one);
                }
            }
            waiting = left;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, all).await;
    if in_time.is_err() {
        let mut left = Vec::new();
        for (name, id, fate) in wanted {
            let record = record(&app.manager, *id).await;
            if !fate.is(&record) {
                left.push(format!("{name}: {fate:?} wanted, {} after {}", record.state, record.attempts));
            }
        }
        panic!("{left:#?}");
    }
}

/// A whole job stands between any two of the others.
async fn jobs_beside_hostile_ones_run(behind: &Behind) {
    let app = behind.app(&[]).await;
    let send = async || app.manager.send(job("echo", r#"{"value": 1}"#)).await.unwrap().id;
    let mut wanted = Vec::new();
    let whole = br#"{"type":"echo","data":{"value":1},"v":1}"#;
    for (name, body, fate) in bodies() {
        let (id, beside) = (send().await, send().await);
        behind.write(id, &body, None).await;
        wanted.push((name.to_owned(), id, fate));
        wanted.push((format!("beside {name}"), beside, Fate::Runs));
    }
    for (at, trail) in trails().into_iter().enumerate() {
        let (id, beside) = (send().await, send().await);
        behind.write(id, whole, Some(&trail)).await;
        // Nothing is known of the attempts before, so that one more is allowed, or none.
        wanted.push((format!("trail {at}"), id, Fate::Ends));
        wanted.push((format!("beside trail {at}"), beside, Fate::Runs));
    }
    assert_eq!(wanted.len(), 48);
    let worker = app.work(false, None).unwrap();
    settled(&app, &wanted).await;
    let last = send().await;
    settled(&app, &[("one more".to_owned(), last, Fate::Runs)]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_on_sqlite_jobs_beside_hostile_ones_run() {
    jobs_beside_hostile_ones_run(&Behind::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_on_redis_jobs_beside_hostile_ones_run() {
    jobs_beside_hostile_ones_run(&Behind::Redis { prefix: "hostile:".to_owned() }).await;
}

/// Here the number of attempts is below zero as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_on_mariadb_jobs_beside_hostile_ones_run() {
    jobs_beside_hostile_ones_run(&Behind::database(crate::support::mariadb::shared().fresh_url()).await).await;
}

/// Here it is the largest that there can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_on_postgres_jobs_beside_hostile_ones_run() {
    jobs_beside_hostile_ones_run(&Behind::database(crate::support::postgres::shared().fresh_url()).await).await;
}

/// R58: under another job's id, or changed by a bit, a sealed body is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_sealed_bodies_that_were_swapped_replayed_or_changed_are_refused() {
    let behind = Behind::sqlite();
    let app = behind.app(&[("QUEUE_CODEC", "sealed"), ("JOURNEYMAN_KEYS", KEY)]).await;
    let Behind::Sqlite(dir) = &behind else { unreachable!() };
    let file = rusqlite::Connection::open(dir.path().join("journeyman.db")).unwrap();
    let stored = |id: JobId| -> Vec<u8> {
        let id = id.as_uuid();
        let select = "SELECT payload FROM queue_jobs WHERE job_id = ?1";
        file.query_row(select, [id.as_bytes().as_slice()], |row| row.get(0)).unwrap()
    };
    let mut ids = Vec::new();
    for value in 0..6 {
        let sent = app.manager.send(job("echo", &format!(r#"{{"value": {value}}}"#))).await.unwrap();
        ids.push(sent.id);
    }
    let [one, other, changed, cut, replayed, whole] = ids[..] else { panic!("six jobs") };
    let (first, second) = (stored(one), stored(other));
    behind.write(one, &second, None).await;
    behind.write(other, &first, None).await;
    behind.write(replayed, &stored(whole), None).await;
    let mut bytes = stored(changed);
    let middle = bytes.len() - 10;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    behind.write(changed, &bytes, None).await;
    let bytes = stored(cut);
    behind.write(cut, &bytes[..bytes.len() - 8], None).await;
    let worker = app.work(false, None).unwrap();
    let fails = |name: &str, id| (name.to_owned(), id, Fate::Fails);
    let wanted = [
        fails("swapped", one),
        fails("swapped with it", other),
        fails("changed", changed),
        fails("cut", cut),
        fails("replayed", replayed),
        ("whole".to_owned(), whole, Fate::Runs),
    ];
    settled(&app, &wanted).await;
    worker.stop().await;
}

/// A number that is none, in SQLite's row of a job or among those that a worker holds, costs that job alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_on_sqlite_a_damaged_number_or_hold_costs_its_job_alone() {
    let behind = Behind::sqlite();
    let app = behind.app(&[]).await;
    let Behind::Sqlite(dir) = &behind else { unreachable!() };
    let file = rusqlite::Connection::open(dir.path().join("journeyman.db")).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(app.manager.send(job("echo", r#"{"value": 1}"#)).await.unwrap().id);
    }
    let body = br#"{"type":"echo","data":{"value":1},"v":1}"#;
    for (id, attempts) in [(ids[0], -1_i64), (ids[2], i64::MAX)] {
        behind.write(id, body, Some(b"{}")).await;
        let update = "UPDATE queue_trails SET attempts = ?2 WHERE id = (SELECT id FROM queue_jobs WHERE job_id = ?1)";
        assert_eq!(file.execute(update, (id.as_uuid().as_bytes().as_slice(), attempts)).unwrap(), 1);
    }
    // Held by nobody who lives, with a third of a job too much.
    let held: Vec<u8> = vec![7; 60];
    let hold =
        "INSERT INTO queue_holds (worker, call, queue, priority, reserved_at, jobs) VALUES ('dead', 1, ?1, 2, 1, ?2)";
    file.execute(hold, ("not a name", &held)).unwrap();
    file.execute(hold, ("default", &held[..15])).unwrap();
    file.execute(hold, ("default", &held[..45])).unwrap();
    file.execute("INSERT INTO queue_leases (worker, expires_at) VALUES ('dead', 1)", []).unwrap();
    let worker = app.work(false, None).unwrap();
    let runs = |id| ("a whole job".to_owned(), id, Fate::Runs);
    settled(&app, &[runs(ids[1]), runs(ids[3]), runs(ids[4])]).await;
    worker.stop().await;
}
