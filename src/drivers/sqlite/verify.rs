//! Whether the tables agree, in one snapshot: readers never keep the writer waiting, and what they see holds still.
//!
//! What is kept in memory meanwhile: sixteen bytes for each record of an ended job, and what workers hold.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};
use rusqlite::{Connection, Row};

use super::holds::Held;
use super::numbers::{self, Numbers};
use super::repair::{Entry, Repair};
use super::{SqliteStore, holds, rows};
use crate::queue::{Class, Finding, Flaw, Remedy, Repaired, State, StoreError, Verified, Verifier};

const JOBS: &str = "SELECT j.id, j.job_id, j.queue, j.priority, j.unique_key IS NOT NULL, j.key_is_free,
        t.state, t.ended_at,
        EXISTS (SELECT 1 FROM queue_pending w WHERE w.queue = j.queue AND w.priority = j.priority
            AND w.position = j.position AND w.id = j.id),
        EXISTS (SELECT 1 FROM queue_delayed w WHERE w.queue = j.queue AND w.available_at = j.available_at
            AND w.position = j.position AND w.id = j.id)
    FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id ORDER BY j.id";

/// Entries that do not agree with the record, or that have none.
const ODD_PENDING: &str = "SELECT w.queue, w.id, j.job_id,
        j.queue IS NOT w.queue OR j.priority IS NOT w.priority OR j.position IS NOT w.position, 0
    FROM queue_pending w LEFT JOIN queue_jobs j ON j.id = w.id
    WHERE j.id IS NULL OR j.queue <> w.queue OR j.priority <> w.priority OR j.position <> w.position
        OR w.has_trail <> EXISTS (SELECT 1 FROM queue_trails t WHERE t.id = w.id)";

const ODD_DELAYED: &str = "SELECT w.queue, w.id, j.job_id,
        j.queue IS NOT w.queue OR j.position IS NOT w.position, j.available_at IS NOT w.available_at
    FROM queue_delayed w LEFT JOIN queue_jobs j ON j.id = w.id
    WHERE j.id IS NULL OR j.queue <> w.queue OR j.priority <> w.priority OR j.position <> w.position
        OR j.available_at <> w.available_at
        OR w.has_trail <> EXISTS (SELECT 1 FROM queue_trails t WHERE t.id = w.id)";

const HOLDS: &str = "SELECT id, worker, queue, priority, jobs,
        NOT EXISTS (SELECT 1 FROM queue_leases l WHERE l.worker = h.worker)
    FROM queue_holds h ORDER BY id";

const ENDS: &str = "SELECT id, queue, state, ended_at, jobs FROM queue_ends ORDER BY id";

const HELD: &str = "SELECT queue, priority, job_id, position, unique_key IS NOT NULL FROM queue_jobs WHERE id = ?1";

const TRAILS_ALONE: &str =
    "SELECT t.id FROM queue_trails t WHERE NOT EXISTS (SELECT 1 FROM queue_jobs j WHERE j.id = t.id)";

const FAILED_AND_NOT: &str =
    "SELECT f.job_id, f.queue FROM queue_failed_jobs f CROSS JOIN queue_jobs j ON j.job_id = f.job_id";

const KEY_RIVAL: &str = "SELECT EXISTS (SELECT 1 FROM queue_jobs o CROSS JOIN queue_jobs j ON j.queue = o.queue
        AND j.unique_key = o.unique_key AND j.unique_key IS NOT NULL AND j.key_is_free = 0 WHERE o.id = ?1)";

#[async_trait]
impl Verifier for SqliteStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.readers
            .read(|connection| {
                let snapshot = connection.unchecked_transaction()?;
                Look::through(&snapshot)
            })
            .await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        if finding.remedy.is_by_hand() {
            return Ok(Repaired::Not);
        }
        self.change(Repair::of(finding)).await
    }
}

/// What is known while the tables are looked through.
struct Look<'c> {
    connection: &'c Connection,
    verified: Verified,
    /// What jobs workers hold, by row.
    held: HashMap<i64, JobId>,
    /// The rows of ended jobs, each with the row of `queue_ends` that it is in, by place in `heads`; sorted.
    ended: Vec<(i64, u32)>,
    heads: Vec<End>,
    /// Rows that wait in a place that their record does not name.
    misplaced: HashSet<i64>,
}

