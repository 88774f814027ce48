//! Whether the tables agree.
//!
//! What a job's row says of it is looked at row by row, in short statements: a row is of one moment. What rows promise one
//! another (numbers, leases, failures) is looked at in one statement each, which is of one moment too. So no transaction
//! stays open, and nothing is kept in memory but a page of rows and the names of the queues.

use std::collections::BTreeSet;

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};
use uuid::Uuid;

use super::fault::Fault;
use super::link::Row;
use super::repair::Repair;
use super::rows::whole;
use super::standing::Standing;
use super::value::Value;
use super::{Core, DatabaseStore, lanes};
use crate::queue::{Class, Finding, Flaw, Remedy, Repaired, State, StoreError, Verified, Verifier};

/// Rows read at once.
const PAGE: usize = 5000;
/// Rows told of a statement that should have none.
const TOLD: usize = 2000;

/// The numbers that are kept, in the order of the statement `verify_counts`.
pub(super) const NUMBERS: [&str; 10] = [
    "pending_low",
    "pending_normal",
    "pending_high",
    "pending_critical",
    "delayed",
    "reserved",
    "completed",
    "failed",
    "cancelled",
    "system_errors",
];

#[async_trait]
impl Verifier for DatabaseStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let named = self.core.verify_rows(&mut verified).await?;
        self.core.verify_leases(&mut verified).await?;
        self.core.verify_failures(&mut verified).await?;
        self.core.verify_queues(&mut verified, named).await?;
        Ok(verified)
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        if finding.remedy.is_by_hand() {
            return Ok(Repaired::Not);
        }
        self.core.change(&Repair(finding)).await
    }
}

impl Core {
    /// Looks at each job's row. Returns the names of the queues that have jobs.
    async fn verify_rows(&self, verified: &mut Verified) -> Result<BTreeSet<QueueName>, StoreError> {
        let (mut from, mut named) = (Uuid::nil(), BTreeSet::new());
        loop {
            let values = [Value::Id(JobId::from(from)), Value::Int(whole(PAGE))];
            let rows = self.read(&self.sql.verify_page, &values).await?;
            let page = rows.iter().map(|row| Standing::read(row.as_ref())).collect::<Result<Vec<_>, Fault>>()?;
            drop(rows);
            let mut last = from;
            for standing in &page {
                last = standing.job.as_uuid();
                count(verified, standing);
                self.note_flaws(verified, standing).await?;
                if let Ok(queue) = QueueName::new(&standing.queue) {
                    named.insert(queue);
                }
            }
            if page.len() < PAGE || last == Uuid::max() {
                return Ok(named);
            }
            from = Uuid::from_u128(last.as_u128() + 1);
        }
    }

    async fn note_flaws(&self, verified: &mut Verified, standing: &Standing) -> Result<(), StoreError> {
        for (flaw, what, mut remedy) in standing.flaws() {
            if flaw == Flaw::KeyNotHeld && !self.read(&self.sql.key_rival, &[Value::Id(standing.job)]).await?.is_empty()
            {
                remedy = Remedy::by_hand("another job has it: cancel one of the two");
            }
            verified.note(Finding::new(flaw, &standing.queue, Some(standing.job), what, remedy));
        }
        Ok(())
    }

    async fn verify_leases(&self, verified: &mut Verified) -> Result<(), StoreError> {
        for row in self.read(&self.sql.verify_leases, &[]).await? {
            let (worker, jobs) = (row.text(0)?, row.int(1)?);
            let what = format!("worker {worker} holds {jobs} jobs, and has no lease");
            let remedy = Remedy::repair("give it a lease of a minute: it renews that, or its jobs are taken over");
            verified.note(Finding::new(Flaw::NoLease, "", None, what, remedy).at(worker));
        }
        Ok(())
    }

    async fn verify_failures(&self, verified: &mut Verified) -> Result<(), StoreError> {
        for row in self.read(&self.sql.verify_failures, &[Value::Int(whole(TOLD))]).await? {
            let (job, queue, is_gone) = (row.job_id(0)?, row.text(1)?, row.int(2)? == 1);
            let (what, remedy) = if is_gone {
                let remedy = "dispatch its payload anew, or delete its row of queue_failed_jobs, with SQL";
                ("it is recorded as failed, and there is no such job", Remedy::by_hand(remedy))
            } else {
                ("it is recorded as failed, and has not failed", Remedy::repair("remove it from queue_failed_jobs"))
            };
            verified.note(Finding::new(Flaw::FailureWithoutJob, queue, Some(job), what, remedy));
        }
        Ok(())
    }

