//! Clients, workers, a reaper and an operator, all at once on one store and its own clock, each noting what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use journeyman::clock::Stopwatch;
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{
    Beat, CallId, Envelope, Found, NewJob, PushOutcome, Reservation, ReserveRequest, ReservedJob, Retry, Settle,
    Settled, Settlement, Store, Trail, Unit, WorkerId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::automaton::{Call, How, LEASE, Seen, explain};
use super::turns::{Turn, in_turn};

const CLIENTS: u64 = 3;
const WORKERS: u64 = 3;
/// What each of them does before it goes home.
const TURNS: usize = 25;
/// Jobs whose ids the clients choose, all of them the same.
const NAMED: u64 = 6;
/// Shared by all workers; the third is one worker's alone, whose jobs must come out in their turn.
const SHARED: [usize; 2] = [0, 1];
const ALONE: usize = 2;

/// What all of them know.
pub struct Scene {
    /// As two processes would each have one.
    stores: [Arc<dyn Store>; 2],
    clock: Stopwatch,
    queues: Vec<QueueName>,
    name: String,
    named: Vec<NewJob>,
}

/// What one of them was told.
#[derive(Default)]
pub struct Notes {
    seen: Vec<(JobId, Call)>,
    /// Jobs in the order in which the lone worker got them.
    turns: Vec<(JobId, Priority, Duration)>,
}

/// How many calls about how many jobs were explained.
#[derive(Debug, Default)]
pub struct Explained {
    pub jobs: usize,
    pub calls: usize,
    pub in_turn: usize,
}

pub async fn one_history(stores: [Arc<dyn Store>; 2], name: String, seed: u64) -> Result<Explained, String> {
    let queues: Vec<QueueName> =
        ["a", "b", "alone"].iter().map(|queue| QueueName::new(&format!("{name}-{queue}")).unwrap()).collect();
    let named = (0..NAMED).map(|_| NewJob { is_named: true, ..job(&queues[SHARED[0]], Priority::Normal) }).collect();
    let scene = Arc::new(Scene { stores, clock: Stopwatch::start(), queues, name, named });
    let dice = |actor: u64| StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(actor));
    let mut actors = Vec::new();
    for number in 0..CLIENTS {
        actors.push(tokio::spawn(client(Arc::clone(&scene), dice(number))));
    }
    for number in 0..WORKERS {
        actors.push(tokio::spawn(worker(Arc::clone(&scene), number, dice(100 + number))));
    }
    actors.push(tokio::spawn(lone_worker(Arc::clone(&scene), dice(200))));
    actors.push(tokio::spawn(reaper(Arc::clone(&scene), dice(201))));
    actors.push(tokio::spawn(operator(Arc::clone(&scene), dice(202))));
    let mut notes = Notes::default();
    for of_actor in join_all(actors).await {
        let of_actor = of_actor.map_err(|error| error.to_string())?;
        notes.seen.extend(of_actor.seen);
        notes.turns.extend(of_actor.turns);
    }
    scene.look_at_all(&mut notes).await;
    judge(&notes)
}

fn judge(notes: &Notes) -> Result<Explained, String> {
    let mut histories: BTreeMap<JobId, Vec<Call>> = BTreeMap::new();
    for (job, call) in &notes.seen {
        histories.entry(*job).or_default().push(call.clone());
    }
    for (job, calls) in &histories {
        explain(calls).map_err(|wrong| format!("job {job}: {wrong}"))?;
    }
    let pushed = |job: &JobId| {
        let stored = histories[job].iter().find(|call| matches!(call.seen, Seen::Stored { .. }))?;
        Some((stored.begin, stored.end))
    };
    let turn = |(place, (job, priority, taken)): (usize, &(JobId, Priority, Duration))| {
        Some(Turn { job: *job, priority: *priority, pushed: pushed(job)?, taken: (*taken, place) })
    };
    let turns: Vec<Turn> = notes.turns.iter().enumerate().filter_map(turn).collect();
    in_turn(&turns)?;
    let calls = histories.values().map(Vec::len).sum();
    Ok(Explained { jobs: histories.len(), calls, in_turn: turns.len() })
}

