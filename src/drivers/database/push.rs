//! Storing new jobs.

use std::collections::HashSet;

use async_trait::async_trait;
use journeyman_job::{JobId, When};

use super::fault::Fault;
use super::lanes;
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value, pieces};
use crate::clock::Timestamp;
use crate::queue::{CallId, NewJob, PushOutcome, State};

#[derive(Debug)]
pub(super) struct Push<'a> {
    pub(super) jobs: &'a [NewJob],
    /// Tells what it stored from what others did.
    pub(super) call: CallId,
}

/// A job on its way in.
#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    job: &'a NewJob,
    /// Its place in the call.
    n: usize,
    id: i64,
    due: Timestamp,
    is_delayed: bool,
}

#[async_trait]
impl Change for Push<'_> {
    type Answer = Vec<PushOutcome>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Answer, Fault> {
        let (now, first) = (tx.now, tx.positions(self.jobs.len()));
        let ids = first..;
        let arrivals = self.jobs.iter().zip(ids).enumerate().map(|(n, (job, id))| {
            let due = due_at(job.when, now);
            Arrival { job, n, id, due, is_delayed: due > now }
        });
        let mut seen: HashSet<JobId> = HashSet::with_capacity(self.jobs.len());
        // What comes a second time in one call finds the first.
        let (fresh, again): (Vec<_>, Vec<_>) = arrivals.partition(|arrival| seen.insert(arrival.job.id()));
        let mut outcomes = vec![PushOutcome::Conflict; self.jobs.len()];
        for piece in pieces(&fresh, size) {
            self.store(tx, piece, &mut outcomes).await?;
        }
        for piece in pieces(&again, size) {
            self.compare(tx, piece, &mut outcomes, false).await?;
        }
        for arrival in fresh.iter().filter(|arrival| matches!(outcomes[arrival.n], PushOutcome::Stored { .. })) {
            let envelope = &arrival.job.envelope;
            let entry = tx.ledger.entry(&envelope.queue);
            entry.counters.enqueued += 1;
            if arrival.is_delayed {
                entry.delayed();
            } else {
                entry.arrived(envelope.priority);
            }
        }
        Ok(outcomes)
    }
}

impl Push<'_> {
    async fn store(
        &self,
        tx: &mut Transaction<'_>,
        arrivals: &[Arrival<'_>],
        outcomes: &mut [PushOutcome],
    ) -> Result<(), Fault> {
        let envelopes = || arrivals.iter().map(|arrival| &arrival.job.envelope);
        let rows = Rows::default()
            .ids(envelopes().map(|envelope| envelope.id))
            .ints(arrivals.iter().map(|arrival| arrival.id))
            .texts(envelopes().map(|envelope| envelope.queue.as_str()))
            .ints(envelopes().map(|envelope| i64::from(envelope.priority.as_number())))
            .texts(arrivals.iter().map(|arrival| arrival.state().as_str()))
            .ints(arrivals.iter().map(Arrival::lane))
            .ints(arrivals.iter().map(Arrival::place))
            .ints(arrivals.iter().map(|arrival| arrival.due.as_micros()))
            .maybe_texts(arrivals.iter().map(|_| None))
            .bytes(envelopes().map(|envelope| envelope.body.clone()));
        let (now, call) = (Value::Int(tx.now.as_micros()), Value::Int(self.call.0.cast_signed()));
        let stored = tx.run(&tx.sql.insert, &[now, call, Value::Rows(&rows)]).await?;
        if usize::try_from(stored) != Ok(arrivals.len()) {
            return self.compare(tx, arrivals, outcomes, true).await;
        }
        for arrival in arrivals {
            outcomes[arrival.n] = PushOutcome::Stored { delayed: arrival.is_delayed };
        }
        Ok(())
    }

    /// Looks at what is there under the ids of these. `may_be_own` if that can be what this call has just stored.
    async fn compare(
        &self,
        tx: &mut Transaction<'_>,
        arrivals: &[Arrival<'_>],
        outcomes: &mut [PushOutcome],
        may_be_own: bool,
    ) -> Result<(), Fault> {
        let envelopes = || arrivals.iter().map(|arrival| &arrival.job.envelope);
        let rows = Rows::default()
            .ints(arrivals.iter().map(|arrival| i64::try_from(arrival.n).unwrap_or(i64::MAX)))
            .ids(envelopes().map(|envelope| envelope.id))
            .texts(envelopes().map(|envelope| envelope.queue.as_str()))
            .bytes(envelopes().map(|envelope| envelope.body.clone()));
        let call = Value::Int(self.call.0.cast_signed());
        for row in tx.rows(&tx.sql.clashes, &[call, Value::Rows(&rows)]).await? {
            let n = row.int(0)?;
            let (is_own, is_alike) = (row.int(1)? != 0, row.int(2)? != 0);
            let arrival = arrivals.iter().find(|arrival| usize::try_from(n) == Ok(arrival.n));
            let Some(arrival) = arrival else { continue };
            outcomes[arrival.n] = match (is_own && may_be_own, is_alike) {
                (true, _) => PushOutcome::Stored { delayed: arrival.is_delayed },
                (false, true) => PushOutcome::Repeated,
                (false, false) => PushOutcome::Conflict,
            };
        }
        Ok(())
    }
}

impl Arrival<'_> {
    fn state(&self) -> State {
        if self.is_delayed { State::Delayed } else { State::Pending }
    }

    fn lane(&self) -> i64 {
        let envelope = &self.job.envelope;
        if self.is_delayed { lanes::delayed(&envelope.queue) } else { lanes::pending(&envelope.queue, envelope.priority) }
    }

    fn place(&self) -> i64 {
        if self.is_delayed { self.due.as_micros() } else { self.id }
    }
}

/// About how many bytes a job takes in a statement.
fn size(arrival: &Arrival<'_>) -> usize {
    arrival.job.envelope.body.len() + 200
}

fn due_at(when: When, now: Timestamp) -> Timestamp {
    match when {
        When::Now => now,
        When::After(delay) => now.plus(delay),
        When::At(time) => Timestamp::from_datetime(time).max(now),
    }
}
