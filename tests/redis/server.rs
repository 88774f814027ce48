//! A Redis to break: killed, restarted, stopped, filled, and talked to behind the driver's back.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use journeyman::clock::Stopwatch;

use crate::support::instructions::{MISSING, callgrind};
use crate::support::until;

/// Longest that one may take until it answers: what it keeps is read first.
const START: Duration = Duration::from_secs(60);

pub struct Server {
    port: u16,
    flags: Vec<String>,
    child: Child,
    dir: PathBuf,
    /// Unless somebody else's.
    own: Option<tempfile::TempDir>,
}

impl Server {
    /// One that keeps nothing and evicts nothing, unless `flags` say otherwise.
    pub fn start(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Self::start_in(dir.path(), flags);
        server.own = Some(dir);
        server
    }

    /// The same with its files in this directory.
    pub fn start_in(dir: &Path, flags: &[&str]) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let child = spawn(port, &flags, dir);
        let server = Self { port, flags, child, dir: dir.to_owned(), own: None };
        server.wait();
        server
    }

    /// One whose instructions inside of scripts are counted, by callgrind, which makes it some fifty times slower.
    pub fn counted(counts: &Path) -> Self {
        let mut valgrind = callgrind();
        valgrind.args(["--collect-atstart=no", "--toggle-collect=evalShaCommand", "redis-server"]);
        valgrind.stderr(File::create(counts).unwrap());
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let child = arguments(&mut valgrind, port, &[], dir.path()).spawn().expect(MISSING);
        let server = Self { port, flags: Vec::new(), child, dir: dir.path().to_owned(), own: Some(dir) };
        server.wait();
        server
    }

    /// Ends it in good order.
    pub fn shut_down(mut self) {
        let _ = self.try_ask(&["SHUTDOWN", "NOSAVE"]);
        self.child.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a command in words and returns the raw answer.
    pub fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(self.port, &self.flags, &self.dir);
        self.wait();
    }

    /// Stops the process without closing a connection, as a machine that hangs does; or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Makes it a replica of another one, or a master.
    pub fn follow(&self, master: Option<&Self>) {
        let answer = match master {
            Some(master) => self.ask(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]),
            None => self.ask(&["REPLICAOF", "NO", "ONE"]),
        };
        assert!(answer.starts_with("+OK"), "{answer}");
    }

    /// Waits until this replica has all that its master has by now.
    pub fn has_caught_up_with(&self, master: &Self) {
        let offset = |server: &Self, field: &str| {
            let info = server.ask(&["INFO", "replication"]);
            info.lines().find_map(|line| line.strip_prefix(field)?.parse::<i64>().ok())
        };
        let to = offset(master, "master_repl_offset:").unwrap();
        let follows = |found: Option<i64>| found.is_some_and(|found| found >= to);
        until("the replica catches up", Duration::from_secs(30), || {
            let is_linked = self.ask(&["INFO", "replication"]).contains("master_link_status:up");
            (is_linked && follows(offset(self, "slave_repl_offset:"))).then_some(())
        });
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn try_ask(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        for command in [words, &["QUIT"]] {
            let mut line = format!("*{}\r\n", command.len());
            command.iter().for_each(|word| line.push_str(&format!("${}\r\n{word}\r\n", word.len())));
            stream.write_all(line.as_bytes())?;
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn wait(&self) {
        let clock = Stopwatch::start();
        while !self.try_ask(&["PING"]).is_ok_and(|answer| answer.contains("PONG") || answer.contains("NOAUTH")) {
            assert!(clock.elapsed() < START, "redis-server does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, flags: &[String], dir: &Path) -> Child {
    let mut command = Command::new("redis-server");
    command.stderr(Stdio::null());
    arguments(&mut command, port, flags, dir)
        .spawn()
        .expect("redis-server is missing: run cargo xtask test, which installs it")
}

fn arguments<'a>(command: &'a mut Command, port: u16, flags: &[String], dir: &Path) -> &'a mut Command {
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"])
        .arg(dir)
        .args(flags)
        .stdout(Stdio::null())
}
