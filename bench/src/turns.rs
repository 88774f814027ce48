//! A worker process that works in turns: it stops after so many jobs, or when there is none, and waits to be told again.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::crew;
use crate::process::{self, Memory};
use crate::stores::{self, Stand};

/// No turn takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Killed when dropped; it also ends when its input does, so with this process.
#[derive(Debug)]
pub struct Turns {
    _child: Child,
    process: String,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Turns {
    /// Returns once the worker has its store open.
    pub async fn start(stand: &Stand, workers: usize, jobs: u64) -> anyhow::Result<Self> {
        let mut command = Command::from(stand.program(&stores::this_program()?));
        command.args(["turns-worker", "--workers", &workers.to_string(), "--turn", &jobs.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start a worker")?;
        let process = child.id().context("a worker has ended")?.to_string();
        let input = child.stdin.take().context("a worker has no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("a worker has no standard output")?).lines();
        let mut turns = Self { _child: child, process, input, answers };
        turns.answer().await?;
        Ok(turns)
    }

    /// Returns once the worker has stopped and the store knows of all that it ran.
    pub async fn take(&mut self) -> anyhow::Result<()> {
        self.input.write_all(b"\n").await.context("a worker has ended")?;
        self.answer().await
    }

    /// Seconds of processor time so far.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(&self.process)
    }

    pub fn memory(&self) -> anyhow::Result<Memory> {
        Memory::of(&self.process)
    }

    async fn answer(&mut self) -> anyhow::Result<()> {
        let answer = tokio::time::timeout(LONGEST, self.answers.next_line()).await;
        let answer = answer.with_context(|| format!("a turn took more than {} s", LONGEST.as_secs()))??;
        ensure!(answer.is_some(), "a worker has ended");
        Ok(())
    }
}

/// The hidden command: answers each line with another one at the end of a turn, the first one once it is ready.
pub async fn worker(workers: usize, jobs: u64) -> anyhow::Result<()> {
    let app = crew::start(vec![("worker.count", workers.to_string()), ("worker.max_jobs", jobs.to_string())]).await?;
    let mut told = BufReader::new(tokio::io::stdin()).lines();
    let mut output = tokio::io::stdout();
    loop {
        output.write_all(b"\n").await?;
        output.flush().await?;
        if told.next_line().await?.is_none() {
            return Ok(());
        }
        let worker = app.work(true, None)?;
        worker.finished().await;
        worker.stop().await;
    }
}
