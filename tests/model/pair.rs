//! The model and the store under test, which get the same calls and must give the same answers.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::{Clock, ManualClock, Timestamp};
use journeyman::drivers::memory::MemoryStore;
use journeyman::queue::{Store, StoreError};

/// What was found wrong, in words.
pub type Wrong = String;

/// Longest that one call may take on a machine that does much else.
const CALL: Duration = Duration::from_secs(60);

pub struct Pair {
    pub model: Arc<dyn Store>,
    pub real: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
}

/// What the model said, and what the store.
#[derive(Debug, Clone)]
pub struct Both<T> {
    pub model: T,
    pub real: T,
}

impl Pair {
    /// The clock is the store's.
    pub fn new(real: Arc<dyn Store>, clock: Arc<ManualClock>) -> Self {
        let shared: Arc<dyn Clock> = clock.clone();
        Self { model: Arc::new(MemoryStore::new(shared)), real, clock }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls both, each with arguments of its own.
    pub async fn each<A, T>(
        &self,
        arguments: Both<A>,
        call: impl AsyncFn(&dyn Store, &A) -> Result<T, StoreError>,
    ) -> Result<Both<T>, Wrong> {
        let model = call(&*self.model, &arguments.model).await.map_err(|error| format!("the model: {error}"))?;
        let real = tokio::time::timeout(CALL, call(&*self.real, &arguments.real)).await;
        let real = real.map_err(|_| "the store does not answer".to_owned())?;
        Ok(Both { model, real: real.map_err(|error| format!("the store: {error}"))? })
    }

    pub async fn both<T>(&self, call: impl AsyncFn(&dyn Store) -> Result<T, StoreError>) -> Result<Both<T>, Wrong> {
        self.each(Both { model: (), real: () }, async |store, ()| call(store).await).await
    }

    /// Calls both; their answers must be equal.
    pub async fn same<T: PartialEq + Debug>(
        &self,
        call: impl AsyncFn(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, Wrong> {
        self.both(call).await?.equal("the answer")
    }
}

impl<T> Both<T> {
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Both<U> {
        Both { model: change(self.model), real: change(self.real) }
    }
}

impl<T: PartialEq + Debug> Both<Vec<T>> {
    /// Of two lists that differ only the first difference is told.
    pub fn equal_lists(self, what: &str) -> Result<Vec<T>, Wrong> {
        let Self { model, real } = &self;
        let differs = |place: &usize| model.get(*place) != real.get(*place);
        let Some(place) = (0..model.len().max(real.len())).find(differs) else { return Ok(self.real) };
        let differing = Both { model: model.get(place), real: real.get(place) };
        differing.equal(&format!("place {place} of {what}")).map(|_| Vec::new())
    }
}

impl<T: PartialEq + Debug> Both<T> {
    pub fn equal(self, what: &str) -> Result<T, Wrong> {
        let Self { model, real } = self;
        if model == real {
            Ok(real)
        } else {
            Err(format!("{what}\n  of the model: {model:?}\n  of the store: {real:?}"))
        }
    }
}