impl Scene {
    fn worker_id(&self, number: u64) -> WorkerId {
        WorkerId::new(&format!("{}-w{number}", self.name)).unwrap()
    }

    fn of_clients(&self) -> &dyn Store {
        &*self.stores[0]
    }

    fn of_workers(&self) -> &dyn Store {
        &*self.stores[1]
    }

    /// Every job that anyone has seen is looked for in the end.
    async fn look_at_all(&self, notes: &mut Notes) {
        let mut jobs: Vec<JobId> = notes.seen.iter().map(|(job, _)| *job).collect();
        jobs.sort();
        jobs.dedup();
        for job in jobs {
            self.find(notes, job).await;
        }
    }

    async fn find(&self, notes: &mut Notes, job: JobId) {
        let begin = self.clock.elapsed();
        let seen = match self.of_clients().find(job).await.unwrap() {
            Found::Here(record) => Seen::Found(Some((record.state, record.attempts))),
            Found::Expired | Found::Nothing => Seen::Found(None),
        };
        notes.note(&self.clock, begin, [(job, seen)]);
    }

    async fn reserve(
        &self,
        notes: &mut Notes,
        (number, call): (u64, CallId),
        queues: &[usize],
        max: usize,
        is_repeat: bool,
    ) -> Vec<ReservedJob> {
        let queues: Vec<QueueName> = queues.iter().map(|queue| self.queues[*queue].clone()).collect();
        let id = self.worker_id(number);
        let request = ReserveRequest {
            worker: &id,
            queues: &queues,
            order: Priority::DESCENDING,
            max,
            lease: LEASE,
            call,
            is_repeat,
        };
        let begin = self.clock.elapsed();
        let jobs = self.of_workers().reserve(&request).await.unwrap().jobs;
        let worker = usize::try_from(number).unwrap();
        let seen = jobs.iter().map(|job| {
            let token = job.reservation.token;
            let seen = if is_repeat { Seen::ReservedAgain { worker, token } } else { Seen::Reserved { worker, token } };
            (job.reservation.job, seen)
        });
        notes.note(&self.clock, begin, seen);
        jobs
    }

    async fn settle(&self, notes: &mut Notes, batch: &[(Reservation, How)]) -> Vec<Settled> {
        let settles: Vec<Settle> = batch.iter().map(|(reservation, how)| settle(reservation, *how)).collect();
        let begin = self.clock.elapsed();
        let outcomes = self.of_workers().settle(&settles).await.unwrap();
        let seen = batch.iter().zip(&outcomes).map(|((reservation, how), outcome)| {
            (reservation.job, Seen::Settled { token: reservation.token, how: *how, outcome: *outcome })
        });
        notes.note(&self.clock, begin, seen);
        outcomes
    }

    async fn beat(&self, notes: &mut Notes, number: u64, held: &[Reservation]) {
        let (id, worker) = (self.worker_id(number), usize::try_from(number).unwrap());
        let begin = self.clock.elapsed();
        let reply = self.of_workers().extend(&Beat { worker: &id, lease: LEASE, held }).await.unwrap();
        let shown = held
            .iter()
            .map(|held| (held.job, Seen::Shown { worker, token: held.token, lost: reply.lost.contains(held) }));
        let strays = reply
            .unknown
            .iter()
            .map(|job| (job.reservation.job, Seen::Shown { worker, token: job.reservation.token, lost: false }));
        notes.note(&self.clock, begin, shown.chain(strays));
    }
}

impl Notes {
    fn note(&mut self, clock: &Stopwatch, begin: Duration, seen: impl IntoIterator<Item = (JobId, Seen)>) {
        let end = clock.elapsed();
        self.seen.extend(seen.into_iter().map(|(job, seen)| (job, Call { begin, end, seen })));
    }
}

async fn client(scene: Arc<Scene>, mut dice: StdRng) -> Notes {
    let mut notes = Notes::default();
    for _ in 0..TURNS {
        let jobs: Vec<NewJob> = (0..dice.random_range(1..=3)).map(|_| any_job(&scene, &mut dice)).collect();
        let begin = scene.clock.elapsed();
        let outcomes = scene.of_clients().push(&jobs, Unit::Queue).await.unwrap();
        let seen = jobs.iter().zip(outcomes).map(|(job, outcome)| {
            let seen = match outcome {
                PushOutcome::Stored { .. } => Seen::Stored { delay: delay_of(job) },
                PushOutcome::Repeated => Seen::Repeated,
                other => panic!("{job:?}: {other:?}"),
            };
            (job.id(), seen)
        });
        notes.note(&scene.clock, begin, seen);
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..20))).await;
    }
    notes
}

