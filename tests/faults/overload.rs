//! P13: many times more than a server can do, and crowds of clients that only cost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use super::load::{latencies, memory};
use super::slow_crowd::{Crowd, Size};
use crate::support::effort::{effort, figures};
use crate::support::http::{Answer, Api};
use crate::support::keep_alive::KeepAlive;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is calm, and half of how long it is not.
const STRETCH: Duration = Duration::from_secs(2);
const CROWD: Size = Size { half_heads: 1000, byte_by_byte: 500, idle: 500 };
/// By hand.
const LARGE_CROWD: Size = Size { idle: 5000, ..CROWD };
const PUSHERS: usize = 16;

/// Eight slots and jobs of 40 ms: 200 jobs a second, whatever the machine.
fn small_server() -> Home {
    let lines = "worker.count = 8\nhttp.max_queue_depth = 50\nhttp.max_connections = 8000\nhttp.header_timeout = 2\n";
    let home = Home::sqlite();
    std::fs::write(home.path().join("journeyman.toml"), lines).unwrap();
    home
}

#[test]
fn p13_overload_is_shed_and_what_was_taken_is_done() {
    let home = small_server();
    let server = home.serve(&[]);
    let (api, process) = (server.api, server.process.id());
    let calm = Told::by(api, 1, STRETCH);
    let size = if effort() > 1 { LARGE_CROWD } else { CROWD }.within_reason();
    let crowd = Crowd::around(api.0, size);
    until("the crowd is there", PATIENCE, || (crowd.connected() >= size.total()).then_some(()));
    let probes = Probes::of(api);
    let first = Told::by(api, PUSHERS, STRETCH * effort());
    let between = memory(process);
    let second = Told::by(api, PUSHERS, STRETCH * effort());
    let after = memory(process);
    let live = probes.end();
    drop(crowd);

    let watch = Stopwatch::start();
    let job = until("a job is taken", PATIENCE, || {
        let answer = api.post(r#"{"task_type": "echo", "task_data": {"value": 7}}"#);
        (answer.status == 201).then(|| answer.json()["task_id"].as_str().unwrap().to_owned())
    });
    api.until(&job, "completed");
    let recovered = watch.elapsed();
    let taken = calm.taken + first.taken + second.taken + 1;
    until("all that was taken is done", PATIENCE, || (api.metrics()["processed"] == taken).then_some(()));
    let metrics = api.metrics();
    assert_eq!((&metrics["enqueued"], &metrics["failed"]), (&json!(taken), &json!(0)), "{metrics}");

    let done = (first.done + second.done) / 2.0;
    let offered = (first.offered() + second.offered()) / 2.0;
    let shed: Vec<Duration> = first.shed.iter().chain(&second.shed).copied().collect();
    assert!(shed.len() > taken / 10, "that was no overload: {} of {taken} shed", shed.len());
    figures(&format!(
        "calm {:.0} jobs/s; offered {offered:.0}/s beside a crowd of {} connections: {done:.0} jobs/s, {:.0} %; \
         {} refused within {}; /live {} within {}; memory {between} then {after} MiB; back after {recovered:.2?}",
        calm.done,
        size.total(),
        100.0 * done / calm.done,
        shed.len(),
        latencies(&shed),
        live.len(),
        latencies(&live),
    ));
    // A machine that is busy elsewhere has little left for the jobs beside all the refusals.
    assert!(done > 1.0, "{done} jobs a second, {} when it was calm", calm.done);
    assert!(after < between + between / 4 + 32 && after < 600, "memory grows: {between}, then {after} MiB");
    assert!(live.len() > 3 && recovered < Duration::from_secs(30), "{live:?}, {recovered:?}");
}

/// What pushers have seen in a stretch of time.
struct Told {
    taken: usize,
    /// How long each refusal took.
    shed: Vec<Duration>,
    /// Jobs done, a second.
    done: f64,
    seconds: f64,
}

impl Told {
    /// Each pushes as fast as it gets answers.
    fn by(api: Api, pushers: usize, stretch: Duration) -> Self {
        let is_over = AtomicBool::new(false);
        let processed = || api.metrics()["processed"].as_f64().unwrap();
        let before = processed();
        let watch = Stopwatch::start();
        std::thread::scope(|scope| {
            let pushers: Vec<_> = (0..pushers).map(|_| scope.spawn(|| push(api, &is_over))).collect();
            std::thread::sleep(stretch);
            let (done, seconds) = (processed() - before, watch.elapsed().as_secs_f64());
            is_over.store(true, Ordering::Relaxed);
            let mut told = Self { taken: 0, shed: Vec::new(), done: done / seconds, seconds };
            for pusher in pushers {
                let (taken, shed) = pusher.join().unwrap();
                told.taken += taken;
                told.shed.extend(shed);
            }
            told
        })
    }

    fn offered(&self) -> f64 {
        (self.taken + self.shed.len()) as f64 / self.seconds
    }
}

fn push(api: Api, is_over: &AtomicBool) -> (usize, Vec<Duration>) {
    let mut line = KeepAlive::to(api.0);
    let (mut taken, mut shed) = (0, Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        let watch = Stopwatch::start();
        let answer = line.post("/api/queue/enqueue", r#"{"task_type": "sleep", "task_data": {"seconds": 0.04}}"#);
        let answer = answer.unwrap();
        if answer.status == 201 {
            taken += 1;
        } else {
            assert_is_shed(&answer);
            shed.push(watch.elapsed());
        }
    }
    (taken, shed)
}

/// A refusal that says when to come again.
fn assert_is_shed(answer: &Answer) {
    assert!(matches!(answer.status, 429 | 503), "{answer:?}");
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{answer:?}");
}

/// Somebody who asks all the time, each time on a new connection, whether the process lives.
struct Probes(std::sync::Arc<AtomicBool>, std::thread::JoinHandle<Vec<Duration>>);

impl Probes {
    fn of(api: Api) -> Self {
        let is_over = std::sync::Arc::new(AtomicBool::new(false));
        let ends = std::sync::Arc::clone(&is_over);
        Self(
            is_over,
            std::thread::spawn(move || {
                let mut times = Vec::new();
                while !ends.load(Ordering::Relaxed) {
                    let watch = Stopwatch::start();
                    assert_eq!(api.get("/live").status, 200);
                    times.push(watch.elapsed());
                    std::thread::sleep(Duration::from_millis(100));
                }
                times
            }),
        )
    }

    fn end(self) -> Vec<Duration> {
        self.0.store(true, Ordering::Relaxed);
        self.1.join().unwrap()
    }
}
