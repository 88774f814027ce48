//! A lane's outcome in words.

use std::fmt;
use std::time::Duration;

use crate::arguments::Storm;
use crate::crew::HELD;
use crate::verdict::Verdict;

/// Most examples of each kind that are shown; the ledger has them all.
const SHOWN: usize = 5;

pub struct Report {
    pub options: Storm,
    pub verdict: Verdict,
    pub stale_refused: usize,
    pub panics: usize,
    pub own_ends: usize,
    pub took: Duration,
}

impl Report {
    pub fn is_well(&self) -> bool {
        self.verdict.is_well() && self.panics == 0 && self.verdict.duplicated <= self.in_flight()
    }

    /// Most jobs that can have been in flight in the processes that were struck: running, or ended with the store not yet
    /// told.
    fn in_flight(&self) -> u64 {
        self.verdict.struck * HELD
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, verdict, .. } = self;
        let Storm { worker_kills, server_kills, store_kills, freezes, late_wakers, .. } = options;
        writeln!(f, "kill -9           {worker_kills} workers, {server_kills} servers, {store_kills} times the store")?;
        writeln!(f, "SIGSTOP           {} workers past their lease", freezes + late_wakers)?;
        writeln!(f, "pushed            {} jobs, {} acknowledged", verdict.attempted, verdict.acknowledged)?;
        writeln!(f, "lost              {}", verdict.lost.len())?;
        let in_flight = self.in_flight();
        let most = verdict.most_of_one;
        writeln!(
            f,
            "duplicated        {} of at most {in_flight} in flight, at most {most} a fault",
            verdict.duplicated
        )?;
        writeln!(f, "unexplained       {}", verdict.unexplained.len())?;
        writeln!(f, "unexpected        {}", verdict.unexpected.len())?;
        writeln!(f, "recovered         {} that ran though their answer was lost", verdict.recovered)?;
        let (stale, accepted) = (self.stale_refused, verdict.stale_accepted.len());
        writeln!(f, "stale settles     {stale} refused, {accepted} accepted")?;
        let longest = verdict.longest_wait.as_secs_f64();
        writeln!(f, "runs cut short    {}, run again within {longest:.1} s", verdict.cut_short)?;
        writeln!(f, "records           {} agree with the ledger, {} pruned", verdict.compared, verdict.pruned)?;
        writeln!(f, "doctor verify     {} findings in {} jobs", verdict.flaws.len(), verdict.verified)?;
        writeln!(f, "own ends, panics  {}, {}", self.own_ends, self.panics)?;
        write!(f, "duration          {:.0} s", self.took.as_secs_f64())?;
        for list in verdict.lists() {
            list.iter().take(SHOWN).try_for_each(|what| write!(f, "\n  {what}"))?;
        }
        Ok(())
    }
}
