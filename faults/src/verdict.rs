//! The ledger against the store: what was lost, doubled, unexpected, and what came of those whose answer was lost.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use journeyman::app;
use journeyman::config::Config;
use journeyman::queue::{Class, Counters, Found, JobRecord, QueueStats, State, Store};
use journeyman_job::JobId;
use uuid::Uuid;

use crate::jobs::Mark;
use crate::ledger::{self, Entry, Event};
use crate::plan::{Plan, Plans};

/// Look-ups of records under way at once.
const LOOKS: usize = 64;

/// What the ledger tells of one job.
#[derive(Debug, Default)]
struct Story {
    is_attempted: bool,
    acknowledged: Option<Uuid>,
    is_refused: bool,
    runs: Vec<Run>,
    calls: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    id: Uuid,
    process: u32,
    attempt: u32,
    started: i64,
    ended: Option<i64>,
    failed: bool,
}

/// What is left in the store.
pub struct Remains {
    store: std::sync::Arc<dyn Store>,
    stats: Vec<QueueStats>,
}

/// Each list names the jobs, so that a run that is kept can be looked into.
#[derive(Debug, Default)]
pub struct Verdict {
    pub attempted: u64,
    pub acknowledged: u64,
    /// Never acknowledged, and yet they ran: their answer was lost.
    pub recovered: u64,
    pub lost: Vec<String>,
    /// Effects beyond the first of a job.
    pub duplicated: u64,
    /// Most of them that one struck process explains.
    pub most_of_one: u64,
    /// Runs that were cut short and had no effect.
    pub cut_short: u64,
    /// Longest from a kill to the next run of a job that it cut short.
    pub longest_wait: Duration,
    /// Second runs of jobs whose first process had lived on.
    pub unexplained: Vec<String>,
    pub unexpected: Vec<String>,
    pub stale_accepted: Vec<String>,
    /// Records held against the ledger, and those that had been pruned.
    pub compared: u64,
    pub pruned: u64,
    /// What `doctor verify` finds, and how many jobs it looked at.
    pub flaws: Vec<String>,
    pub verified: u64,
    /// Processes killed or frozen while they ran jobs.
    pub struck: u64,
}

impl Story {
    fn is_stored(&self) -> bool {
        self.acknowledged.is_some() || !self.runs.is_empty()
    }
}

impl Remains {
    pub async fn of(config: &Config) -> anyhow::Result<Self> {
        let store = app::open(config).await?.store;
        let queues = store.queues().await?;
        let stats = store.stats(&queues).await?;
        Ok(Self { store, stats })
    }

    fn sum(&self, of: impl Fn(&Counters) -> u64) -> u64 {
        self.stats.iter().map(|stats| of(&stats.counters)).sum()
    }
}

pub async fn judge(jobs: u64, plans: &Plans, folder: &Path, remains: &Remains) -> anyhow::Result<Verdict> {
    let mut stories: Vec<Story> = Vec::new();
    stories.resize_with(usize::try_from(jobs)?, Story::default);
    let mut strikes: HashMap<u32, Vec<i64>> = HashMap::new();
    let mut strangers = Vec::new();
    ledger::read(folder, |entry| tell(entry, &mut stories, &mut strikes, &mut strangers))?;
    let mut verdict = Verdict { struck: strikes.len() as u64, unexpected: strangers, ..Verdict::default() };
    let mut explained: BTreeMap<u32, u64> = BTreeMap::new();
    for (number, story) in stories.iter_mut().enumerate() {
        story.runs.sort_by_key(|run| run.started);
        story.calls.sort_by_key(|call| call.started);
        let plan = plans.of(number as u64);
        verdict.hear(number, story, plan);
        verdict.weigh(number, &story.runs, &strikes, &mut explained);
        verdict.weigh(number, &story.calls, &strikes, &mut explained);
    }
    verdict.most_of_one = explained.values().copied().max().unwrap_or_default();
    verdict.compare(plans, &stories, remains).await?;
    verdict.count(plans, &stories, remains);
    verdict.verify(remains).await?;
    Ok(verdict)
}

