//! P11: processes told to leave under load, again and again, at any moment.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::{Value, json};

use super::load::{Departure, Kind, Mix, Pushed, check_all, is_taken};
use super::on_every_store;
use crate::support::effort::{effort, figures, replay, seed};
use crate::support::http::Api;
use crate::support::keep_alive::{Broken, KeepAlive};
use crate::support::process::{Home, Process};
use crate::support::until;

/// On four stores, workers and servers: 56 in all.
const ROUNDS: u32 = 7;
const GRACE: Duration = Duration::from_millis(800);
/// A process should take a second longer than the grace period at the most, but a very busy machine has its own times.
const LATEST: Duration = Duration::from_secs(20);
/// Connections that a server has to cut in the end: all of them but the idle one.
const HANGING_ON: usize = 4;
const CLIENTS: usize = 3;
/// Pause of a client between two pushes.
const PACE: Duration = Duration::from_millis(40);
/// The signal comes at any moment of this time, once all is under way.
const ANY_MOMENT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn p11_workers_told_to_leave_under_load_lose_nothing() {
    on_every_store(|home| home, |home| again_and_again(home, "workers", |home| (home.start(&["work"]), None)));
}

#[test]
fn p11_servers_told_to_leave_under_load_answer_what_they_took() {
    on_every_store(|home| home, |home| again_and_again(home, "servers", server));
}

fn server(home: &Home) -> (Process, Option<Api>) {
    let server = home.serve(&[]);
    (server.process, Some(server.api))
}

/// Starts a process, loads it, tells it to leave and looks at what it leaves behind, so many times; then lets all jobs end.
fn again_and_again(home: &Home, what: &str, start: fn(&Home) -> (Process, Option<Api>)) {
    configure(home, 0.0);
    let front = home.serve(&["--no-worker"]);
    let rounds = ROUNDS * effort();
    let mut all = Account::default();
    for round in 0..rounds {
        configure(home, if round % 2 == 0 { 0.0 } else { 0.2 });
        let (process, api) = start(home);
        let mix = Mix::new(seed() << 32 | u64::from(round));
        Round { process, api, front: front.api, mix }.run(&mut all);
    }
    let Account { taken, unanswered, mut times, greedy, departures } = all;
    let cut_short = departures.iter().filter(|departure| departure.was_cut_short).count();
    let (taken_in_all, rounds) = (taken.len(), times.len());
    times.sort();
    let [least, middle, most] = [0, rounds / 2, rounds - 1].map(|at| times[at]);
    figures(&format!(
        "{rounds} {what} left within {least:.2?} to {most:.2?}, mostly {middle:.2?}; {taken_in_all} jobs, \
         {unanswered} requests unread, {greedy} calls outlasted half the grace period, {cut_short} cut short"
    ));
    // One call may be under way at the signal; that it lasts so long is for a very busy machine alone.
    assert!(greedy * 2 <= rounds, "{greedy} of {rounds} {what} reserved after they were told to leave, {}", replay());
    assert!(taken_in_all > rounds * 10, "there was no load: {taken_in_all} jobs");

    configure(home, 0.0);
    let _last = home.start(&["work"]);
    check_all(front.api, &taken, &departures);
}

fn configure(home: &Home, drain_delay: f64) {
    let grace = GRACE.as_secs_f64();
    let lines = format!(
        "http.drain_delay = {drain_delay}\nworker.grace_shutdown_period = {grace}\nworker.count = 40\n\
         worker.thread_pool_size = 200\n"
    );
    std::fs::write(home.path().join("journeyman.toml"), lines).unwrap();
}

struct Round {
    /// The one that is told to leave.
    process: Process,
    /// Of a server.
    api: Option<Api>,
    /// Another server, which stays.
    front: Api,
    mix: Mix,
}

/// What has become known in all rounds.
#[derive(Default)]
struct Account {
    /// What servers have answered for.
    taken: Vec<Pushed>,
    /// Pushes whose connection ended without a byte.
    unanswered: usize,
    /// From signal to end.
    times: Vec<Duration>,
    /// Processes that took jobs pushed long after their signal.
    greedy: usize,
    departures: Vec<Departure>,
}

/// What one client knows of its pushes: those taken, and those whose connection ended without a byte.
type Known = (Vec<Pushed>, Vec<Pushed>);

