//! The product's processes: two servers and some workers, started again whenever they end, as systemd would.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use journeyman::config::{Config, Sources};

use crate::clients;
use crate::jobs;
use crate::ledger::{self, Event, Ledger};
use crate::plan::Plans;
use crate::schedule::LEASE;
use crate::store::Store;
use crate::support::until;

/// The first argument of this program when it is to be the product.
pub const PRODUCT: &str = "journeyman";
/// Jobs that each worker process runs at once.
const SLOTS: u64 = 8;
/// Jobs that each worker process holds at most, as docs/operations.md has it.
pub const HELD: u64 = SLOTS + 3 * (2 * SLOTS + 16);
const WORKERS: usize = 3;
/// Longest that a process may take to answer, or to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// With workers of its own.
    Server(SocketAddr),
    /// API only.
    Front(SocketAddr),
    Worker,
}

struct Member {
    role: Role,
    child: Child,
}

pub struct Crew {
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
    members: Vec<Member>,
    ledger: Ledger,
    /// Processes started so far; each has log files of its own.
    started: usize,
    /// Times that a process ended by itself.
    pub own_ends: usize,
}

impl Crew {
    /// Starts them all, and waits until the servers answer.
    pub fn start(folder: PathBuf, store: &Store) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        let settings = settings(&folder, store);
        let ledger = Ledger::open(&folder, "faults")?;
        let mut crew = Self { program, folder, settings, members: Vec::new(), ledger, started: 0, own_ends: 0 };
        let tables = crew.command(&["migrate"]).output()?;
        ensure!(tables.status.success(), "cannot make the tables: {}", String::from_utf8_lossy(&tables.stderr));
        for role in [Role::Server(free_address()?), Role::Front(free_address()?)] {
            crew.add(role)?;
        }
        for _ in 0..WORKERS {
            crew.add(Role::Worker)?;
        }
        Ok(crew)
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.members.iter().filter_map(|member| member.role.address()).collect()
    }

    /// The product's command line on this store.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(PRODUCT).args(arguments).current_dir(&self.folder).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(self.settings.iter().cloned());
        command
    }

    /// As `kill -9` of one that runs jobs; another takes its place at once.
    pub fn kill_worker(&mut self, victim: usize) -> anyhow::Result<()> {
        self.kill_one(victim, |role| role == Role::Worker)
    }

    pub fn kill_server(&mut self, victim: usize) -> anyhow::Result<()> {
        self.kill_one(victim, |role| role != Role::Worker)
    }

    fn kill_one(&mut self, victim: usize, is_meant: impl Fn(Role) -> bool) -> anyhow::Result<()> {
        let place = self.pick(victim, is_meant);
        self.strike(place)?;
        self.replace(place)
    }

    pub fn kill_all(&mut self) -> anyhow::Result<()> {
        (0..self.members.len()).try_for_each(|place| self.strike(place))?;
        (0..self.members.len()).try_for_each(|place| self.replace(place))
    }

    /// Stops a worker without ending it, and lets it go on later.
    pub fn freeze_worker(&mut self, victim: usize, lasting: Duration) -> anyhow::Result<()> {
        let place = self.pick(victim, |role| role == Role::Worker);
        self.freeze(place, lasting)
    }

    /// The same of one that runs one of these jobs, which are pushed for it.
    pub fn freeze_worker_at(&mut self, plans: &Plans, slow: Range<u64>, lasting: Duration) -> anyhow::Result<()> {
        clients::insist(&self.ledger, plans, slow.clone(), &self.addresses())?;
        let runs_one = |member: &Member| {
            let under_way = ledger::under_way(&self.folder, member.child.id());
            member.role == Role::Worker && under_way.range(slow.clone()).next().is_some()
        };
        let place = until("a worker runs a slow job", PATIENCE, || self.members.iter().position(runs_one));
        self.freeze(place, lasting)
    }

    fn freeze(&mut self, place: usize, lasting: Duration) -> anyhow::Result<()> {
        let process = self.members[place].child.id();
        self.ledger.write(Event::Struck { process })?;
        signal(process, "STOP")?;
        std::thread::sleep(lasting);
        // Stopped up to here: what it had begun by now was struck too.
        self.ledger.write(Event::Struck { process })?;
        signal(process, "CONT")
    }

    /// Starts those again that have ended by themselves, as they may while the store is away.
    pub fn tend(&mut self) -> anyhow::Result<()> {
        for place in 0..self.members.len() {
            if self.members[place].child.try_wait()?.is_some() {
                self.own_ends += 1;
                let process = self.members[place].child.id();
                self.ledger.write(Event::Struck { process })?;
                self.replace(place)?;
            }
        }
        Ok(())
    }

    /// Tells all to end in good order, and waits for it.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.members.iter().try_for_each(|member| signal(member.child.id(), "TERM"))?;
        for member in &mut self.members {
            until("a process ends when told to", PATIENCE, || member.child.try_wait().ok().flatten());
        }
        Ok(())
    }

    /// Lines of all standard errors so far that hold these words.
    pub fn count_in_logs(&self, words: &str) -> anyhow::Result<usize> {
        let logs = (0..self.started).map(|number| std::fs::read_to_string(self.folder.join(format!("{number}.err"))));
        let counts = logs.map(|log| Ok(log?.lines().filter(|line| line.contains(words)).count()));
        counts.sum()
    }

    fn pick(&self, victim: usize, is_meant: impl Fn(Role) -> bool) -> usize {
        let places: Vec<usize> = (0..self.members.len()).filter(|place| is_meant(self.members[*place].role)).collect();
        places[victim % places.len()]
    }

    fn strike(&mut self, place: usize) -> anyhow::Result<()> {
        let child = &mut self.members[place].child;
        child.kill()?;
        child.wait()?;
        self.ledger.write(Event::Struck { process: child.id() })?;
        Ok(())
    }

    fn add(&mut self, role: Role) -> anyhow::Result<()> {
        let child = self.spawn(role)?;
        self.members.push(Member { role, child });
        Ok(())
    }

    fn replace(&mut self, place: usize) -> anyhow::Result<()> {
        self.members[place].child = self.spawn(self.members[place].role)?;
        Ok(())
    }

    fn spawn(&mut self, role: Role) -> anyhow::Result<Child> {
        let slots = SLOTS.to_string();
        let bind = role.address().map(|address| address.to_string()).unwrap_or_default();
        let mut command = match role {
            Role::Server(_) => self.command(&["serve", "--bind", &bind, "--workers", &slots]),
            Role::Front(_) => self.command(&["serve", "--bind", &bind, "--no-worker"]),
            Role::Worker => self.command(&["work", "--workers", &slots]),
        };
        let log = File::create(self.folder.join(format!("{}.err", self.started)))?;
        self.started += 1;
        command.stdout(Stdio::null()).stderr(log).spawn().context("cannot start the product")
    }
}

