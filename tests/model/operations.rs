//! What a history is made of. Every operation means something in any state, so that a list of them can be cut short
//! anywhere: what it is about is named by a number, counted round among what is there.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

/// Queues of a case, and workers; the last worker only reaps.
pub const QUEUES: usize = 3;
pub const WORKERS: usize = 4;
/// Ids and unique keys that callers choose.
const NAMES: usize = 3;
pub const KEYS: usize = 2;

#[derive(Debug, Clone)]
pub enum Operation {
    Push {
        jobs: Vec<Wanted>,
        whole: bool,
    },
    Reserve {
        worker: usize,
        queues: Vec<usize>,
        order: usize,
        max: usize,
    },
    /// The worker's latest `Reserve` again, as if its answer had been lost.
    ReserveAgain {
        worker: usize,
    },
    /// `left_out` of what it holds, and with `past` of what it held once.
    Beat {
        worker: usize,
        left_out: usize,
        past: usize,
    },
    Settle {
        worker: usize,
        endings: Vec<Ending>,
    },
    Promote {
        max: usize,
    },
    Pass {
        time: Time,
    },
    Reclaim {
        worker: usize,
        max: usize,
        again: bool,
    },
    Retire {
        worker: usize,
    },
    Prune {
        ttl: u64,
        max_records: u64,
        max: usize,
    },
    Cancel {
        job: usize,
    },
    Hasten {
        job: usize,
    },
    Retry {
        job: usize,
    },
    Forget {
        job: usize,
    },
    Purge {
        queue: usize,
        priority: Option<usize>,
        max: usize,
    },
    Pause {
        queue: usize,
    },
    Resume {
        queue: usize,
    },
    Restart,
    Look {
        page: usize,
    },
}

/// A job to push.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub id: Id,
    pub queue: usize,
    pub priority: usize,
    pub when: When,
    pub key: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
pub enum Id {
    Fresh,
    Named(usize),
    /// A job that was pushed before, as it was or with another body.
    Again {
        job: usize,
        changed: bool,
    },
}

/// Seconds.
#[derive(Debug, Clone, Copy)]
pub enum When {
    Now,
    After(u64),
    At(i64),
}

#[derive(Debug, Clone, Copy)]
pub enum Time {
    Seconds(u64),
    /// Until the first delayed job is due, or a moment before.
    NextDue {
        exactly: bool,
    },
    /// Until every lease has ended, or a moment before.
    Lease {
        exactly: bool,
    },
}

#[derive(Debug, Clone)]
pub struct Ending {
    pub which: Which,
    pub how: How,
    pub counted: Option<bool>,
    pub then: Option<Wanted>,
}

/// Under which token.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    Held(usize),
    /// One that this worker has had, settled or not.
    Past(usize),
    /// One that it has with another call or another attempt.
    Forged(usize, bool),
}

#[derive(Debug, Clone, Copy)]
pub enum How {
    Complete,
    Release(u64),
    Snooze(u64),
    Fail { undecodable: bool },
    Cancel,
    Requeue,
}

/// A whole history.
pub fn history(length: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..=length)
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let any_job = || 0..64_usize;
    prop_oneof![
        10 => (vec(wanted(), 1..=4), any::<bool>()).prop_map(|(jobs, whole)| Push { jobs, whole }),
        10 => (worker(), queues(), 0..3_usize, 0..=5_usize)
            .prop_map(|(worker, queues, order, max)| Reserve { worker, queues, order, max }),
        1 => worker().prop_map(|worker| ReserveAgain { worker }),
        2 => (worker(), 0..4_usize, 0..3_usize).prop_map(|(worker, left_out, past)| Beat { worker, left_out, past }),
        14 => (worker(), vec(ending(), 1..=4)).prop_map(|(worker, endings)| Settle { worker, endings }),
        2 => (0..=4_usize).prop_map(|max| Promote { max }),
        6 => time().prop_map(|time| Pass { time }),
        3 => (worker(), 1..=4_usize, any::<bool>()).prop_map(|(worker, max, again)| Reclaim { worker, max, again }),
        1 => worker().prop_map(|worker| Retire { worker }),
        3 => (ttl(), records(), 1..=5_usize).prop_map(|(ttl, max_records, max)| Prune { ttl, max_records, max }),
        3 => any_job().prop_map(|job| Cancel { job }),
        2 => any_job().prop_map(|job| Hasten { job }),
        3 => any_job().prop_map(|job| Retry { job }),
        1 => any_job().prop_map(|job| Forget { job }),
        1 => (0..QUEUES, weighted(0.5, 0..4_usize), 1..=4_usize)
            .prop_map(|(queue, priority, max)| Purge { queue, priority, max }),
        1 => (0..QUEUES).prop_map(|queue| Pause { queue }),
        2 => (0..QUEUES).prop_map(|queue| Resume { queue }),
        1 => Just(Restart),
        2 => (1..=5_usize).prop_map(|page| Look { page }),
    ]
}

fn worker() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..WORKERS - 1, 1 => Just(WORKERS - 1)]
}

/// Some of them, in any order.
fn queues() -> impl Strategy<Value = Vec<usize>> {
    let all: Vec<usize> = (0..QUEUES).collect();
    (Just(all).prop_shuffle(), 1..=QUEUES).prop_map(|(mut queues, count)| {
        queues.truncate(count);
        queues
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let id = prop_oneof![
        8 => Just(Id::Fresh),
        2 => (0..NAMES).prop_map(Id::Named),
        1 => (0..64_usize, any::<bool>()).prop_map(|(job, changed)| Id::Again { job, changed }),
    ];
    let when = prop_oneof![
        6 => Just(When::Now),
        2 => (0..40_u64).prop_map(When::After),
        1 => (-10..40_i64).prop_map(When::At),
    ];
    (id, 0..QUEUES, 0..4_usize, when, weighted(0.35, 0..KEYS)).prop_map(|(id, queue, priority, when, key)| Wanted {
        id,
        queue,
        priority,
        when,
        key,
    })
}

fn ending() -> impl Strategy<Value = Ending> {
    let which = prop_oneof![
        10 => (0..8_usize).prop_map(Which::Held),
        2 => (0..64_usize).prop_map(Which::Past),
        1 => (0..8_usize, any::<bool>()).prop_map(|(hold, call)| Which::Forged(hold, call)),
    ];
    let how = prop_oneof![
        3 => Just(How::Complete),
        2 => prop_oneof![Just(0), 1..20_u64].prop_map(How::Release),
        1 => prop_oneof![Just(0), 1..20_u64].prop_map(How::Snooze),
        2 => any::<bool>().prop_map(|undecodable| How::Fail { undecodable }),
        1 => Just(How::Cancel),
        2 => Just(How::Requeue),
    ];
    (which, how, weighted(0.2, any::<bool>()), weighted(0.1, wanted())).prop_map(|(which, how, counted, then)| Ending {
        which,
        how,
        counted,
        then,
    })
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        3 => (1..15_u64).prop_map(Time::Seconds),
        2 => any::<bool>().prop_map(|exactly| Time::NextDue { exactly }),
        2 => any::<bool>().prop_map(|exactly| Time::Lease { exactly }),
    ]
}

fn ttl() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(10), Just(60), Just(1_000_000)]
}

fn records() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0_u64), Just(1), Just(2), Just(4), Just(1000)]
}
