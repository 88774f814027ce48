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
            peak_mib = peak_mib.max(peak(&status).unwrap_or_default());
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

/// The part of `/proc/<pid>/stat` that is of use here.
#[derive(Debug, PartialEq)]
struct Stat {
    has_ended: bool,
    cpu_seconds: f64,
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
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some(Self { has_ended: matches!(fields[0], "Z" | "X"), cpu_seconds: (ticks(11)? + ticks(12)?) / TICKS })
    }
}

fn peak(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
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
        let text = "7 (a) b) Z 1 7 7 0 -1 4 0 0 0 0 150 25 0 0 20 0 1 0 5 0 0";
        assert_eq!(Stat::read(text), Some(Stat { has_ended: true, cpu_seconds: 1.75 }));
        assert_eq!(Stat::read("7 (x"), None);
    }

    #[test]
    fn the_peak_is_in_mebibytes() {
        assert_eq!(peak("VmPeak:\t  9 kB\nVmHWM:\t    2048 kB\n"), Some(2.0));
    }
}