impl Role {
    fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Server(address) | Self::Front(address) => Some(address),
            Self::Worker => None,
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for Member { child, .. } in &mut self.members {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The store as the lane's own program sees it, to look into it.
pub fn config(folder: &Path, store: &Store) -> anyhow::Result<Config> {
    let environment = settings(folder, store).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Config::load(&Sources { environment, ..Sources::default() })?.config)
}

/// The environment of everything that uses the store.
fn settings(folder: &Path, store: &Store) -> Vec<(&'static str, String)> {
    let mut settings = store.settings();
    settings.extend([
        (jobs::FOLDER, folder.display().to_string()),
        ("JOURNEYMAN_DATA_DIR", folder.join("data").display().to_string()),
        ("JOURNEYMAN_WORKER_LEASE", LEASE.as_secs_f64().to_string()),
        // A job that many killed workers had in hand at that moment is no poison.
        ("JOURNEYMAN_WORKER_MAX_CRASHES", "1000".to_owned()),
        // The store comes back sooner than the default would look for it.
        ("CIRCUIT_RECOVERY_TIMEOUT", "1".to_owned()),
        ("LOG_LEVEL", "warn".to_owned()),
    ]);
    settings
}

/// One that nobody listens on at this moment.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn signal(process: u32, name: &str) -> anyhow::Result<()> {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status()?;
    ensure!(status.success(), "cannot send SIG{name} to process {process}");
    Ok(())
}