impl Round {
    fn run(mut self, all: &mut Account) {
        let hangers_on = self.api.map(|api| hangers_on(api.0));
        let (is_over, pushed) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (api, seeds) = (self.api.unwrap_or(self.front), [(); CLIENTS].map(|()| self.mix.seed()));
        let known: Vec<Known> = std::thread::scope(|scope| {
            let (is_over, pushed) = (&is_over, &pushed);
            let client = |seed| scope.spawn(move || push(api, Mix::new(seed), is_over, pushed));
            let clients: Vec<_> = seeds.into_iter().map(client).collect();
            // Whatever fails here, the clients have to end.
            let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.until_busy(pushed, all);
                std::thread::sleep(self.mix.moment(ANY_MOMENT));
                self.leave(all);
            }));
            is_over.store(true, Ordering::Relaxed);
            let known = clients.into_iter().map(|client| client.join().unwrap()).collect();
            left.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
            known
        });
        drop(hangers_on);
        for (taken, unanswered) in known {
            assert!(self.api.is_some() || unanswered.is_empty(), "the other server stays, {}", replay());
            all.unanswered += unanswered.len();
            all.taken.extend(taken);
            // Beyond those who hang on, somebody was still waiting when the grace period ended.
            if all.departures.last().is_some_and(|departure| departure.dropped > HANGING_ON) {
                continue;
            }
            for Pushed { id, .. } in unanswered {
                let status = self.front.get(&format!("/api/queue/status/{id}")).status;
                assert_eq!(status, 404, "job {id} is stored without an answer, {}", replay());
            }
        }
    }

    /// Waits until the process runs a job that will not end in time, and the clients have got going.
    fn until_busy(&mut self, pushed: &AtomicUsize, all: &mut Account) {
        let (long, body) = self.mix.of(Kind::Long);
        assert_eq!(self.front.post(&body).status, 201);
        until("the process runs it", PATIENCE, || {
            self.process.is(&self.front.status(&long.id)["worker"]).then_some(())
        });
        all.taken.push(long);
        until("the clients are at it", PATIENCE, || (pushed.load(Ordering::Relaxed) >= 15).then_some(()));
    }

    /// Tells the process to leave, waits until it has, and looks at what it left.
    fn leave(&mut self, all: &mut Account) {
        let watch = Stopwatch::start();
        self.process.signal("TERM");
        until("the signal is heard", PATIENCE, || self.process.stderr().contains("SIGTERM: stopping").then_some(()));
        // By then no call should be under way any more that began before the signal.
        std::thread::sleep(GRACE / 2);
        // Whoever still reserves takes these first, and has slots for them.
        let late: Vec<Pushed> = (0..5).map(|_| self.push_urgently()).collect();
        let status = self.process.ends_within(PATIENCE);
        let took = watch.elapsed();
        assert_eq!(status.code(), Some(0), "{}: {}", replay(), self.process.stderr());
        assert!((GRACE..LATEST).contains(&took), "it took {took:?}, {}: {}", replay(), self.process.stderr());
        all.times.push(took);
        let is_touched = |Pushed { id, .. }: &Pushed| self.front.status(id)["history"] != json!([]);
        all.greedy += usize::from(late.iter().any(is_touched));
        all.taken.extend(late);
        all.departures.push(Departure::of(&self.process));
        let queues = self.front.get("/api/queue/stats").json();
        let left_behind = &queues["queues"]["default"]["reserved"];
        // What an earlier one left to its lease may lie there still.
        let is_excused = all.departures.iter().any(|departure| departure.was_cut_short);
        assert!(*left_behind == 0 || is_excused, "left behind, {}: {queues}", replay());
    }

    fn push_urgently(&mut self) -> Pushed {
        let (pushed, body) = self.mix.of(Kind::Quick);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        body["priority"] = json!("critical");
        assert_eq!(self.front.post(&body.to_string()).status, 201);
        pushed
    }
}

/// Pushes until it is over or nobody listens any more.
fn push(api: Api, mut mix: Mix, is_over: &AtomicBool, pushed: &AtomicUsize) -> Known {
    let mut line = KeepAlive::to(api.0);
    let (mut taken, mut unanswered) = (Vec::new(), Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        let (job, body) = mix.next();
        match line.post("/api/queue/enqueue", &body) {
            Ok(answer) => {
                assert!(is_taken(&answer), "{}: {answer:?}", replay());
                taken.push(job);
                pushed.fetch_add(1, Ordering::Relaxed);
            }
            Err(Broken::Silent(_)) => unanswered.push(job),
            Err(Broken::Refused) => break,
            Err(Broken::Torn(part)) => panic!("an answer broke off after {part:?}, {}", replay()),
        }
        std::thread::sleep(PACE);
    }
    (taken, unanswered)
}

/// Connections that a server must not wait for: idle, half a head, half a body, and one that asks and never reads.
fn hangers_on(address: SocketAddr) -> Vec<TcpStream> {
    let head = "POST /api/queue/enqueue HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let greedy = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(400);
    let sent = ["", "POST /api/qu", head, &format!("{head}content-length: 100\r\n\r\n{{"), &greedy];
    let connect = |sent: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    };
    sent.map(connect).into()
}
