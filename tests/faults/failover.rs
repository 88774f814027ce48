//! R35, P1: the Redis that is worked with dies, and a replica takes its place.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{all_at_once, clean};
use crate::redis::cluster::Cluster;
use crate::redis::server::Server as Redis;
use crate::support::http::Api;
use crate::support::process::{Home, Process};
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(90);
/// Longer than it takes to choose another master.
const RUNS: u64 = 12;

#[test]
fn p1_after_a_failover_every_job_that_had_reached_the_replica_runs_once() {
    all_at_once(&[("sentinel", with_sentinels), ("cluster", with_a_cluster)]);
}

fn with_sentinels() {
    // With one of two replicas at least it takes writes: so it confirms nothing to itself alone once it is cut off.
    let settings = ["--repl-diskless-sync-delay", "0", "--min-replicas-to-write", "1"];
    let mut nodes: Vec<Redis> = (0..3).map(|_| Redis::start(&settings)).collect();
    for replica in &nodes[1..] {
        replica.follow(Some(&nodes[0]));
        replica.has_caught_up_with(&nodes[0]);
    }
    let sentinels = Sentinels::of(&nodes[0]);
    until("the sentinels know each other and the replicas", PATIENCE, || {
        let told = sentinels.ask(&["SENTINEL", "MASTER", "main"]);
        (field(&told, "num-slaves") == "2" && field(&told, "num-other-sentinels") == "2").then_some(())
    });
    let crew = Crew::of(Home::redis_at(&sentinels.url()));
    let mut work = crew.is_busy(&["default", "mail"]);
    nodes[1..].iter().for_each(|replica| replica.has_caught_up_with(&nodes[0]));
    nodes[0].kill();
    work.extend(crew.comes_back(&["default", "mail"]));
    crew.has_done(&work);

    // In good order this time, by an operator: the master of until now lives on, read only.
    let mut work = crew.is_busy(&["default", "mail"]);
    let master = sentinels.master();
    until("the failover begins", PATIENCE, || {
        sentinels.ask(&["SENTINEL", "FAILOVER", "main"]).starts_with("OK").then_some(())
    });
    until("there is another master", PATIENCE, || (sentinels.master() != master).then_some(()));
    work.extend(crew.comes_back(&["default", "mail"]));
    crew.has_done(&work);
    crew.ends();
}

fn with_a_cluster() {
    let settings = ["--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"];
    let mut cluster = Cluster::with_replicas(&settings);
    let queues = ["default", "mail", "reports", "a", "b", "c"];
    let crew = Crew::of(Home::redis_at(&cluster.url()));
    let mut work = crew.is_busy(&queues);
    let dies = cluster.home_of("default");
    cluster.nodes[dies + 3].has_caught_up_with(&cluster.nodes[dies]);
    cluster.nodes[dies].kill();
    work.extend(crew.comes_back(&queues));
    assert!(cluster.nodes[dies + 3].ask(&["ROLE"]).contains("master"));
    crew.has_done(&work);

    // In good order this time: a replica takes over from a master that agrees.
    let mut work = crew.is_busy(&queues);
    let other = (dies + 1) % 3;
    assert!(cluster.nodes[other + 3].ask(&["CLUSTER", "FAILOVER"]).starts_with("+OK"));
    until("the replica is the master", PATIENCE, || {
        cluster.nodes[other + 3].ask(&["ROLE"]).contains("master").then_some(())
    });
    work.extend(crew.comes_back(&queues));
    crew.has_done(&work);
    crew.ends();
}

/// A server and two workers.
struct Crew {
    home: Home,
    api: Api,
    _server: Process,
    workers: Vec<Process>,
}

/// A job that was acknowledged.
struct Acknowledged {
    id: String,
    /// Whoever runs it lives on, and was known to run it.
    runs_once: bool,
}

impl Crew {
    fn of(home: Home) -> Self {
        let home = home
            .with("JOURNEYMAN_WORKER_LEASE", "3")
            .with("JOURNEYMAN_WORKER_HEARTBEAT", "0.8")
            .with("CONNECTION_TIMEOUT", "1")
            .with("CIRCUIT_RECOVERY_TIMEOUT", "2");
        let server = home.serve(&["--no-worker"]);
        let workers = (0..2).map(|_| home.start(&["work", "--workers", "6"])).collect();
        Self { api: server.api, _server: server.process, home, workers }
    }

