//! P11: servers and workers started anew one after the other, under constant load and behind a load balancer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;

use super::load::{Departure, Mix, Pushed, check_all, is_taken};
use super::on_every_store;
use crate::support::balancer::{Balanced, Balancer};
use crate::support::effort::{effort, figures, replay, seed};
use crate::support::keep_alive::KeepAlive;
use crate::support::process::{Home, Process, Server};
use crate::support::until;

const ROUNDS: u32 = 2;
const CLIENTS: u64 = 3;
const PACE: Duration = Duration::from_millis(40);
/// The grace period, a second, and far more on a very busy machine.
const LATEST: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// The delay is twenty times the balancer's pause between two looks.
const SETTINGS: &str = "http.drain_delay = 1\nworker.grace_shutdown_period = 1.5\nworker.count = 40\n\
                        worker.thread_pool_size = 200\n";

#[test]
fn p11_a_rolling_restart_loses_nothing_and_no_client_notices() {
    on_every_store(|home| home, roll);
}

fn roll(home: &Home) {
    std::fs::write(home.path().join("journeyman.toml"), SETTINGS).unwrap();
    let mut fleet = Fleet::start(home);
    let balancer = Balancer::before(&fleet.servers.each_ref().map(|server| server.api.0));
    (0..2).for_each(|at| balancer.until_used(at));
    let (is_over, pushed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let taken: Vec<Pushed> = std::thread::scope(|scope| {
        let (is_over, pushed) = (&is_over, &pushed);
        let client = |n| {
            let balanced = balancer.client();
            scope.spawn(move || push(balanced, Mix::new(seed() << 32 | n), is_over, pushed))
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        // Whatever fails here, the clients have to end.
        let rolled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for at in [0, 1].repeat(usize::try_from(ROUNDS * effort()).unwrap()) {
                let before = pushed.load(Ordering::Relaxed);
                until("the load goes on", PATIENCE, || (pushed.load(Ordering::Relaxed) > before + 10).then_some(()));
                fleet.restart_worker(at);
                fleet.restart_server(at);
                balancer.until_used(at);
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        let taken = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        rolled.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
        taken
    });
    fleet.times.sort();
    figures(&format!(
        "{} restarts within {:.2?} to {:.2?}; {} jobs, {} requests repeated, {} cut short",
        fleet.times.len(),
        fleet.times[0],
        fleet.times[fleet.times.len() - 1],
        taken.len(),
        balancer.repeated(),
        fleet.departures.iter().filter(|departure| departure.was_cut_short).count()
    ));
    // On a very busy machine a look may come late; it must not be the rule.
    assert!(fleet.seen_leaving > 0, "no server said that it leaves before it closed, {}", replay());
    let restarts = u64::from(2 * ROUNDS * effort());
    assert!(balancer.repeated() < restarts, "{} requests met a closed server, {}", balancer.repeated(), replay());
    check_all(fleet.servers[0].api, &taken, &fleet.departures);
}

struct Fleet<'a> {
    home: &'a Home,
    servers: [Server; 2],
    workers: [Process; 2],
    /// From signal to end.
    times: Vec<Duration>,
    departures: Vec<Departure>,
    /// Servers that said so to whoever looked, before they closed.
    seen_leaving: usize,
}

impl<'a> Fleet<'a> {
    fn start(home: &'a Home) -> Self {
        let servers = [(); 2].map(|()| home.serve(&["--no-worker"]));
        let workers = [(); 2].map(|()| home.start(&["work"]));
        Self { home, servers, workers, times: Vec::new(), departures: Vec::new(), seen_leaving: 0 }
    }

    fn restart_worker(&mut self, at: usize) {
        self.end(None, |fleet| &mut fleet.workers[at]);
        self.workers[at] = self.home.start(&["work"]);
        let worker = &self.workers[at];
        until("the worker works", PATIENCE, || worker.stderr().contains("working").then_some(()));
    }

    fn restart_server(&mut self, at: usize) {
        let address = self.servers[at].api.0;
        self.end(Some(address), |fleet| &mut fleet.servers[at].process);
        self.servers[at] = self.home.serve_at(&address.to_string(), &["--examples", "--no-worker"]);
    }

    fn end(&mut self, serves: Option<SocketAddr>, which: impl Fn(&mut Self) -> &mut Process) {
        let process = which(self);
        let watch = Stopwatch::start();
        process.signal("TERM");
        if let Some(server) = serves {
            // With a connection of its own, as a balancer looks: the port has to be open still.
            let look = || KeepAlive::to(server).get("/ready").map(|answer| answer.status);
            let last = until("it is not ready", PATIENCE, || Some(look()).filter(|said| !matches!(said, Ok(200))));
            self.seen_leaving += usize::from(matches!(last, Ok(503)));
        }
        let process = which(self);
        let status = process.ends_within(PATIENCE);
        let took = watch.elapsed();
        assert_eq!(status.code(), Some(0), "{}: {}", replay(), process.stderr());
        assert!(took < LATEST, "it took {took:?}, {}: {}", replay(), process.stderr());
        let departure = Departure::of(process);
        self.departures.push(departure);
        self.times.push(took);
    }
}

/// Pushes until it is over; no answer may be anything but a yes.
fn push(mut balanced: Balanced, mut mix: Mix, is_over: &AtomicBool, pushed: &AtomicUsize) -> Vec<Pushed> {
    let mut taken = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let (job, body) = mix.next();
        let answer = balanced.post("/api/queue/enqueue", &body);
        assert!(is_taken(&answer), "{}: {answer:?}", replay());
        taken.push(job);
        pushed.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(PACE);
    }
    taken
}