fn any_job(scene: &Scene, dice: &mut StdRng) -> NewJob {
    match dice.random_range(0..10) {
        0 | 1 => scene.named[dice.random_range(0..scene.named.len())].clone(),
        2..=4 => job(&scene.queues[ALONE], any_priority(dice)),
        5 | 6 => {
            let delay = Duration::from_millis(dice.random_range(1..100));
            NewJob { when: When::After(delay), ..job(&scene.queues[SHARED[0]], any_priority(dice)) }
        }
        _ => job(&scene.queues[SHARED[1]], any_priority(dice)),
    }
}

/// Works as workers do, but badly at times: repeats its calls, settles twice at once, forgets to beat.
async fn worker(scene: Arc<Scene>, number: u64, mut dice: StdRng) -> Notes {
    let mut notes = Notes::default();
    let mut held: Vec<Reservation> = Vec::new();
    let mut past: Vec<Reservation> = Vec::new();
    for _ in 0..TURNS {
        let call = CallId(dice.random());
        let queues = if dice.random_bool(0.5) { SHARED } else { [SHARED[1], SHARED[0]] };
        let max = dice.random_range(1..=4);
        let mut taken = scene.reserve(&mut notes, (number, call), &queues, max, false).await;
        if dice.random_bool(0.2) {
            taken.extend(scene.reserve(&mut notes, (number, call), &queues, max, true).await);
        }
        for ReservedJob { reservation, .. } in taken {
            if !held.contains(&reservation) {
                held.push(reservation);
            }
        }
        match dice.random_range(0..10) {
            // Late, or for ever if it is the last turn.
            0 => tokio::time::sleep(LEASE + Duration::from_millis(50)).await,
            1 | 2 => scene.beat(&mut notes, number, &held).await,
            3 => {
                let half = &held[held.len() / 2..];
                scene.beat(&mut notes, number, half).await;
            }
            _ => {}
        }
        let ending = if dice.random_bool(0.3) { held.split_off(held.len() / 2) } else { std::mem::take(&mut held) };
        let mut batch: Vec<(Reservation, How)> =
            ending.into_iter().map(|reservation| (reservation, any_end(&mut dice))).collect();
        past.extend(batch.iter().map(|(reservation, _)| reservation.clone()));
        if !past.is_empty() && dice.random_bool(0.3) {
            batch.push((past[dice.random_range(0..past.len())].clone(), any_end(&mut dice)));
        }
        if dice.random_bool(0.2) {
            // Twice at once: one of them is the repetition.
            let mut others = Notes::default();
            tokio::join!(scene.settle(&mut notes, &batch), scene.settle(&mut others, &batch));
            notes.seen.extend(others.seen);
        } else {
            scene.settle(&mut notes, &batch).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..20))).await;
    }
    notes
}

/// Completes all that comes, one after the other.
async fn lone_worker(scene: Arc<Scene>, mut dice: StdRng) -> Notes {
    let mut notes = Notes::default();
    for _ in 0..TURNS {
        let begin = scene.clock.elapsed();
        let max = dice.random_range(1..=4);
        let taken = scene.reserve(&mut notes, (WORKERS, CallId(dice.random())), &[ALONE], max, false).await;
        notes.turns.extend(taken.iter().map(|job| (job.reservation.job, job.reservation.priority, begin)));
        let batch: Vec<(Reservation, How)> = taken.into_iter().map(|job| (job.reservation, How::Complete)).collect();
        scene.settle(&mut notes, &batch).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..20))).await;
    }
    notes
}

