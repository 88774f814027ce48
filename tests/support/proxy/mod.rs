//! A relay in front of a real server that breaks the wire as a test tells it.
//!
//! It knows where a request and its reply begin and end, so it can cut a connection after the server has done what it was
//! asked and before its client hears of it.

mod framing;
mod mysql;
mod postgres;
mod relay;
mod resp;
mod weather;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use weather::Weather;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// In good order, by FIN.
    Closed,
    /// By RST.
    Reset,
    /// Not at all: it stays, and nothing comes through any more, either way. Half-open.
    Silent,
}

/// When, seen from a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The server never gets it.
    Before,
    /// The server has done it, and half of its reply comes through.
    Within,
    /// The server has done it, and nothing of its reply comes through.
    After,
}

/// What happens to a connection, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub moment: Moment,
    pub ending: Ending,
}

impl Fault {
    pub const ALL: [Self; 9] = {
        use Ending::{Closed, Reset, Silent};
        use Moment::{After, Before, Within};
        const fn of(moment: Moment, ending: Ending) -> Fault {
            Fault { moment, ending }
        }
        [
            of(Before, Closed),
            of(Before, Reset),
            of(Before, Silent),
            of(Within, Closed),
            of(Within, Reset),
            of(Within, Silent),
            of(After, Closed),
            of(After, Reset),
            of(After, Silent),
        ]
    };
}

/// Tells a request by what it says: a statement's text, or a command with its keys.
type Aim = Box<dyn Fn(&str) -> bool + Send>;

/// A fault that waits for its request.
struct Plan {
    aim: Aim,
    /// Requests to let through first.
    skip: usize,
    fault: Fault,
}

/// What all connections share.
struct Shared {
    server: SocketAddr,
    protocol: Protocol,
    plan: Mutex<Option<Plan>>,
    weather: watch::Sender<Weather>,
    /// Grows with each order to end what is open.
    ruin: watch::Sender<(u64, Ending)>,
    /// Grows with each order to end what is half-open.
    burials: watch::Sender<u64>,
    accepted: AtomicUsize,
    closed: CancellationToken,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Redis,
    MySql,
    Postgres,
}

/// A running proxy. All its connections end with it.
pub struct Proxy {
    shared: Arc<Shared>,
    _closed: DropGuard,
    address: SocketAddr,
}

impl Proxy {
    /// In front of the server of a URL; with the URL that leads through it.
    pub async fn before(url: &str) -> (Self, String) {
        let protocol = Protocol::of(url);
        let server = server_of(url);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let closed = CancellationToken::new();
        let shared = Arc::new(Shared {
            server,
            protocol,
            plan: Mutex::default(),
            weather: watch::Sender::default(),
            ruin: watch::Sender::new((0, Ending::Closed)),
            burials: watch::Sender::default(),
            accepted: AtomicUsize::new(0),
            closed: closed.clone(),
        });
        tokio::spawn(closed.clone().run_until_cancelled_owned(accept(Arc::clone(&shared), listener)));
        let through = protocol.in_plain(url.replace(&server.to_string(), &address.to_string()));
        (Self { shared, _closed: closed.drop_guard(), address }, through)
    }

    /// Lets `fault` happen to the request that `aim` knows, once `skip` such have passed.
    pub fn strike(&self, aim: impl Fn(&str) -> bool + Send + 'static, skip: usize, fault: Fault) {
        *self.shared.plan.lock().unwrap() = Some(Plan { aim: Box::new(aim), skip, fault });
    }

    /// Calls a strike off; tells whether it has happened.
    pub fn has_struck(&self) -> bool {
        self.shared.plan.lock().unwrap().take().is_none()
    }

    /// Whether a strike has happened, without calling it off.
    pub fn has_struck_yet(&self) -> bool {
        self.shared.plan.lock().unwrap().is_none()
    }

    /// What holds for all connections from now on, those that come as well.
    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Lets everything through again. What is half-open stays so.
    pub fn heal(&self) {
        self.set(Weather::default());
    }

    /// Ends every connection of now. Those that come are not touched.
    pub fn end_all(&self, ending: Ending) {
        self.shared.ruin.send_modify(|(orders, how)| (*orders, *how) = (*orders + 1, ending));
    }

    /// Ends those that are half-open, as either side would in the end.
    pub fn bury(&self) {
        self.shared.burials.send_modify(|burials| *burials += 1);
    }

    /// Connections taken so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).field("server", &self.shared.server).finish()
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        if shared.weather.borrow().refuses {
            let _ = client.set_zero_linger();
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(shared.server).await else { return };
            relay::run(&shared, client, server).await;
        });
    }
}

impl Shared {
    /// Whether a fault has waited for this request.
    fn fault_for(&self, said: &str) -> Option<Fault> {
        let mut waiting = self.plan.lock().unwrap();
        let plan = waiting.as_mut().filter(|plan| (plan.aim)(said))?;
        if plan.skip > 0 {
            plan.skip -= 1;
            return None;
        }
        waiting.take().map(|plan| plan.fault)
    }
}

impl Protocol {
    fn of(url: &str) -> Self {
        match url.split_once(':').unwrap().0 {
            "redis" => Self::Redis,
            "mysql" | "mariadb" => Self::MySql,
            "postgres" => Self::Postgres,
            other => panic!("nothing is known of {other}"),
        }
    }

    /// What is encrypted cannot be told apart.
    fn in_plain(self, mut url: String) -> String {
        let setting = match self {
            Self::Redis => return url,
            Self::MySql => "ssl-mode=disabled",
            Self::Postgres => "sslmode=disable",
        };
        url.push(if url.contains('?') { '&' } else { '?' });
        url + setting
    }
}

fn server_of(url: &str) -> SocketAddr {
    let rest = url.split_once("://").unwrap().1;
    let place = rest.split(['/', '?']).next().unwrap();
    place.rsplit('@').next().unwrap().parse().unwrap()
}
