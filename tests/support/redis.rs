//! A Redis of our own, on a free port, with nothing on disk.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use journeyman::clock::Stopwatch;
use tempfile::TempDir;

/// Kills the server once its own input ends, which it does however this process ends.
const KEEPER: &str = r#"
trap '' INT TERM HUP
redis-server --bind 127.0.0.1 --port "$1" --dir "$2" --save '' --appendonly no --maxmemory-policy noeviction &
pid=$!
read _
kill -9 $pid
wait $pid
rm -rf "$2"
"#;

/// A running server. It dies with this value and, as the latest, with the process.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    keeper: Child,
    dir: TempDir,
}

impl RedisServer {
    /// The one that the tests of this process share, each under its own key prefix.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one and waits until it answers.
    pub fn start() -> Self {
        assert_installed();
        // A port that is free now may be taken a moment later, so more than one may have to be tried.
        (0..5).find_map(|_| Self::start_on(free_port())).expect("redis-server does not start")
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn start_on(port: u16) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", &port.to_string()])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, keeper, dir };
        let clock = Stopwatch::start();
        while clock.elapsed() < Duration::from_secs(10) {
            if server.answers() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Whether the server on the port is ours: it works in our directory.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"CONFIG GET dir\r\nQUIT\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let dir = self.dir.path().to_string_lossy();
        ask().is_ok_and(|answer| answer.contains(&*dir))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The keeper's last act is to remove the directory.
        let _ = self.keeper.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn assert_installed() {
    let probe = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if let Err(error) = probe {
        assert_ne!(
            error.kind(),
            ErrorKind::NotFound,
            "redis-server is missing: run cargo xtask test, which installs it"
        );
        panic!("redis-server cannot be run: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_dies_with_its_owner() {
        let server = RedisServer::start();
        assert!(server.answers());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
        let dir = server.dir.path().to_owned();
        drop(server);
        assert!(TcpStream::connect(address).is_err());
        assert!(!dir.exists());
    }
}
