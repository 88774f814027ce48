//! Database servers of our own, on free ports, each in a private directory.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journeyman::clock::Stopwatch;
use tempfile::TempDir;

/// Starts and kills the server as it is told, and kills it once its own input ends, which it does however this process
/// ends. Its arguments are the directory, the signal to end with, and the command.
const KEEPER: &str = r#"
trap '' INT TERM HUP
dir=$1 end=$2
shift 2
pid=
while read -r word; do
  case $word in
  start) "$@" >>"$dir/log" 2>&1 & pid=$! ;;
  # With its children: those of PostgreSQL outlive it for a moment and hold its memory.
  kill) kill -9 $pid $(cat /proc/$pid/task/$pid/children 2>/dev/null); wait $pid; sleep 0.1 ;;
  # The parent first, so that it has no more children meanwhile.
  freeze) kill -STOP $pid; kill -STOP $(cat /proc/$pid/task/$pid/children) 2>/dev/null ;;
  thaw) kill -CONT $pid $(cat /proc/$pid/task/$pid/children) ;;
  esac
done
kill -$end $pid
wait $pid
rm -rf "$dir"
"#;

/// Longest that a server may take to come up; it shares the machine with the other tests.
const START: Duration = Duration::from_secs(60);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    MariaDb,
    Postgres,
}

/// How much a server takes care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Nothing reaches the disk in time.
    None,
    /// What is confirmed is on the disk.
    Durable,
}

/// A running server. It dies with this value and, at the latest, with the process.
#[derive(Debug)]
pub struct DatabaseServer {
    engine: Engine,
    port: u16,
    keeper: Child,
    /// Removed by the keeper, which may run as another user's parent.
    dir: PathBuf,
    databases: AtomicU64,
}

impl DatabaseServer {
    /// Starts one and waits until it answers.
    pub fn start(engine: Engine, care: Care) -> Self {
        Self::start_in(engine, care, &TempDir::with_prefix("journeyman-db-").unwrap().keep())
    }

    /// The same with its files in this directory, which it empties in the end.
    pub fn start_in(engine: Engine, care: Care, dir: &Path) -> Self {
        engine.prepare(dir);
        // A port that is free now may be taken a moment later, so more than one may have to be tried.
        let started = (0..5).find_map(|_| Self::start_on(engine, care, dir, free_port()));
        started.unwrap_or_else(|| panic!("{engine:?} does not start: {}", log(dir)))
    }

    fn start_on(engine: Engine, care: Care, dir: &Path, port: u16) -> Option<Self> {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(dir)
            .arg(engine.signal())
            .args(engine.command(dir, port, care))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { engine, port, keeper, dir: dir.to_owned(), databases: AtomicU64::new(1) };
        server.tell("start");
        let answers = server.answers_within(START);
        answers.then_some(server)
    }

    /// Whoever asks for it gets a database, or a schema, of its own; it has no tables yet.
    pub fn fresh_url(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.engine.create(self.port, number)
    }

    /// As `kill -9`; what it had confirmed it has to know when it comes back.
    pub fn kill(&mut self) {
        self.tell("kill");
        let clock = Stopwatch::start();
        while self.takes_connections() && clock.elapsed() < START {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// After a kill.
    pub fn start_again(&mut self) {
        self.tell("start");
        assert!(self.answers_within(START), "{:?} does not start again: {}", self.engine, log(&self.dir));
    }

    /// Stops the processes without closing a connection, as a machine that hangs does; or lets them go on.
    pub fn freeze(&mut self, frozen: bool) {
        self.tell(if frozen { "freeze" } else { "thaw" });
    }

    /// As a supervisor does: starts it again if it has ended by itself.
    pub fn revive(&mut self) {
        if !self.takes_connections() {
            self.start_again();
        }
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    fn answers_within(&self, longest: Duration) -> bool {
        let clock = Stopwatch::start();
        while clock.elapsed() < longest {
            if self.takes_connections() && self.engine.answers(self.port) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn takes_connections(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn log(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("log")).unwrap_or_else(|error| error.to_string())
}

/// A program of the system, which may lie outside the search path.
pub fn program(name: &str, folders: &[PathBuf]) -> PathBuf {
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: run cargo xtask test, which installs it"))
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// Runs what must succeed.
pub fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a future where there may or may not be a runtime already.
pub fn block_on<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
        scope.spawn(run).join().unwrap()
    })
}

impl Engine {
    fn prepare(self, dir: &Path) {
        match self {
            Self::MariaDb => super::mariadb::prepare(dir),
            Self::Postgres => super::postgres::prepare(dir),
        }
    }

    fn command(self, dir: &Path, port: u16, care: Care) -> Vec<String> {
        match self {
            Self::MariaDb => super::mariadb::command(dir, port, care),
            Self::Postgres => super::postgres::command(dir, port, care),
        }
    }

    fn signal(self) -> &'static str {
        match self {
            Self::MariaDb => "KILL",
            // Killed outright it would leave its shared memory behind.
            Self::Postgres => "QUIT",
        }
    }

    fn answers(self, port: u16) -> bool {
        match self {
            Self::MariaDb => super::mariadb::answers(port),
            Self::Postgres => super::postgres::answers(port),
        }
    }

    fn create(self, port: u16, number: u64) -> String {
        match self {
            Self::MariaDb => super::mariadb::create(port, number),
            Self::Postgres => super::postgres::create(port, number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_dies_with_its_owner() {
        for engine in [Engine::MariaDb, Engine::Postgres] {
            let server = DatabaseServer::start(engine, Care::None);
            let (port, dir) = (server.port, server.dir.clone());
            assert!(dir.exists());
            drop(server);
            assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "{engine:?}");
            assert!(!dir.exists(), "{engine:?}");
        }
    }
}
