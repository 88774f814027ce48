//! The server under test: the real binary, in a folder of its own and with nothing else of this machine's settings.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

/// Whom the server lets in, and what it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whoever is on this machine. Jobs run; the trial types are off, as some of them would take the server down.
    Open,
    /// Whoever has a key. Everything is on offer, so no job may run.
    Keyed,
}

/// A server that runs until it is stopped or dropped.
pub struct Server {
    child: Child,
    address: String,
    key: Option<String>,
}

impl Server {
    pub fn start(mode: Mode, binary: &Path, home: &Path) -> Result<Self, String> {
        let mut command = clean(binary, home);
        let key = match mode {
            Mode::Open => None,
            Mode::Keyed => {
                let (key, line) = new_key(binary, home)?;
                command.env("JOURNEYMAN_API_KEYS", line);
                Some(key)
            }
        };
        let examples = mode == Mode::Keyed;
        command.args(["serve", "--bind", "127.0.0.1:0"]).args((mode == Mode::Keyed).then_some("--no-worker"));
        // A refusal for coming too often is a right answer that would hide all others.
        command.env("JOURNEYMAN_EXAMPLES", examples.to_string()).env("RATE_LIMIT", "off");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{} serve` did not start: {error}", binary.display()))?;
        let output = child.stdout.take().ok_or("the server's output was lost")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let Some(address) = lines.by_ref().find_map(|line| address_in(&line)) else {
            let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
            return Err(format!("the server ended before it listened ({status}); its own words are above"));
        };
        // Read on, or it would block as soon as the pipe is full.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address, key })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Ends it; an error if it had ended by itself.
    pub fn stop(mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("the server ended while it was tested ({status})")),
            Err(error) => Err(format!("the server was lost: {error}")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its folder is thrown away, so there is nothing to bring to an end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with an environment of its own.
fn clean(binary: &Path, home: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(home).env_clear().stdin(Stdio::null());
    command
}

/// An API key that is good for all, and the line to configure it.
fn new_key(binary: &Path, home: &Path) -> Result<(String, String), String> {
    let made = clean(binary, home).args(["key", "new", "--name", "schemathesis", "--scope", "admin"]).output();
    let made = made.map_err(|error| format!("`{} key new` did not start: {error}", binary.display()))?;
    read_key(&String::from_utf8_lossy(&made.stdout))
        .ok_or_else(|| format!("`journeyman key new` told no key: {}", String::from_utf8_lossy(&made.stderr).trim()))
}

/// The key is the word that begins as keys do, its line the last one.
fn read_key(told: &str) -> Option<(String, String)> {
    let key = told.split_whitespace().find(|word| word.starts_with("jmk_"))?;
    let line = told.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some((key.to_owned(), line.to_owned()))
}

/// The address in the line `  listening   http://127.0.0.1:43210   (…)`.
fn address_in(line: &str) -> Option<String> {
    let address = line.trim_start().strip_prefix("listening")?.split_whitespace().next()?;
    address.starts_with("http://").then(|| address.to_owned())
}

impl Mode {
    pub fn folder(self) -> &'static str {
        match self {
            Self::Open => "without-keys",
            Self::Keyed => "with-keys",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "without API keys, jobs running",
            Self::Keyed => "with an API key, trial types on offer",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_tells_where_it_listens() {
        let line = "  listening   http://127.0.0.1:43210   (API docs: http://127.0.0.1:43210/docs)";
        assert_eq!(address_in(line).as_deref(), Some("http://127.0.0.1:43210"));
        assert_eq!(address_in("  store       SQLite data/journeyman.db"), None);
    }

    #[test]
    fn a_key_is_read_with_its_line() {
        let told = "The key, shown only now:\n  jmk_0123\n\nConfigure:\n  schemathesis:admin:abcd\n";
        assert_eq!(read_key(told), Some(("jmk_0123".to_owned(), "schemathesis:admin:abcd".to_owned())));
        assert_eq!(read_key(""), None);
    }
}
