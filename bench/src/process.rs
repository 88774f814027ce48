//! A child process as the system accounts for it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use journeyman::clock::Stopwatch;

/// Clock ticks per second in `/proc`: fixed by the kernel's interface.
const TICKS: f64 = 100.0;
/// Looks at the process between two at its memory.
const LOOKS: u32 = 10;

/// What a process that has ended used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// From its start to its exit.
    pub wall: Duration,
    pub cpu_seconds: f64,
    /// Most resident memory, MiB.
    pub peak_mib: f64,
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `command` to its end, its standard output thrown away.
pub async fn run(mut command: Command) -> anyhow::Result<Usage> {
    let stopwatch = Stopwatch::start();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("cannot start a worker")?;
    let mut running = Running(child);
    let folder = format!("/proc/{}", running.0.id());
    let (mut peak_mib, mut looks) = (0.0_f64, 0);
    let (wall, cpu_seconds) = loop {
        let stat = Stat::of(&folder)?;
        // Not waited for yet, it still stands there with its final account.
        if stat.has_ended {
            break (stopwatch.elapsed(), stat.cpu_seconds);
        }
        if looks % LOOKS == 0 {
            let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
            peak_mib = peak_mib.max(mebibytes(&status, "VmHWM:").unwrap_or_default());
        }
        looks += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let status = running.0.wait()?;
    if !status.success() {
        bail!("a worker failed ({status})");
    }
    ensure!(cpu_seconds >= 0.0, "a worker without processor time");
    Ok(Usage { wall, cpu_seconds, peak_mib })
}

/// Seconds of processor time of the process with this number, up to now.
pub fn cpu_seconds(process: &str) -> anyhow::Result<f64> {
    Ok(Stat::of(&format!("/proc/{process}"))?.cpu_seconds)
}

/// The same of all that it started too, those that have ended and been waited for among them.
pub fn family_cpu_seconds(process: &str) -> anyhow::Result<f64> {
    let stat = Stat::of(&format!("/proc/{process}"))?;
    // One that ends between the two looks is counted by its parent the next time.
    let children = children(process).iter().filter_map(|child| family_cpu_seconds(child).ok()).sum::<f64>();
    Ok(stat.cpu_seconds + stat.children_seconds + children)
}

/// The process of this name nearest to this one among those that it started, and those that they did.
pub fn descendant(name: &str) -> Option<String> {
    let mut generation = children("self");
    while !generation.is_empty() {
        let is_it = |process: &&String| {
            fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim_end() == name)
        };
        if let Some(found) = generation.iter().find(is_it) {
            return Some(found.clone());
        }
        generation = generation.iter().flat_map(|process| children(process)).collect();
    }
    None
}

/// Each thread has its own.
fn children(process: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_thread = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    threads.flat_map(|thread| of_thread(thread).split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The memory of a process that runs, MiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// Most resident memory so far, mapped files included.
    pub peak: f64,
    /// What it holds now without the pages of files, which the system may take back at any time.
    pub own: f64,
}

impl Memory {
    pub fn of(process: &str) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).context("a worker has ended")?;
        Self::read(&status).context("the system accounts for memory in a form not known here")
    }

    fn read(status: &str) -> Option<Self> {
        Some(Self { peak: mebibytes(status, "VmHWM:")?, own: mebibytes(status, "RssAnon:")? })
    }
}

/// The part of `/proc/<pid>/stat` that is of use here.
#[derive(Debug, PartialEq)]
struct Stat {
    has_ended: bool,
    cpu_seconds: f64,
    /// Of the children that it has waited for.
    children_seconds: f64,
}

impl Stat {
    fn of(folder: &str) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("{folder}/stat")).context("the system does not account for processes")?;
        Self::read(&stat).context("the system accounts for processes in a form not known here")
    }

    fn read(text: &str) -> Option<Self> {
        // The name in brackets may hold anything, brackets and spaces too.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS);
        Some(Self {
            has_ended: matches!(fields[0], "Z" | "X"),
            cpu_seconds: seconds(11)? + seconds(12)?,
            children_seconds: seconds(13)? + seconds(14)?,
        })
    }
}

fn mebibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// The machine's load averages, as it words them.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<&str> = text.split(' ').take(3).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_process_is_read_whatever_its_name() {
        let text = "7 (a) b) Z 1 7 7 0 -1 4 0 0 0 0 150 25 30 10 20 0 1 0 5 0 0";
        let stat = Stat { has_ended: true, cpu_seconds: 1.75, children_seconds: 0.4 };
        assert_eq!(Stat::read(text), Some(stat));
        assert_eq!(Stat::read("7 (x"), None);
    }

    #[test]
    fn memory_is_in_mebibytes() {
        let status = "VmPeak:\t  9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 7 kB\nRssAnon:\t    1536 kB\nRssFile:\t 1 kB\n";
        assert_eq!(Memory::read(status), Some(Memory { peak: 2.0, own: 1.5 }));
        assert_eq!(Memory::read("VmHWM:\t 1 kB\n"), None);
    }

    #[test]
    fn what_a_child_started_is_found_by_its_name() {
        let child = Command::new("sh").args(["-c", "sleep 60 & read -r _; kill $!"]).stdin(Stdio::piped()).spawn();
        let mut running = Running(child.unwrap());
        let clock = Stopwatch::start();
        let found = loop {
            if let Some(found) = descendant("sleep") {
                break found;
            }
            assert!(clock.elapsed() < Duration::from_secs(10), "the child starts nothing");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(family_cpu_seconds(&found).unwrap() < 10.0);
        assert_eq!(descendant("no-such-name"), None);
        drop(running.0.stdin.take());
        running.0.wait().unwrap();
    }
}
