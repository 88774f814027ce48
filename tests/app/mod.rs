//! The library's app: connections by name, sync and null, sealed stores, callbacks end to end.

mod callbacks;
mod connections;
mod gathering;
mod sealed;
mod webhooks;

use journeyman::app::App;
use journeyman::config::{Config, Sources};
use journeyman::job::{Callback, Dispatch, JobId, JobSpec, QueueName, RawJson};
use journeyman::queue::{Found, JobRecord, QueueManager, State};

use crate::support::eventually;

/// The settings of a process whose environment is this and nothing else.
fn config(environment: &[(&str, &str)]) -> Config {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment = environment.iter().map(pair).collect();
    Config::load(&Sources { environment, ..Sources::default() }).unwrap().config
}

pub async fn app(environment: &[(&str, &str)]) -> App {
    App::start(config(environment)).await.unwrap()
}

/// An example job, as a caller that knows only its name would send it.
pub fn job(task_type: &str, data: &str) -> Dispatch {
    let data = RawJson::parse(data.to_owned()).unwrap();
    let job = journeyman::queue::decode_payload(task_type, &data).unwrap();
    Dispatch::from(JobSpec::with_data(job.as_ref(), task_type.to_owned(), data).unwrap())
}

fn callback(name: &str) -> Callback {
    Callback::Job(name.to_owned())
}

pub async fn record(manager: &QueueManager, id: JobId) -> JobRecord {
    match manager.store().find(id).await.unwrap() {
        Found::Here(record) => *record,
        other => panic!("{id}: {other:?}"),
    }
}

async fn until(manager: &QueueManager, id: JobId, state: State) -> JobRecord {
    eventually(&format!("job {id} {state}"), async || record(manager, id).await.state == state).await;
    record(manager, id).await
}

fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}