async fn reaper(scene: Arc<Scene>, mut dice: StdRng) -> Notes {
    let mut notes = Notes::default();
    let number = WORKERS + 1;
    let (id, worker) = (scene.worker_id(number), usize::try_from(number).unwrap());
    for _ in 0..TURNS {
        let request = ReserveRequest {
            worker: &id,
            queues: &[],
            order: Priority::DESCENDING,
            max: dice.random_range(1..=8),
            lease: LEASE,
            call: CallId(dice.random()),
            is_repeat: false,
        };
        let begin = scene.clock.elapsed();
        let mut taken = scene.of_workers().reclaim(&request).await.unwrap();
        // What the history before this one has left behind stays in its hands.
        taken.retain(|job| scene.queues.contains(&job.reservation.queue));
        let seen =
            taken.iter().map(|job| (job.reservation.job, Seen::Reclaimed { worker, token: job.reservation.token }));
        notes.note(&scene.clock, begin, seen);
        let how = |dice: &mut StdRng| if dice.random_bool(0.5) { How::Requeue } else { How::Release(Duration::ZERO) };
        let batch: Vec<(Reservation, How)> = taken.into_iter().map(|job| (job.reservation, how(&mut dice))).collect();
        scene.settle(&mut notes, &batch).await;
        scene.of_workers().promote(10).await.unwrap();
        tokio::time::sleep(Duration::from_millis(dice.random_range(10..50))).await;
    }
    notes
}

/// Looks at jobs, takes some out and puts some back; those of the lone worker are only looked at.
async fn operator(scene: Arc<Scene>, mut dice: StdRng) -> Notes {
    let mut notes = Notes::default();
    for _ in 0..TURNS {
        for queue in SHARED {
            for state in journeyman::queue::State::ALL {
                let listing =
                    journeyman::queue::Listing { queue: scene.queues[queue].clone(), state, after: None, max: 3 };
                for record in scene.of_clients().list(&listing).await.unwrap().jobs {
                    if dice.random_bool(0.1) {
                        operate(&scene, &mut notes, record.id, &record.trail, &mut dice).await;
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..20))).await;
    }
    notes
}

async fn operate(scene: &Scene, notes: &mut Notes, job: JobId, trail: &Trail, dice: &mut StdRng) {
    let begin = scene.clock.elapsed();
    let seen = match dice.random_range(0..4) {
        0 => Seen::Cancelled(scene.of_clients().cancel(job).await.unwrap()),
        1 => Seen::Hastened(scene.of_clients().hasten(job).await.unwrap()),
        2 => Seen::Retried(scene.of_clients().retry(&Retry { job, trail: trail.retried().encode() }).await.unwrap()),
        _ => return scene.find(notes, job).await,
    };
    notes.note(&scene.clock, begin, [(job, seen)]);
}

fn job(queue: &QueueName, priority: Priority) -> NewJob {
    let id = JobId::generate(queue);
    let body = format!(r#"{{"type":"noop","data":{{"id":"{id}"}},"v":1}}"#).into();
    NewJob::new(Envelope { id, queue: queue.clone(), priority, body }, When::Now)
}

fn delay_of(job: &NewJob) -> Duration {
    match job.when {
        When::After(delay) => delay,
        When::Now | When::At(_) => Duration::ZERO,
    }
}

fn any_priority(dice: &mut StdRng) -> Priority {
    Priority::DESCENDING[dice.random_range(0..4)]
}

fn any_end(dice: &mut StdRng) -> How {
    let delay = Duration::from_millis(dice.random_range(0..60));
    match dice.random_range(0..9) {
        0..=2 => How::Complete,
        3 => How::Fail,
        4 => How::Cancel,
        5 => How::Release(Duration::ZERO),
        6 => How::Release(delay),
        7 => How::Snooze(delay),
        _ => How::Requeue,
    }
}

fn settle(reservation: &Reservation, how: How) -> Settle {
    let error = journeyman::job::JobError::of(journeyman::job::ErrorKind::Error, "it went wrong");
    let settlement = match how {
        How::Complete => Settlement::Complete,
        How::Fail => Settlement::Fail { error },
        How::Cancel => Settlement::Cancel,
        How::Release(delay) => Settlement::Release { delay },
        How::Snooze(delay) => Settlement::Snooze { delay },
        How::Requeue => Settlement::Requeue,
    };
    Settle {
        reservation: reservation.clone(),
        settlement,
        trail: Trail::default().encode(),
        counted: None,
        then: Vec::new(),
    }
}