fn tell(entry: Entry, stories: &mut [Story], strikes: &mut HashMap<u32, Vec<i64>>, strangers: &mut Vec<String>) {
    let Entry { event, at, process } = entry;
    let number = match event {
        Event::Struck { process } => return strikes.entry(process).or_default().push(at),
        Event::Attempted { number }
        | Event::Acknowledged { number, .. }
        | Event::Refused { number }
        | Event::Started { number, .. }
        | Event::Ended { number, .. }
        | Event::Failed { number, .. }
        | Event::Called { number, .. } => number,
    };
    let Some(story) = usize::try_from(number).ok().and_then(|number| stories.get_mut(number)) else {
        return strangers.push(format!("job {number} is none of this lane's"));
    };
    match event {
        Event::Attempted { .. } => story.is_attempted = true,
        Event::Acknowledged { id, .. } => story.acknowledged = Some(id),
        Event::Refused { .. } => story.is_refused = true,
        Event::Started { id, attempt, .. } => {
            story.runs.push(Run { id, process, attempt, started: at, ended: None, failed: false });
        }
        Event::Ended { attempt, .. } | Event::Failed { attempt, .. } => {
            let is_it = |run: &&mut Run| run.process == process && run.attempt == attempt;
            match story.runs.iter_mut().rev().find(is_it) {
                Some(run) => {
                    run.ended = Some(at);
                    run.failed = matches!(event, Event::Failed { .. });
                }
                None => strangers.push(format!("job {number} ended without having begun")),
            }
        }
        Event::Called { id, attempt, .. } => {
            story.calls.push(Run { id, process, attempt, started: at, ended: Some(at), failed: false });
        }
        Event::Struck { .. } => {}
    }
}

impl Verdict {
    pub fn is_well(&self) -> bool {
        let has_looked = self.compared > 0 && self.acknowledged > 0 && self.verified > 0;
        self.lists().iter().all(|list| list.is_empty()) && has_looked
    }

    /// All that must be empty.
    pub fn lists(&self) -> [&Vec<String>; 5] {
        [&self.lost, &self.unexplained, &self.unexpected, &self.stale_accepted, &self.flaws]
    }

    /// What a job's own events say.
    fn hear(&mut self, number: usize, story: &Story, plan: Plan) {
        let expected = plan.expected();
        self.attempted += u64::from(story.is_attempted);
        self.acknowledged += u64::from(story.acknowledged.is_some());
        let has_run = !story.runs.is_empty();
        let is_stored = story.is_stored();
        self.recovered += u64::from(story.acknowledged.is_none() && has_run);
        if has_run && !story.is_attempted {
            self.unexpected.push(format!("job {number} ran, but nobody pushed it"));
        }
        if has_run && story.is_refused {
            self.unexpected.push(format!("job {number} ran, but its client was told that it is not stored"));
        }
        let id = story.acknowledged.or_else(|| story.runs.first().map(|run| run.id));
        if story.runs.iter().any(|run| Some(run.id) != id) {
            self.unexpected.push(format!("job {number} is stored under several ids: {:?}", story.runs));
        }
        if story.calls.iter().any(|call| call.id != story.calls[0].id) {
            self.unexpected.push(format!("job {number} was called back under several ids: {:?}", story.calls));
        }
        if !story.calls.is_empty() && !expected.calls_back {
            self.unexpected.push(format!("job {number} was called back, but asked for nothing"));
        }
        let has_effect = story.runs.iter().any(|run| run.ended.is_some() && run.failed != expected.completes);
        if is_stored && !has_effect {
            self.lost.push(format!("job {number} ({id:?}) never came to its end: {story:?}"));
        }
        if is_stored && expected.calls_back && story.calls.is_empty() {
            self.lost.push(format!("job {number} ({id:?}) was never called back: {story:?}"));
        }
    }

    /// Every run after one that had its effect, or was cut short, must be owed to a process that was struck.
    fn weigh(
        &mut self,
        number: usize,
        runs: &[Run],
        strikes: &HashMap<u32, Vec<i64>>,
        explained: &mut BTreeMap<u32, u64>,
    ) {
        for (place, run) in runs.iter().enumerate() {
            let next = runs.get(place + 1);
            let is_cut_short = run.ended.is_none();
            let is_doubled = run.ended.is_some() && !run.failed && next.is_some();
            self.cut_short += u64::from(is_cut_short);
            self.duplicated += u64::from(is_doubled);
            // What comes late is owed to its own freeze, and so is the run before it.
            let late = next.filter(|_| is_late(runs, place + 1, strikes));
            if (!is_cut_short && !is_doubled) || (is_cut_short && is_late(runs, place, strikes)) {
                continue;
            }
            let since = |process: u32, from: i64| strikes.get(&process)?.iter().find(|at| **at >= from);
            match (since(run.process, run.started), late, next) {
                (None, Some(late), _) => *explained.entry(late.process).or_default() += 1,
                (None, None, _) => self.unexplained.push(format!("job {number}: {run:?}, then {next:?}")),
                (Some(struck), _, Some(next)) => {
                    *explained.entry(run.process).or_default() += u64::from(is_doubled);
                    let wait = u64::try_from(next.started - struck).unwrap_or(0);
                    self.longest_wait = self.longest_wait.max(Duration::from_micros(wait));
                }
                (Some(_), _, None) => {}
            }
        }
    }