/// A row of `queue_ends`.
struct End {
    id: i64,
    queue: String,
    state: String,
    ended_at: i64,
}

/// A row of [`JOBS`].
struct Job {
    row: i64,
    id: Option<JobId>,
    queue: String,
    has_key: bool,
    key_is_free: bool,
    end: Option<(String, i64)>,
    /// Whether it waits where its record says.
    is_pending: bool,
    is_delayed: bool,
}

impl Job {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (state, ended_at): (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
        Ok(Self {
            row: row.get(0)?,
            id: JobId::from_slice(row.get_ref(1)?.as_blob()?),
            queue: row.get(2)?,
            has_key: row.get(4)?,
            key_is_free: row.get(5)?,
            end: state.map(|state| (state, ended_at.unwrap_or_default())),
            is_pending: row.get(8)?,
            is_delayed: row.get(9)?,
        })
    }
}

impl<'c> Look<'c> {
    fn through(connection: &'c Connection) -> rusqlite::Result<Verified> {
        let (held, ended, heads) = (HashMap::new(), Vec::new(), Vec::new());
        let mut look =
            Self { connection, verified: Verified::default(), held, ended, heads, misplaced: HashSet::new() };
        let mut numbers: BTreeMap<String, Numbers> = BTreeMap::new();
        look.waiting()?;
        look.holds(&mut numbers)?;
        look.ends(&mut numbers)?;
        look.jobs()?;
        look.trails()?;
        look.failed(&mut numbers)?;
        look.numbers(numbers)?;
        Ok(look.verified)
    }

    fn note(&mut self, flaw: Flaw, queue: &str, job: Option<JobId>, what: &str, remedy: Remedy, entry: Entry) {
        self.verified.note(Finding::new(flaw, queue, job, what, remedy).at(entry.written()));
    }

