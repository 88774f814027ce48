//! The jobs of a lane: each run writes down when it begins and how it ends.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use journeyman_job::prelude::*;
use uuid::Uuid;

use crate::ledger::{Event, Ledger};

/// The variable that tells where the ledger is.
pub const FOLDER: &str = "STORM_LEDGER";

/// Takes that long, fails that many attempts, then completes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracked {
    pub number: u64,
    pub failures: u32,
    pub millis: u32,
}

/// What a run says of itself when it completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub number: u64,
    pub attempt: u32,
    pub process: u32,
}

#[job(name = "tracked", max_tries = 0)]
impl Job for Tracked {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let (number, id, attempt) = (self.number, id(ctx), ctx.attempt());
        note(Event::Started { number, id, attempt })?;
        if self.millis > 0 {
            tokio::time::sleep(Duration::from_millis(self.millis.into())).await;
        }
        if attempt <= self.failures {
            note(Event::Failed { number, id, attempt })?;
            return Err(JobError::new("as it was told"));
        }
        note(Event::Ended { number, id, attempt })?;
        Outcome::with(Mark { number, attempt, process: std::process::id() })
    }
}

/// What a job's end sets off.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TrackedCallback {
    pub entity: Tracked,
}

#[job(name = "tracked_callback", queue = "storm-callbacks", max_tries = 0)]
impl Job for TrackedCallback {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        note(Event::Called { number: self.entity.number, id: id(ctx), attempt: ctx.attempt() })?;
        Ok(Outcome::done())
    }
}

fn id(ctx: &JobContext) -> Uuid {
    ctx.id().as_uuid()
}

/// A ledger that cannot be written is the end of the job: the lane then counts it as lost and says so.
fn note(event: Event) -> Result<(), JobError> {
    static LEDGER: OnceLock<Result<Ledger, String>> = OnceLock::new();
    let open = || {
        let folder = std::env::var_os(FOLDER).ok_or_else(|| format!("{FOLDER} is not set"))?;
        Ledger::open(&PathBuf::from(folder), "jobs").map_err(|error| format!("{error:#}"))
    };
    let ledger = LEDGER.get_or_init(open).as_ref().map_err(|error| JobError::fatal(error.clone()))?;
    ledger.write(event).map_err(|error| JobError::fatal(format!("the ledger cannot be written: {error}")))
}
