//! Storing new jobs.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use journeyman_job::{JobId, When};

use super::fault::Fault;
use super::lanes;
use super::rows::whole;
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value, pieces};
use crate::clock::Timestamp;
use crate::queue::{CallId, NewJob, PushOutcome, State, Unit};

/// Looks at what stands in the way of one job, before it is others' turn.
const ROUNDS: usize = 8;

#[derive(Debug)]
pub(super) struct Push<'a> {
    pub(super) jobs: &'a [NewJob],
    pub(super) unit: Unit,
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
        push(tx, self.jobs.iter(), self.unit, self.call).await
    }
}

/// Stores jobs within a transaction. One outcome per job, in order.
pub(super) async fn push<'a>(
    tx: &mut Transaction<'_>,
    jobs: impl ExactSizeIterator<Item = &'a NewJob>,
    unit: Unit,
    call: CallId,
) -> Result<Vec<PushOutcome>, Fault> {
    let now = tx.now;
    let ids = tx.positions(jobs.len())..;
    let arrivals: Vec<Arrival<'_>> = jobs
        .zip(ids)
        .enumerate()
        .map(|(n, (job, id))| {
            let due = due_at(job.when, now);
            Arrival { job, n, id, due, is_delayed: due > now }
        })
        .collect();
    let mut outcomes = store_all(tx, &arrivals, call).await?;
    if unit == Unit::Whole {
        note_own_conflicts(&arrivals, &mut outcomes);
        if outcomes.contains(&PushOutcome::Conflict) {
            withhold(tx, &arrivals, &mut outcomes).await?;
        }
    }
    for arrival in arrivals.iter().filter(|arrival| is_stored(outcomes[arrival.n])) {
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

/// In rounds: what comes a second time in one call finds what became of the first.
async fn store_all(
    tx: &mut Transaction<'_>,
    arrivals: &[Arrival<'_>],
    call: CallId,
) -> Result<Vec<PushOutcome>, Fault> {
    let mut outcomes: Vec<Option<PushOutcome>> = vec![None; arrivals.len()];
    for _ in 0..ROUNDS.max(arrivals.len()) {
        let mut seen: HashSet<JobId> = HashSet::with_capacity(arrivals.len());
        let unsettled = arrivals.iter().filter(|arrival| outcomes[arrival.n].is_none());
        let round: Vec<Arrival<'_>> = unsettled.filter(|arrival| seen.insert(arrival.job.id())).copied().collect();
        if round.is_empty() {
            break;
        }
        for piece in pieces(&round, size) {
            store(tx, piece, call, &mut outcomes).await?;
        }
    }
    let settled: Option<Vec<PushOutcome>> = outcomes.into_iter().collect();
    settled.ok_or_else(|| Fault::Contended("a unique key changed hands too often".into()))
}

async fn store(
    tx: &mut Transaction<'_>,
    arrivals: &[Arrival<'_>],
    call: CallId,
    outcomes: &mut [Option<PushOutcome>],
) -> Result<(), Fault> {
    let envelopes = || arrivals.iter().map(|arrival| &arrival.job.envelope);
    let key = |arrival: &Arrival<'_>| arrival.job.unique.as_ref().map(|key| key.as_str().to_owned());
    let rows = Rows::default()
        .ids(envelopes().map(|envelope| envelope.id))
        .ints(arrivals.iter().map(|arrival| arrival.id))
        .texts(envelopes().map(|envelope| envelope.queue.as_str()))
        .ints(envelopes().map(|envelope| i64::from(envelope.priority.as_number())))
        .texts(arrivals.iter().map(|arrival| arrival.state().as_str()))
        .ints(arrivals.iter().map(Arrival::lane))
        .ints(arrivals.iter().map(Arrival::place))
        .ints(arrivals.iter().map(|arrival| arrival.due.as_micros()))
        .maybe_texts(arrivals.iter().map(key))
        .bytes(envelopes().map(|envelope| envelope.body.clone()));
    let (now, call_given) = (Value::Int(tx.now.as_micros()), Value::Int(call.0.cast_signed()));
    let stored = tx.run(&tx.sql.insert, &[now, call_given, Value::Rows(&rows)]).await?;
    if usize::try_from(stored) == Ok(arrivals.len()) {
        arrivals.iter().for_each(|arrival| outcomes[arrival.n] = Some(arrival.stored()));
        return Ok(());
    }
    compare(tx, arrivals, call, outcomes).await?;
    let missing: Vec<Arrival<'_>> = arrivals.iter().filter(|arrival| outcomes[arrival.n].is_none()).copied().collect();
    if missing.is_empty() { Ok(()) } else { find_rivals(tx, &missing, outcomes).await }
}

/// Looks at what is there under the ids of these.
async fn compare(
    tx: &mut Transaction<'_>,
    arrivals: &[Arrival<'_>],
    call: CallId,
    outcomes: &mut [Option<PushOutcome>],
) -> Result<(), Fault> {
    let envelopes = || arrivals.iter().map(|arrival| &arrival.job.envelope);
    let rows = Rows::default()
        .ints(arrivals.iter().map(|arrival| whole(arrival.n)))
        .ints(arrivals.iter().map(|arrival| arrival.id))
        .ids(envelopes().map(|envelope| envelope.id))
        .texts(envelopes().map(|envelope| envelope.queue.as_str()))
        .bytes(envelopes().map(|envelope| envelope.body.clone()));
    let found = tx.rows(&tx.sql.clashes, &[Value::Int(call.0.cast_signed()), Value::Rows(&rows)]).await?;
    let found: HashMap<i64, (i64, i64)> =
        found.iter().map(|row| Ok((row.int(0)?, (row.int(1)?, row.int(2)?)))).collect::<Result<_, Fault>>()?;
    for arrival in arrivals {
        outcomes[arrival.n] = found.get(&whole(arrival.n)).map(|(is_own, is_alike)| match (is_own, is_alike) {
            (1, _) => arrival.stored(),
            (_, 1) => PushOutcome::Repeated,
            _ => PushOutcome::Conflict,
        });
    }
    Ok(())
}

/// Finds who holds the keys of these. Whose key has been freed meanwhile stays without an outcome.
async fn find_rivals(
    tx: &mut Transaction<'_>,
    arrivals: &[Arrival<'_>],
    outcomes: &mut [Option<PushOutcome>],
) -> Result<(), Fault> {
    let keys = arrivals.iter().map(|arrival| arrival.job.unique.as_ref().map(|key| key.as_str().to_owned()));
    let rows = Rows::default()
        .ints(arrivals.iter().map(|arrival| whole(arrival.n)))
        .texts(arrivals.iter().map(|arrival| arrival.job.envelope.queue.as_str()))
        .maybe_texts(keys);
    for row in tx.rows(&tx.sql.key_holders, &[Value::Rows(&rows)]).await? {
        let (n, holder) = (row.int(0)?, row.job_id(1)?);
        if let Some(outcome) = usize::try_from(n).ok().and_then(|n| outcomes.get_mut(n)) {
            *outcome = Some(PushOutcome::Duplicate(holder));
        }
    }
    Ok(())
}

/// An id that one bulk gives to two jobs is a conflict, even if neither was stored.
fn note_own_conflicts(arrivals: &[Arrival<'_>], outcomes: &mut [PushOutcome]) {
    let mut seen: HashMap<JobId, &NewJob> = HashMap::with_capacity(arrivals.len());
    for Arrival { job, n, .. } in arrivals {
        let first = seen.entry(job.id()).or_insert(job);
        let is_alike = first.envelope.body == job.envelope.body && first.envelope.queue == job.envelope.queue;
        if !is_alike && matches!(outcomes[*n], PushOutcome::Duplicate(_)) {
            outcomes[*n] = PushOutcome::Conflict;
        }
    }
}

/// Takes out again what was stored of a bulk that is not to be.
async fn withhold(
    tx: &mut Transaction<'_>,
    arrivals: &[Arrival<'_>],
    outcomes: &mut [PushOutcome],
) -> Result<(), Fault> {
    let stored = arrivals.iter().filter(|arrival| is_stored(outcomes[arrival.n]));
    let ids = Rows::default().ids(stored.map(|arrival| arrival.job.id()));
    tx.run(&tx.sql.remove, &[Value::Rows(&ids)]).await?;
    outcomes.iter_mut().filter(|outcome| **outcome != PushOutcome::Conflict).for_each(|outcome| {
        *outcome = PushOutcome::Withheld;
    });
    Ok(())
}

fn is_stored(outcome: PushOutcome) -> bool {
    matches!(outcome, PushOutcome::Stored { .. })
}

impl Arrival<'_> {
    fn stored(&self) -> PushOutcome {
        PushOutcome::Stored { delayed: self.is_delayed }
    }

    fn state(&self) -> State {
        if self.is_delayed { State::Delayed } else { State::Pending }
    }

    fn lane(&self) -> i64 {
        let envelope = &self.job.envelope;
        if self.is_delayed {
            lanes::delayed(&envelope.queue)
        } else {
            lanes::pending(&envelope.queue, envelope.priority)
        }
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
