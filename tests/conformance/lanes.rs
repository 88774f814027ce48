//! How a case is run: on the store as it is, or on one of whose calls some fail.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman::clock::ManualClock;
use journeyman::queue::Store;
use journeyman::testing::{FaultyStore, Odds};

use super::harness::Harness;
use super::insisting::Insisting;
use super::stores::Backend;

/// A driver that hangs fails.
const LONGEST: Duration = Duration::from_secs(60);
/// Share of the calls that fail.
const SHARE: f64 = 0.05;
/// Courses of events tried until one has a fault in it. The shortest cases make three calls.
const COURSES: u64 = 200;

pub type Running<'h> = Pin<Box<dyn Future<Output = ()> + 'h>>;
type Case = for<'h> fn(&'h Harness) -> Running<'h>;
type Open = fn(Arc<ManualClock>) -> Box<dyn Backend>;

pub async fn plainly(_: &str, open: Open, case: Case) {
    run(Harness::on(open).await, case).await;
}

/// The same store with faults. A case has passed once it has passed with at least one: without any, it has shown nothing
/// that it does not show on the plain lane.
pub async fn under_faults(name: &str, open: Open, case: Case) {
    for course in 0..COURSES {
        let odds = Arc::new(Odds::new(SHARE, seed(name, course)));
        let unreliable =
            |clock| -> Box<dyn Backend> { Box::new(Unreliable { inner: open(clock), odds: odds.clone() }) };
        run(Harness::on(unreliable).await, case).await;
        if odds.faults() > 0 {
            return;
        }
    }
    panic!("{COURSES} runs of {name} met no fault: the lane is broken");
}

async fn run(harness: Harness, case: Case) {
    tokio::time::timeout(LONGEST, case(&harness)).await.expect("the case ends");
    harness.check().await;
}

/// Another course of events for each case, and the same one each time.
fn seed(name: &str, course: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, course).hash(&mut hasher);
    hasher.finish()
}

/// A backend each of whose handles fails now and then, and whose callers insist.
#[derive(Debug)]
struct Unreliable {
    inner: Box<dyn Backend>,
    odds: Arc<Odds>,
}

#[async_trait]
impl Backend for Unreliable {
    async fn open(&self) -> Arc<dyn Store> {
        let faulty = FaultyStore::by_chance(self.inner.open().await, self.odds.clone());
        Arc::new(Insisting::new(faulty))
    }
}