    async fn verify_queues(&self, verified: &mut Verified, named: BTreeSet<QueueName>) -> Result<(), StoreError> {
        // Read after the jobs: a queue is listed with its first one and stays so.
        let rows = self.read(&self.sql.queues, &[]).await?;
        let listed: BTreeSet<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, Fault>>()?;
        verified.count(Class::Queues, listed.len() as u64);
        for name in &listed {
            let Ok(queue) = QueueName::new(name) else {
                let what = "it is listed, and its name is none of a queue";
                let remedy = Remedy::by_hand("remove its rows of queue_stats with SQL");
                verified.note(Finding::new(Flaw::Unreadable, name, None, what, remedy));
                continue;
            };
            let row = self.counts(&queue).await?;
            let differences = differences(row.as_ref())?;
            if !differences.is_empty() {
                let told = differences
                    .iter()
                    .map(|(number, kept, real)| format!("{} is kept as {kept} and is {real}", NUMBERS[*number]));
                let told = told.collect::<Vec<_>>().join(", ");
                verified.note(Finding::new(Flaw::WrongCount, name, None, told, Remedy::repair("count anew")));
            }
        }
        for queue in &named {
            let values = [Value::Int(lanes::ended(queue, State::Failed)), Value::Int(whole(TOLD))];
            for row in self.read(&self.sql.verify_failed, &values).await? {
                let what = "it has failed, and is not in queue_failed_jobs";
                let remedy = Remedy::repair("record it there");
                verified.note(Finding::new(Flaw::FailureUnlisted, row.text(1)?, Some(row.job_id(0)?), what, remedy));
            }
        }
        for queue in named.into_iter().filter(|queue| !listed.contains(queue.as_str())) {
            let what = "it has jobs and is not in the list of queues";
            let remedy = Remedy::repair("list the queue, and count its jobs");
            verified.note(Finding::new(Flaw::QueueUnlisted, queue.as_str(), None, what, remedy));
        }
        Ok(())
    }

    async fn counts(&self, queue: &QueueName) -> Result<Box<dyn Row>, StoreError> {
        let values = values_of_counts(queue);
        let mut rows = self.read(&self.sql.verify_counts, &values).await?;
        Ok(rows.pop().ok_or_else(|| Fault::unreadable("a count", "there is none"))?)
    }
}

fn count(verified: &mut Verified, standing: &Standing) {
    verified.count(Class::Jobs, 1);
    verified.count(Class::Entries, 1);
    match standing.state() {
        Some(State::Reserved) => verified.count(Class::Reserved, 1),
        Some(State::Failed) => verified.count(Class::Failed, 1),
        _ => {}
    }
    verified.count(Class::Keys, u64::from(standing.has_key()));
}

/// What the statement `verify_counts` is given.
pub(super) fn values_of_counts(queue: &QueueName) -> Vec<Value<'_>> {
    let mut values = vec![Value::Text(queue.as_str())];
    let mut priorities = journeyman_job::Priority::DESCENDING;
    priorities.reverse();
    values.extend(priorities.map(|priority| Value::Int(lanes::pending(queue, priority))));
    values.push(Value::Int(lanes::delayed(queue)));
    let ended = [State::Completed, State::Failed, State::Cancelled];
    values.extend(ended.map(|state| Value::Int(lanes::ended(queue, state))));
    values
}

/// The numbers that are not kept as they are: which, as kept, and as they are.
pub(super) fn differences(row: &dyn Row) -> Result<Vec<(usize, i64, i64)>, Fault> {
    let mut differences = Vec::new();
    for number in 0..NUMBERS.len() {
        let (kept, real) = (row.int(2 * number)?, row.int(2 * number + 1)?);
        if kept != real {
            differences.push((number, kept, real));
        }
    }
    Ok(differences)
}
