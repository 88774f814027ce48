//! A private Redis without persistence, and a look into it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::guarded::Guarded;

/// Dropped in this order: the server before its folder.
#[derive(Debug)]
pub struct RedisServer {
    _server: Guarded,
    port: u16,
    _folder: TempDir,
}

impl RedisServer {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// With further settings, as its command line takes them.
    pub async fn start_with(further: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let port_text = port.to_string();
        let settings = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
        let arguments = [&["--bind", "127.0.0.1", "--port", &port_text][..], &settings, further].concat();
        let server = Guarded::start("redis-server".as_ref(), &arguments, |command| {
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        })?;
        let server = Self { _server: server, port, _folder: folder };
        for _ in 0..200 {
            if server.ask("PING").is_ok() {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("redis-server does not answer within 10 s; is it installed?");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Removes all data and all statistics.
    pub fn clear(&self) -> anyhow::Result<()> {
        self.ask("FLUSHALL SYNC")?;
        self.ask("CONFIG RESETSTAT")?;
        Ok(())
    }

    pub fn used_memory(&self) -> anyhow::Result<f64> {
        self.number(&self.info("memory")?, "used_memory")
    }

    /// Seconds of processor time since it started.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let info = self.info("cpu")?;
        Ok(self.number(&info, "used_cpu_user")? + self.number(&info, "used_cpu_sys")?)
    }

    /// Elements of a list.
    pub fn length(&self, list: &str) -> anyhow::Result<u64> {
        Ok(self.ask(&format!("LLEN {list}"))?.parse()?)
    }

    pub fn version(&self) -> anyhow::Result<String> {
        self.info("server")?.remove("redis_version").context("Redis does not tell its version")
    }

    fn number(&self, info: &HashMap<String, String>, name: &str) -> anyhow::Result<f64> {
        info.get(name).and_then(|value| value.parse().ok()).with_context(|| format!("Redis does not tell {name}"))
    }

    fn info(&self, section: &str) -> anyhow::Result<HashMap<String, String>> {
        let text = self.ask(&format!("INFO {section}"))?;
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// One command in the inline form, over a connection of its own.
    pub fn ask(&self, command: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "{command}\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((kind, rest)) = line.trim_end().split_at_checked(1) else { bail!("Redis hung up") };
        match kind {
            "+" | ":" => Ok(rest.to_owned()),
            "$" => {
                let mut text = vec![0; rest.parse()?];
                reader.read_exact(&mut text)?;
                Ok(String::from_utf8(text)?)
            }
            _ => bail!("Redis answered {command} with {}", line.trim_end()),
        }
    }
}

/// One that nobody listens on at this moment.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether there is a Redis to start at all.
pub fn is_installed() -> bool {
    let probe = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}
