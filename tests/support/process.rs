//! The real binary, in a working directory and with a store of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::http::Api;
use super::redis::RedisServer;
use super::until;

const BINARY: &str = env!("CARGO_BIN_EXE_journeyman");
/// Longest that a process may take to say where it listens.
const START: Duration = Duration::from_secs(20);

static PREFIXES: AtomicU64 = AtomicU64::new(1);

/// A working directory and the environment of everything that runs in it; nothing else is inherited. Clones share the
/// directory.
#[derive(Debug, Clone)]
pub struct Home {
    dir: Arc<TempDir>,
    env: Vec<(String, String)>,
    program: PathBuf,
}

impl Home {
    /// Nothing set: the embedded store, in a file in the directory.
    pub fn sqlite() -> Self {
        Self { dir: Arc::new(tempfile::tempdir().unwrap()), env: Vec::new(), program: BINARY.into() }
    }

    /// The shared Redis, under a prefix that nobody else has.
    pub fn redis() -> Self {
        Self::redis_at(&RedisServer::shared().url())
    }

    pub fn redis_at(url: &str) -> Self {
        let prefix = format!("blackbox-{}-{}:", std::process::id(), PREFIXES.fetch_add(1, Ordering::Relaxed));
        Self::sqlite().with("QUEUE_CONNECTION", "redis").with("REDIS_URL", url).with("KEY_PREFIX", &prefix)
    }

    /// A database of the shared MariaDB, with its tables.
    pub fn mariadb() -> Self {
        Self::database(&super::mariadb::shared().fresh_url())
    }

    /// A schema of the shared PostgreSQL, with its tables.
    pub fn postgres() -> Self {
        Self::database(&super::postgres::shared().fresh_url())
    }

    pub fn database(url: &str) -> Self {
        let home = Self::without_tables(url);
        home.ok(&["migrate"]);
        home
    }

    /// The same as the server brings it.
    pub fn without_tables(url: &str) -> Self {
        Self::sqlite().with("QUEUE_CONNECTION", "database").with("DATABASE_URL", url)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another program in place of the binary.
    #[must_use]
    pub fn running(self, program: &Path) -> Self {
        Self { program: program.to_owned(), ..self }
    }

    /// Workers that are missed soon.
    #[must_use]
    pub fn with_short_lease(self) -> Self {
        self.with("JOURNEYMAN_WORKER_LEASE", "1.5").with("JOURNEYMAN_WORKER_HEARTBEAT", "0.4")
    }

    /// On a machine whose clock is wrong by so much, as `+3600s`; durations are measured rightly there.
    #[must_use]
    pub fn with_clock_off_by(self, offset: &str) -> Self {
        let folders = std::fs::read_dir("/usr/lib").unwrap().flatten().map(|folder| folder.path());
        let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
        let library: PathBuf = library.expect("libfaketime is missing: run cargo xtask test, which installs it");
        self.with("LD_PRELOAD", library.to_str().unwrap())
            .with("FAKETIME", offset)
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Whether it is the embedded store.
    pub fn is_sqlite(&self) -> bool {
        !self.env.iter().any(|(name, _)| name == "QUEUE_CONNECTION")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.clean(&self.program);
        command.args(arguments);
        command
    }

    /// Runs a line as a shell would, in the directory.
    pub fn shell(&self, line: &str) -> Ran {
        let mut command = self.clean(Path::new("sh"));
        Ran::of(command.arg("-c").arg(line))
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// The same, and it must succeed; its standard output without the last line break.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.stdout.trim_end().to_owned()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Starts a command that goes on.
    pub fn start(&self, arguments: &[&str]) -> Process {
        let logs = tempfile::tempdir().unwrap();
        let out = File::create(logs.path().join("out")).unwrap();
        self.start_into(out, logs, arguments)
    }

    /// The same with a standard output that nobody reads.
    pub fn start_unread(&self, arguments: &[&str]) -> Process {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.start_into(writer, tempfile::tempdir().unwrap(), arguments)
    }

    fn start_into(&self, out: impl Into<Stdio>, logs: TempDir, arguments: &[&str]) -> Process {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(out);
        command.stderr(File::create(logs.path().join("err")).unwrap());
        Process { child: command.spawn().unwrap(), logs }
    }

    /// Starts a server on a free port, which takes the trial jobs, and waits until it tells where.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_plainly(&[&["--examples"], arguments].concat())
    }

    /// The same without a word about the trial jobs.
    pub fn serve_plainly(&self, arguments: &[&str]) -> Server {
        self.serve_at("127.0.0.1:0", arguments)
    }

    /// The same at an address of the caller's choice.
    pub fn serve_at(&self, bind: &str, arguments: &[&str]) -> Server {
        let mut process = self.start(&[&["--bind", bind], arguments].concat());
        let address = until("the server tells where it listens", START, || {
            assert!(process.is_running(), "the server ended: {}", process.stderr());
            let banner = process.stdout();
            let (_, rest) = banner.split_once("listening   http://")?;
            rest.split_once(' ')?.0.parse().ok()
        });
        Server { process, api: Api(address) }
    }

    /// Any program, in the directory and with its environment alone.
    pub fn clean(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        #[expect(clippy::disallowed_methods, reason = "the binary gets nothing of it but this")]
        command.env("PATH", std::env::var("PATH").unwrap());
        command
    }
}

/// What became of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The sentences of a command that has refused to go on, one a line.
    pub fn complaints(&self) -> Vec<&str> {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        assert!(!self.stderr.contains("panicked") && !self.stderr.contains("backtrace"), "{self:?}");
        self.stderr.lines().collect()
    }
}

/// A running binary. It dies with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    logs: TempDir,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(self.logs.path().join("out")).unwrap()
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.logs.path().join("err")).unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Whether it is the worker of that name.
    pub fn is(&self, worker: &Value) -> bool {
        worker.as_str().is_some_and(|name| name.contains(&format!("-{}-", self.id())))
    }

    /// Sends a signal by its name, `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn ends_within(&mut self, longest: Duration) -> ExitStatus {
        until("the process ends", longest, || self.child.try_wait().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            #[expect(clippy::print_stdout, reason = "the harness shows it beside the failure")]
            {
                println!("standard error of process {}:\n{}", self.id(), self.stderr());
            }
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub process: Process,
    pub api: Api,
}