    /// Long jobs that run, others that have ended and some that will be due.
    fn is_busy(&self, queues: &[&str]) -> Vec<Acknowledged> {
        let mut work = Vec::new();
        for queue in queues {
            for n in 0..10 {
                work.push(self.push(&json!({"task_type": "echo", "task_data": {"value": n}, "queue_name": queue})));
            }
            work.push(self.push(&json!({"task_type": "noop", "queue_name": queue, "delay": 6})));
        }
        for queue in [queues[0], queues[1]] {
            for _ in 0..3 {
                let task = json!({"task_type": "sleep", "task_data": {"seconds": RUNS}, "queue_name": queue});
                let job = self.push(&task);
                self.api.until(&job.id, "reserved");
                work.push(Acknowledged { runs_once: true, ..job });
            }
        }
        work
    }

    /// Waits until jobs are taken for every queue, and gives it some.
    fn comes_back(&self, queues: &[&str]) -> Vec<Acknowledged> {
        until("the service is back by itself", PATIENCE, || (self.api.get("/ready").status == 200).then_some(()));
        let mut work = Vec::new();
        for queue in queues {
            let task = json!({"task_type": "noop", "queue_name": queue}).to_string();
            let answer = until(&format!("jobs are taken for {queue}"), PATIENCE, || {
                Some(self.api.post(&task)).filter(|answer| answer.status == 201)
            });
            work.push(acknowledged(&answer.json()));
        }
        work
    }

    fn has_done(&self, work: &[Acknowledged]) {
        for Acknowledged { id, runs_once } in work {
            let status = until(&format!("job {id} completes"), PATIENCE, || {
                let answer = self.api.get(&format!("/api/queue/status/{id}"));
                assert_ne!(answer.status, 404, "job {id} is lost: {answer:?}");
                (answer.status == 200 && answer.json()["status"] == "completed").then(|| answer.json())
            });
            assert!(!runs_once || status["attempts"] == 1, "its worker was alive: {status}");
        }
    }

    fn ends(mut self) {
        let metrics = self.api.metrics();
        assert_eq!(metrics["failed"], 0, "{metrics}");
        assert_eq!(metrics["processed"], metrics["enqueued"], "{metrics}");
        for worker in &mut self.workers {
            assert!(worker.is_running() && !worker.stderr().contains("panicked"), "{}", worker.stderr());
        }
        clean(&self.home);
    }

    fn push(&self, task: &Value) -> Acknowledged {
        let answer = self.api.post(&task.to_string());
        assert_eq!(answer.status, 201, "{answer:?}");
        acknowledged(&answer.json())
    }
}

fn acknowledged(answer: &Value) -> Acknowledged {
    Acknowledged { id: answer["task_id"].as_str().unwrap().to_owned(), runs_once: false }
}

/// Three of them, two of which have to agree.
struct Sentinels {
    ports: Vec<u16>,
    children: Vec<Child>,
    _dir: TempDir,
}

impl Sentinels {
    fn of(master: &Redis) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let ports: Vec<u16> = (0..3).map(|_| free()).collect();
        let start = |port: &u16| {
            let mut settings = format!("port {port}\nbind 127.0.0.1\ndir {}\n", dir.path().display());
            writeln!(settings, "sentinel monitor main 127.0.0.1 {} 2", master.port()).unwrap();
            settings.push_str("sentinel down-after-milliseconds main 1500\nsentinel failover-timeout main 8000\n");
            let file = dir.path().join(format!("{port}.conf"));
            std::fs::write(&file, settings).unwrap();
            let mut command = Command::new("redis-server");
            command.arg(file).arg("--sentinel").stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let children = ports.iter().map(start).collect();
        let sentinels = Self { ports, children, _dir: dir };
        until("the sentinels answer", PATIENCE, || {
            sentinels.ports.iter().all(|&port| ask(port, &["PING"]).contains("PONG")).then_some(())
        });
        sentinels
    }

    fn url(&self) -> String {
        let [first, second, third] = self.ports[..] else { unreachable!("three of them") };
        format!(
            "redis-sentinel://127.0.0.1:{first}/0?sentinelServiceName=main&node=127.0.0.1:{second}&node=127.0.0.1:{third}"
        )
    }

    fn ask(&self, words: &[&str]) -> String {
        ask(self.ports[0], words)
    }

    /// Its port.
    fn master(&self) -> String {
        field(&self.ask(&["SENTINEL", "MASTER", "main"]), "port")
    }
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a sentinel answers, a value a line. It knows no QUIT, so it takes a client that closes by itself.
fn ask(port: u16, words: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-p", &port.to_string()]).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A field of an answer in names and values.
fn field(answer: &str, name: &str) -> String {
    let mut lines = answer.lines();
    lines.find(|line| *line == name).unwrap_or_else(|| panic!("{name} in {answer}"));
    lines.next().unwrap().to_owned()
}
