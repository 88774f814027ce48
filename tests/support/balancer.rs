//! A load balancer as they mostly are: it sends requests in turn to those servers whose `/ready` said 200 at the last look.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::http::Answer;
use super::keep_alive::{Broken, KeepAlive};
use super::until;

/// Time between two looks at a server.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

/// Shared by its clients; it looks at the servers until it is dropped.
#[derive(Debug)]
pub struct Balancer {
    shared: Arc<Shared>,
    looks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    servers: Vec<(SocketAddr, AtomicBool)>,
    turn: AtomicUsize,
    is_over: AtomicBool,
    /// Requests that another server had to answer, because the connection to the first one ended without a byte.
    repeated: AtomicU64,
}

/// One client of the balancer, with the connections that the balancer keeps for it.
#[derive(Debug)]
pub struct Balanced {
    shared: Arc<Shared>,
    lines: Vec<KeepAlive>,
}

impl Balancer {
    pub fn before(servers: &[SocketAddr]) -> Self {
        let servers = servers.iter().map(|&address| (address, AtomicBool::new(false))).collect();
        let shared =
            Shared { servers, turn: AtomicUsize::new(0), is_over: AtomicBool::new(false), repeated: AtomicU64::new(0) };
        let shared = Arc::new(shared);
        let look = |at: usize| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.look_at(at))
        };
        let looks = (0..shared.servers.len()).map(look).collect();
        Self { shared, looks }
    }

    pub fn client(&self) -> Balanced {
        let lines = self.shared.servers.iter().map(|(address, _)| KeepAlive::to(*address)).collect();
        Balanced { shared: Arc::clone(&self.shared), lines }
    }

    /// Waits until requests are sent to that server.
    pub fn until_used(&self, at: usize) {
        until("the balancer sees that the server is ready", PATIENCE, || self.shared.is_up(at).then_some(()));
    }

    pub fn repeated(&self) -> u64 {
        self.shared.repeated.load(Ordering::Relaxed)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for look in self.looks.drain(..) {
            let _ = look.join();
        }
    }
}

impl Shared {
    fn is_up(&self, at: usize) -> bool {
        self.servers[at].1.load(Ordering::Relaxed)
    }

    /// With a connection for each look, as most balancers do.
    fn look_at(&self, at: usize) {
        let (address, is_up) = &self.servers[at];
        while !self.is_over.load(Ordering::Relaxed) {
            let ready = KeepAlive::to(*address).get("/ready").is_ok_and(|answer| answer.status == 200);
            is_up.store(ready, Ordering::Relaxed);
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The next server in turn that is up.
    fn next(&self) -> usize {
        until("a server is up", PATIENCE, || {
            let turns = (0..self.servers.len()).map(|_| self.turn.fetch_add(1, Ordering::Relaxed) % self.servers.len());
            turns.into_iter().find(|&at| self.is_up(at))
        })
    }
}

impl Balanced {
    /// Posts what is safe to repeat: whatever carries an `operation_id`. Only a connection that ends without a byte of an
    /// answer makes it go to another server.
    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        loop {
            for (at, line) in self.lines.iter_mut().enumerate() {
                if !self.shared.is_up(at) {
                    line.close();
                }
            }
            match self.lines[self.shared.next()].post(path, body) {
                Ok(answer) => return answer,
                Err(Broken::Torn(part)) => panic!("an answer broke off after {part:?}"),
                Err(Broken::Refused | Broken::Silent(_)) => {
                    assert!(body.contains("\"operation_id\""), "not safe to repeat: {body}");
                    self.shared.repeated.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}
