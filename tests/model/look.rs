//! All that can be seen of a store, compared with what is seen of the model.

use std::fmt::Debug;

use journeyman::clock::Timestamp;
use journeyman::job::{JobId, QueueName};
use journeyman::queue::{Found, JobRecord, Listing, Page, State, Store};

use super::pair::{Both, Wrong};
use super::world::World;

/// Every list, page by page, every number, and what there is beside.
pub async fn at_all(world: &World, page: usize) -> Result<(), Wrong> {
    world.pair.same(async |store| store.queues().await).await.map_err(|wrong| format!("queues: {wrong}"))?;
    world.pair.same(async |store| store.control().await).await.map_err(|wrong| format!("control: {wrong}"))?;
    world.pair.same(async |store| store.time().await).await?;
    world.pair.same(async |store| store.stats(&world.queues).await).await.map_err(|wrong| format!("stats: {wrong}"))?;
    for queue in &world.queues {
        for state in State::ALL {
            let model = listed(&*world.pair.model, queue, state, page).await?.0;
            let (real, pages) = listed(&*world.pair.real, queue, state, page).await?;
            if pages > model.len() / page + 1 {
                return Err(format!("{queue}: {} {state} jobs come in {pages} pages of {page}", model.len()));
            }
            let listed = Both { model, real };
            in_order(world, listed, state).map_err(|wrong| format!("{state} jobs of {queue}: {wrong}"))?;
        }
    }
    Ok(())
}

/// Every job by its id.
pub async fn for_each(world: &World) -> Result<(), Wrong> {
    for job in &world.jobs {
        let id = job.id();
        let found = world.pair.both(async |store| store.find(id).await).await?;
        // Free: whether a job that a person removed is known to have been there. A pruned one is, unless its id is the
        // caller's, which says nothing of its queue and time.
        let told = found.map(|found| match found {
            Found::Here(record) => (Some(record), false),
            Found::Expired | Found::Nothing if job.is_named => (None, false),
            found => (None, world.pruned.contains(&id) && found == Found::Expired),
        });
        told.equal(&format!("{id}"))?;
    }
    Ok(())
}

/// The jobs that the model has, each with its queue and state.
pub async fn here(world: &World) -> Result<Vec<(JobId, QueueName, State)>, Wrong> {
    let mut here = Vec::new();
    for job in &world.jobs {
        if let Found::Here(record) = world.pair.model.find(job.id()).await.map_err(|error| error.to_string())? {
            here.push((record.id, record.queue, record.state));
        }
    }
    Ok(here)
}

/// All jobs of a queue in a state, and in how many pages they came.
pub async fn listed(
    store: &dyn Store,
    queue: &QueueName,
    state: State,
    max: usize,
) -> Result<(Vec<JobRecord>, usize), Wrong> {
    let (mut jobs, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let listing = Listing { queue: queue.clone(), state, after, max };
        let Page { jobs: of_page, next } = store.list(&listing).await.map_err(|error| error.to_string())?;
        pages += 1;
        if of_page.len() > max || pages > 1000 {
            return Err(format!("{state} jobs of {queue}: page {pages} has {} jobs of at most {max}", of_page.len()));
        }
        jobs.extend(of_page);
        if next.is_none() {
            return Ok((jobs, pages));
        }
        after = next;
    }
}

/// Free: the order of jobs that were taken, or ended, in one moment. In all else the lists are the same.
fn in_order(world: &World, listed: Both<Vec<JobRecord>>, state: State) -> Result<(), Wrong> {
    let moment = |job: &JobRecord| match state {
        State::Reserved => world.moments.reserved[&job.id].as_micros(),
        State::Completed | State::Failed | State::Cancelled => -world.moments.ended[&job.id].as_micros(),
        State::Pending | State::Delayed => 0,
    };
    if state == State::Pending || state == State::Delayed {
        return listed.equal_lists("the list").map(|_| ());
    }
    if !listed.real.is_sorted_by_key(moment) {
        return Err(format!("out of order: {}", brief(&listed.real, |job| Timestamp::from_micros(moment(job).abs()))));
    }
    let sorted = listed.map(|mut jobs| {
        jobs.sort_by_key(|job| (moment(job), job.id));
        jobs
    });
    sorted.equal_lists("the list").map(|_| ())
}

fn brief<T: Debug>(jobs: &[JobRecord], of: impl Fn(&JobRecord) -> T) -> String {
    jobs.iter().map(|job| format!("\n  {} {:?}", job.id, of(job))).collect()
}