    fn waiting(&mut self) -> rusqlite::Result<()> {
        for (sql, list) in [(ODD_PENDING, "pending"), (ODD_DELAYED, "delayed")] {
            let mut select = self.connection.prepare(sql)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let (queue, id): (String, i64) = (row.get(0)?, row.get(1)?);
                let job = row.get_ref(2)?.as_blob_or_null()?.and_then(JobId::from_slice);
                let (is_elsewhere, is_at_another_time): (bool, bool) = (row.get(3)?, row.get(4)?);
                if row.get_ref(2)?.as_blob_or_null()?.is_none() {
                    let what = format!("its list of {list} jobs holds row {id}, which is no job");
                    let remedy = Remedy::repair("remove the entry: there is nothing to run");
                    self.note(Flaw::EntryWithoutJob, &queue, None, &what, remedy, Entry::Waiting(id));
                    continue;
                }
                self.misplaced.insert(id);
                let (flaw, what) = match (is_elsewhere, is_at_another_time) {
                    (true, _) => (Flaw::WrongPlace, "its queue, priority or position is another in its record"),
                    (_, true) => (Flaw::WrongTime, "it is due at another time than its record says"),
                    _ => (Flaw::WrongCopy, "its entry says of it what its record does not"),
                };
                let remedy = Remedy::repair("let it wait where its record says");
                self.note(flaw, &queue, job, &format!("{list}: {what}"), remedy, Entry::Job(id));
            }
        }
        Ok(())
    }

    fn holds(&mut self, numbers: &mut BTreeMap<String, Numbers>) -> rusqlite::Result<()> {
        let mut without_lease: HashMap<String, u64> = HashMap::new();
        let mut select = self.connection.prepare(HOLDS)?;
        let mut record = self.connection.prepare(HELD)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (hold, worker): (i64, String) = (row.get(0)?, row.get(1)?);
            let (queue, priority): (String, i64) = (row.get(2)?, row.get(3)?);
            let Some(jobs) = holds::jobs_in(row.get_ref(4)?.as_blob()?) else {
                let what = format!("what worker {worker} holds (row {hold} of queue_holds) cannot be read");
                let remedy = Remedy::repair("remove the row: its jobs go back to their queues");
                self.note(Flaw::Unreadable, &queue, None, &what, remedy, Entry::Hold(hold));
                continue;
            };
            self.verified.count(Class::Reserved, jobs.len() as u64);
            numbers.entry(queue.clone()).or_default().reserved += rows::whole(jobs.len());
            if row.get(5)? {
                *without_lease.entry(worker.clone()).or_default() += jobs.len() as u64;
            }
            for Held { row, job, position, has_key, .. } in jobs {
                let greatest = &mut numbers.entry(queue.clone()).or_default().last_position;
                *greatest = (*greatest).max(position);
                let found = record.query_row([row], |found| {
                    let agrees = found.get::<_, String>(0)? == queue && found.get::<_, i64>(1)? == priority;
                    let id = JobId::from_slice(found.get_ref(2)?.as_blob()?);
                    Ok((id, agrees, found.get::<_, i64>(3)? == position, found.get::<_, bool>(4)? == has_key))
                });
                let worker_holds = format!("worker {worker} holds it");
                match found {
                    Err(rusqlite::Error::QueryReturnedNoRows) => {
                        let remedy = Remedy::repair("take it out of the worker's hands: there is nothing to run");
                        let what = format!("{worker_holds}, and there is no such job");
                        self.note(Flaw::EntryWithoutJob, &queue, Some(job), &what, remedy, Entry::Held(hold, row));
                        continue;
                    }
                    Err(error) => return Err(error),
                    Ok((_, false, ..)) => {
                        let remedy = Remedy::repair("take it out of the worker's hands, and back to its queue");
                        let what = format!("{worker_holds} as one of another queue or priority");
                        self.note(Flaw::WrongPlace, &queue, Some(job), &what, remedy, Entry::Held(hold, row));
                    }
                    Ok((id, _, is_there, has_key)) if id != Some(job) || !is_there || !has_key => {
                        let remedy = Remedy::repair("write there what its record says");
                        let what = format!("{worker_holds} under an id, position or key that its record does not have");
                        self.note(Flaw::WrongCopy, &queue, id, &what, remedy, Entry::Held(hold, row));
                    }
                    Ok(_) => {}
                }
                if self.held.insert(row, job).is_some() {
                    let remedy = Remedy::repair("leave it to the worker that took it last");
                    let what = "two workers hold it, or one does twice";
                    self.note(Flaw::JobTwice, &queue, Some(job), what, remedy, Entry::Job(row));
                }
            }
        }
        for (worker, jobs) in without_lease {
            let what = format!("worker {worker} holds {jobs} jobs, and has no lease");
            let remedy = Remedy::repair("give it a lease of a minute: it renews that, or its jobs are taken over");
            self.verified.note(Finding::new(Flaw::NoLease, "", None, what, remedy).at(worker));
        }
        Ok(())
    }

    fn ends(&mut self, numbers: &mut BTreeMap<String, Numbers>) -> rusqlite::Result<()> {
        let mut select = self.connection.prepare(ENDS)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let end = End { id: row.get(0)?, queue: row.get(1)?, state: row.get(2)?, ended_at: row.get(3)? };
            let blob = row.get_ref(4)?.as_blob()?;
            let (jobs, rest) = blob.as_chunks::<8>();
            if !rest.is_empty() {
                let what = format!("row {} of queue_ends ends in {} odd bytes", end.id, rest.len());
                let remedy = Remedy::repair("cut them off");
                self.note(Flaw::Unreadable, &end.queue, None, &what, remedy, Entry::End(end.id));
            }
            *numbers.entry(end.queue.clone()).or_default().ended(&end.state) += rows::whole(jobs.len());
            let place = u32::try_from(self.heads.len()).unwrap_or(u32::MAX);
            self.ended.extend(jobs.iter().map(|job| (i64::from_be_bytes(*job), place)));
            self.heads.push(end);
        }
        self.ended.sort_unstable();
        Ok(())
    }

    /// Goes through the jobs and the list of ended ones side by side: both are in the order of rows.
    fn jobs(&mut self) -> rusqlite::Result<()> {
        let mut select = self.connection.prepare(JOBS)?;
        let mut rows = select.query([])?;
        let (ended, mut next) = (std::mem::take(&mut self.ended), 0);
        let mut names: HashMap<String, bool> = HashMap::new();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let job = Job::read(row)?;
            count += 1;
            while let Some((row, head)) = ended.get(next).filter(|(row, _)| *row < job.row) {
                self.end_without_job(*row, *head);
                next += 1;
            }
            let from = next;
            while ended.get(next).is_some_and(|(row, _)| *row == job.row) {
                next += 1;
            }
            let is_name = match names.get(&job.queue) {
                Some(known) => *known,
                None => *names.entry(job.queue.clone()).or_insert_with_key(|name| QueueName::new(name).is_ok()),
            };
            if !is_name || job.id.is_none() {
                let what = format!("row {} of queue_jobs bears no name of a queue, or no id", job.row);
                let remedy = Remedy::by_hand("correct the row with SQL, or remove it");
                self.note(Flaw::Unreadable, &job.queue, job.id, &what, remedy, Entry::Job(job.row));
                continue;
            }
            self.judge(&job, &ended[from..next])?;
        }
        ended[next..].iter().for_each(|(row, head)| self.end_without_job(*row, *head));
        self.verified.count(Class::Jobs, count);
        Ok(())
    }

    fn end_without_job(&mut self, row: i64, head: u32) {
        let End { id, queue, .. } = &self.heads[head as usize];
        let (id, queue) = (*id, queue.clone());
        let what = format!("its list of ended jobs holds row {row}, which is no job");
        let remedy = Remedy::repair("remove the entry");
        self.note(Flaw::EntryWithoutJob, &queue, None, &what, remedy, Entry::Ended(id, row));
    }

    fn judge(&mut self, job: &Job, ends: &[(i64, u32)]) -> rusqlite::Result<()> {
        let is_held = self.held.contains_key(&job.row);
        let wrong = |look: &mut Self, flaw, what: &str, remedy: &str| {
            look.note(flaw, &job.queue, job.id, what, Remedy::repair(remedy), Entry::Job(job.row));
        };
        let places = [job.is_pending, job.is_delayed, is_held, job.end.is_some()];
        match places.into_iter().filter(|is_here| *is_here).count() {
            // That it waits somewhere else is told already.
            0 if self.misplaced.contains(&job.row) => {}
            0 => wrong(self, Flaw::JobNowhere, "it is in no list, so nobody would ever run it", "let it wait again"),
            1 => {}
            _ => {
                let names = ["pending", "delayed", "reserved", "ended"];
                let at: Vec<&str> = names.iter().zip(places).filter(|(_, is_here)| *is_here).map(|(n, _)| *n).collect();
                let what = format!("it is {} at once", at.join(" and "));
                wrong(self, Flaw::JobTwice, &what, "leave it where it has come farthest");
            }
        }
        let heads = &self.heads;
        let is_listed = |end: &(String, i64)| {
            let mut here = ends.iter().map(|(_, head)| &heads[*head as usize]);
            here.any(|head| head.queue == job.queue && head.state == end.0 && head.ended_at == end.1)
        };
        match &job.end {
            Some((state, _)) if *state != State::Completed.as_str() && *state != State::Cancelled.as_str() => {
                let what = format!("its record says it is {state:?}, which is no end");
                let remedy =
                    Remedy::by_hand("correct queue_trails.state with SQL: completed, cancelled, or NULL to run it");
                self.note(Flaw::Unreadable, &job.queue, job.id, &what, remedy, Entry::Job(job.row));
            }
            Some(end) if !is_listed(end) => {
                let (flaw, what) = match ends {
                    [] => (Flaw::JobNowhere, "it has ended, and is in no list of ended jobs: it would never be pruned"),
                    _ => (Flaw::WrongTime, "it is listed as ended at another time, or in another way, than it did"),
                };
                wrong(self, flaw, what, "list it as its record says");
            }
            Some(_) if ends.len() > 1 => {
                wrong(self, Flaw::JobTwice, "it is listed as ended more than once", "list it once");
            }
            None if !ends.is_empty() => {
                wrong(self, Flaw::WrongPlace, "it is listed as ended, and has not ended", "take it off that list");
            }
            _ => {}
        }
        if job.has_key {
            self.verified.count(Class::Keys, 1);
            if job.end.is_some() && !job.key_is_free {
                let what = "it has ended and still has its unique key";
                wrong(self, Flaw::KeyWithoutOwner, what, "free the key");
            }
            if job.end.is_none() && job.key_is_free {
                let has_rival = self.connection.prepare_cached(KEY_RIVAL)?.query_row([job.row], |row| row.get(0))?;
                let remedy = if has_rival {
                    Remedy::by_hand("another job has it: cancel one of the two")
                } else {
                    Remedy::repair("take the key for it")
                };
                let what = "it has not ended and does not have its unique key";
                self.note(Flaw::KeyNotHeld, &job.queue, job.id, what, remedy, Entry::Job(job.row));
            }
        }
        Ok(())
    }

    fn trails(&mut self) -> rusqlite::Result<()> {
        let mut select = self.connection.prepare(TRAILS_ALONE)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let what = format!("row {id} of queue_trails is the past of no job");
            self.note(Flaw::TrailWithoutJob, "", None, &what, Remedy::repair("remove the row"), Entry::Trail(id));
        }
        Ok(())
    }

    fn failed(&mut self, numbers: &mut BTreeMap<String, Numbers>) -> rusqlite::Result<()> {
        numbers::add_failed(self.connection, None, numbers)?;
        let mut select = self.connection.prepare(FAILED_AND_NOT)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let job = JobId::from_slice(row.get_ref(0)?.as_blob()?);
            let queue: String = row.get(1)?;
            let what = "it is in queue_failed_jobs and in queue_jobs";
            let remedy =
                Remedy::by_hand("remove the row of one of the two tables with SQL: which is right nothing tells");
            self.note(Flaw::FailureWithoutJob, &queue, job, what, remedy, Entry::Nothing);
        }
        Ok(())
    }

    fn numbers(&mut self, mut found: BTreeMap<String, Numbers>) -> rusqlite::Result<()> {
        numbers::add_waiting(self.connection, None, &mut found)?;
        let failed: i64 = found.values().map(|numbers| numbers.failed).sum();
        let (reserved, mut entries) = (self.verified.checked(Class::Reserved), 0);
        for numbers in found.values() {
            entries += numbers.pending.iter().sum::<i64>() + numbers.delayed + numbers.completed + numbers.cancelled;
        }
        self.verified.count(Class::Failed, failed.cast_unsigned());
        // They lie in a table of their own.
        self.verified.count(Class::Jobs, failed.cast_unsigned());
        self.verified.count(Class::Entries, entries.cast_unsigned() + reserved);
        let kept = numbers::kept(self.connection)?;
        self.verified.count(Class::Queues, kept.len() as u64);
        for (queue, kept) in &kept {
            let real = found.remove(queue).unwrap_or_default();
            if QueueName::new(queue).is_err() {
                let what = "it is listed, and its name is none of a queue";
                let remedy = Remedy::by_hand("remove its row of queue_stats with SQL");
                self.verified.note(Finding::new(Flaw::Unreadable, queue, None, what, remedy));
                continue;
            }
            let differences = kept.differences(&real);
            if !differences.is_empty() {
                let remedy = Remedy::repair("count anew");
                self.verified.note(Finding::new(Flaw::WrongCount, queue, None, differences.join(", "), remedy));
            }
        }
        // What bears no name of a queue is told of already, and to list it would keep all others from being listed.
        let is_one = |(queue, numbers): &(String, Numbers)| !numbers.is_empty() && QueueName::new(queue).is_ok();
        for (queue, _) in found.into_iter().filter(is_one) {
            let remedy = Remedy::repair("list the queue, and count its jobs");
            let what = "it has jobs and is not in the list of queues";
            self.verified.note(Finding::new(Flaw::QueueUnlisted, queue, None, what, remedy));
        }
        Ok(())
    }
}
