//! Servers that end with this process, however it ends.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;

use crate::process;

/// Kills what it started once its standard input ends, which the system sees to whatever becomes of this process.
const KEEPER: &str = r#"
"$@" &
child=$!
read -r _
kill "$child"
wait "$child" 2>/dev/null
"#;

/// A server under a keeper.
#[derive(Debug)]
pub struct Guarded(Child);

impl Guarded {
    /// Starts `program` with what `prepare` says of its environment and standard streams.
    pub fn start(program: &OsStr, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(program).args(arguments);
        prepare(&mut command);
        // A group of its own: Ctrl-C is for this process alone, and the keeper outlives it by a moment.
        let child = command.stdin(Stdio::piped()).process_group(0).spawn().context("cannot start a server")?;
        Ok(Self(child))
    }

    /// Seconds of processor time that the program has used so far.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let keeper = self.0.id();
        let children = fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children"))?;
        let program = children.split_whitespace().next().context("the server has ended")?;
        process::cpu_seconds(program)
    }

    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