    /// Each record that is still kept says what the ledger says.
    async fn compare(&mut self, plans: &Plans, stories: &[Story], remains: &Remains) -> anyhow::Result<()> {
        let known = stories.iter().enumerate().filter_map(|(number, story)| {
            let id = story.acknowledged.or_else(|| story.runs.first().map(|run| run.id))?;
            Some((number, id))
        });
        let kept: u64 = remains.stats.iter().map(|stats| stats.completed + stats.failed + stats.cancelled).sum();
        let has_pruned = kept < remains.sum(|counters| counters.processed);
        let look = async |(number, id): (usize, Uuid)| (number, id, remains.store.find(JobId::from(id)).await);
        let mut found = futures::stream::iter(known).map(look).buffer_unordered(LOOKS);
        while let Some((number, id, found)) = found.next().await {
            match found? {
                Found::Here(record) => {
                    self.compared += 1;
                    self.hold(number, &record, plans.of(number as u64));
                }
                Found::Expired => self.pruned += 1,
                // Of a pruned job whose id was its client's choice a store may keep nothing at all.
                Found::Nothing if has_pruned && !stories[number].runs.is_empty() => self.pruned += 1,
                Found::Nothing => self.lost.push(format!("job {number} ({id}): the store knows nothing of it")),
            }
        }
        Ok(())
    }

    fn hold(&mut self, number: usize, record: &JobRecord, plan: Plan) {
        let expected = if plan.expected().completes { State::Completed } else { State::Failed };
        if record.state != expected {
            self.lost.push(format!("job {number} ({}) is {:?}: {:?}", record.id, record.state, record.trail));
            return;
        }
        if let Some(found) = contradiction(record) {
            self.stale_accepted.push(format!("job {number} ({}) {found}: {:?}", record.id, record.trail));
        }
    }

    async fn verify(&mut self, remains: &Remains) -> anyhow::Result<()> {
        let verified = remains.store.verify().await?;
        self.verified = verified.checked(Class::Jobs);
        self.flaws = verified.findings.iter().map(|finding| format!("doctor verify: {finding:?}")).collect();
        Ok(())
    }

    /// Each job counts once, whatever befell it.
    fn count(&mut self, plans: &Plans, stories: &[Story], remains: &Remains) {
        let stored = stories.iter().zip(0..).filter(|(story, _)| story.is_stored());
        let doomed = stored.clone().filter(|(_, number)| !plans.of(*number).expected().completes).count();
        let called = stories.iter().filter(|story| !story.calls.is_empty()).count();
        let jobs = (stored.count() + called) as u64;
        let left: u64 = remains.stats.iter().map(QueueStats::size).sum();
        let told = Counters { enqueued: jobs, processed: jobs, failed: doomed as u64, ..Counters::default() };
        let found = |of: fn(&Counters) -> u64| (of(&told), remains.sum(of));
        for (what, (expected, counted)) in [
            ("enqueued", found(|counters| counters.enqueued)),
            ("processed", found(|counters| counters.processed)),
            ("failed", found(|counters| counters.failed)),
            ("not ended", (0, left)),
        ] {
            if expected != counted {
                self.unexpected.push(format!("the ledger has {expected} jobs {what}, the store {counted}"));
            }
        }
    }
}

/// Whether the process was frozen with the job in hand and began it when it woke up, after another had it.
fn is_late(runs: &[Run], place: usize, strikes: &HashMap<u32, Vec<i64>>) -> bool {
    let run = runs[place];
    let was_struck = strikes.get(&run.process).is_some_and(|at| at.iter().any(|at| *at <= run.started));
    was_struck && runs[..place].iter().any(|before| before.attempt > run.attempt)
}

/// What a record cannot say unless a run that had lost its job was heard.
fn contradiction(record: &JobRecord) -> Option<String> {
    let trail = &record.trail;
    let ends = trail.history.iter().filter(|entry| entry.outcome == "completed").count();
    let last = trail.history.last()?;
    if last.attempt != record.attempts {
        return Some(format!("was ended by attempt {}, but {} began", last.attempt, record.attempts));
    }
    // A death does not use up the last try, so its number comes again.
    let lived = trail.history.iter().filter(|entry| entry.outcome != "worker_lost");
    let attempts: Vec<u32> = lived.map(|entry| entry.attempt).collect();
    if !attempts.is_sorted() || attempts.windows(2).any(|pair| pair[0] == pair[1]) {
        return Some(format!("has one attempt twice: {attempts:?}"));
    }
    if record.state != State::Completed {
        return (ends > 0).then(|| "failed, and yet one attempt completed".to_owned());
    }
    let mark: Mark = serde_json::from_str(trail.result.as_ref()?.get()).ok()?;
    let is_its = mark.attempt == last.attempt && last.worker.contains(&format!("-{}-", mark.process));
    (ends != 1 || !is_its).then(|| format!("has the result of {mark:?}"))
}
