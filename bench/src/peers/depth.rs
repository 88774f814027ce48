//! Workers of several processes, timed by the list they empty.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use journeyman::clock::Stopwatch;

use crate::stores::Stores;

/// Between two looks at the list: nothing beside what the workers cost.
const LOOK: Duration = Duration::from_millis(10);
/// Workers must have begun by then.
const START: Duration = Duration::from_secs(20);

/// Killed when dropped.
struct Crew(Vec<Child>);

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// From the first job taken to the last one, over what was taken meanwhile.
pub async fn seconds(
    stores: &Stores,
    list: &str,
    jobs: u64,
    workers: impl Iterator<Item = Command>,
) -> anyhow::Result<f64> {
    let depth = || stores.redis.length(list);
    ensure!(depth()? == jobs, "{list} holds {} jobs instead of {jobs}", depth()?);
    let mut crew = Crew(Vec::new());
    for mut worker in workers {
        let child = worker.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        crew.0.push(child.with_context(|| format!("cannot start {}", worker.get_program().display()))?);
    }
    let waiting = Stopwatch::start();
    let (begun, left_then) = loop {
        let left = depth()?;
        if left < jobs {
            break (Stopwatch::start(), left);
        }
        if waiting.elapsed() > START {
            bail!("no job was taken from {list} within {} s", START.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    };
    while depth()? > 0 {
        tokio::time::sleep(LOOK).await;
    }
    // What was taken before the first look that saw it did not take part.
    let share = jobs as f64 / left_then.max(1) as f64;
    Ok(begun.elapsed().as_secs_f64() * share)
}
