//! A running worker whose wire breaks and heals: no job is lost, none runs twice, and nobody hangs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use journeyman::clock::Stopwatch;

use super::site::{Ground, Site, push};
use super::store::Kind;
use crate::support::proxy::{Ending, Fault, Moment, Weather};

/// What a busy machine may add to what is promised.
const SLACK: Duration = Duration::from_secs(25);
/// How long a wire stays broken.
const OUTAGE: Duration = Duration::from_secs(2);

const STORES: [Kind; 3] = [Kind::Redis, Kind::MariaDb, Kind::Postgres];

/// What happens to the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// All connections end, and no new one is taken.
    Cut(Ending),
    /// All connections are half-open; new ones are fine.
    HalfOpen,
    /// Nothing comes through, to the one side or to both, and then all of it.
    Hole { requests: bool, replies: bool },
    /// All connections are half-open, and nothing comes through on new ones.
    Unplugged,
    /// One call is cut.
    Call(Fault),
}

impl Break {
    const ALL: [Self; 9] = [
        Self::Cut(Ending::Closed),
        Self::Cut(Ending::Reset),
        Self::HalfOpen,
        Self::Hole { requests: true, replies: true },
        Self::Hole { requests: true, replies: false },
        Self::Hole { requests: false, replies: true },
        Self::Unplugged,
        Self::Call(Fault { moment: Moment::Within, ending: Ending::Closed }),
        Self::Call(Fault { moment: Moment::After, ending: Ending::Silent }),
    ];

    async fn happen(self, site: &Site) {
        let proxy = &site.proxy;
        match self {
            Self::Cut(ending) => {
                proxy.set(Weather { refuses: true, ..Weather::default() });
                proxy.end_all(ending);
            }
            Self::HalfOpen => return proxy.end_all(Ending::Silent),
            Self::Hole { requests, replies } => {
                proxy.set(Weather { holds_requests: requests, holds_replies: replies, ..Weather::default() });
            }
            Self::Unplugged => {
                proxy.end_all(Ending::Silent);
                proxy.set(Weather { holds_requests: true, holds_replies: true, ..Weather::default() });
            }
            Self::Call(fault) => {
                proxy.strike(|said| said.contains("COMMIT") || said.contains("EVALSHA"), 0, fault);
                site.until("a call is cut", || proxy.has_struck_yet()).await;
                return;
            }
        }
        tokio::time::sleep(OUTAGE).await;
        proxy.heal();
    }
}

/// R35, R6: within 5 s of healing jobs run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_work_goes_on_within_seconds_of_a_wires_healing() {
    let sites = STORES.into_iter().flat_map(|kind| Break::ALL.map(|what| (kind, what)));
    let outcomes = join_all(sites.map(|(kind, what)| async move {
        let ground = Ground::of(kind).await;
        let settings = &[("CONNECTION_TIMEOUT", "1"), ("CIRCUIT_RECOVERY_TIMEOUT", "1")];
        let outcome = ground.play(settings, |site, what| Box::pin(breaks_and_heals(site, what)), what);
        (kind, what, outcome.await)
    }))
    .await;
    assert_eq!(outcomes.len(), STORES.len() * Break::ALL.len());
    for (kind, what, (back, _)) in &outcomes {
        told(format_args!("{kind:?}, {what:?}: back after {back:.2?}"));
    }
    for (kind, what, (back, pushed)) in outcomes {
        assert!(back < Duration::from_secs(5) + SLACK, "{kind:?}, {what:?}: back after {back:?}");
        assert!(pushed >= 20, "{kind:?}, {what:?}: only {pushed} jobs");
    }
}

/// How long it took after healing until a job ran that was pushed then, and how many were pushed in all.
async fn breaks_and_heals(site: &Site, what: Break) -> (Duration, u64) {
    // The proxied way too is pushed through all the time, by somebody who insists.
    let is_over = Arc::new(AtomicBool::new(false));
    let pushing = {
        let (manager, is_over) = (site.app.manager.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) || number < 20 {
                while push(&manager, number).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                number += 1;
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            number
        })
    };
    site.begun(3).await;
    what.happen(site).await;
    let clock = Stopwatch::start();
    site.push([1_000_000]).await;
    site.begun(1_000_000).await;
    let back = clock.elapsed();
    is_over.store(true, Ordering::Relaxed);
    (back, pushing.await.unwrap() + 1)
}

/// R35, R24: with the usual patience, half-open connections cost 10 s: by then the work goes on or the store is told to be
/// away. Then every slot works again, and wake-ups come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_half_open_connections_are_noticed_within_ten_seconds() {
    let outcomes = join_all(STORES.map(|kind| async move {
        let ground = Ground::of(kind).await;
        let settings = &[("CIRCUIT_RECOVERY_TIMEOUT", "3"), ("JOURNEYMAN_WORKER_SLEEP", "60")];
        (kind, ground.play(settings, |site, ()| Box::pin(goes_half_open(site)), ()).await)
    }))
    .await;
    for (kind, (noticed, woken)) in outcomes {
        told(format_args!("{kind:?}: noticed after {noticed:.2?}; woken after {woken:.2?}"));
        assert!(noticed < Duration::from_secs(10) + SLACK, "{kind:?}: noticed after {noticed:?}");
        assert!(woken < Duration::from_secs(10) + SLACK, "{kind:?}: a wake-up took {woken:?}");
    }
}

async fn goes_half_open(site: &Site) -> (Duration, Duration) {
    site.push(0..5).await;
    site.begun(4).await;
    let clock = Stopwatch::start();
    site.proxy.end_all(Ending::Silent);
    site.push(5..25).await;
    let store = site.app.connected.store.clone();
    while store.ping().await.is_ok() && !site.ledger.order().contains(&5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let noticed = clock.elapsed();
    // As many as slots, several times over.
    for number in 5..25 {
        site.begun(number).await;
    }
    // Every connection has been found out by now, also that which only listens: only a hint can be so quick.
    site.push([25]).await;
    (noticed, site.begun(25).await)
}

/// R35: a slow wire costs time and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_a_slow_wire_costs_time_and_nothing_else() {
    let late = |latency: u64| Weather {
        latency: Duration::from_millis(latency / 2),
        jitter: Duration::from_millis(latency / 4),
        ..Weather::default()
    };
    let narrow = Weather { rate: Some(10_000), ..Weather::default() };
    // One after the other takes a second for each statement of each.
    let weathers = [(late(100), 10), (late(1000), 2), (narrow, 10)];
    let sites = STORES.into_iter().flat_map(|kind| weathers.map(|(weather, jobs)| (kind, weather, jobs)));
    let orders = join_all(sites.map(|(kind, weather, jobs)| async move {
        let ground = Ground::of(kind).await;
        let settings = &[("CONNECTION_TIMEOUT", "60"), ("JOURNEYMAN_WORKER_LEASE", "10"), ("WORKER_COUNT", "1")];
        let order =
            ground.play(settings, |site, (weather, jobs)| Box::pin(is_slow(site, weather, jobs)), (weather, jobs));
        (kind, weather, jobs, order.await)
    }))
    .await;
    assert_eq!(orders.len(), 9);
    for (kind, weather, jobs, order) in orders {
        assert_eq!(order, (0..jobs).collect::<Vec<_>>(), "{kind:?}, {weather:?}");
    }
}

/// The numbers of the jobs in the order in which they ran.
async fn is_slow(site: &Site, weather: Weather, jobs: u64) -> Vec<u64> {
    site.proxy.set(weather);
    site.push(0..jobs).await;
    site.begun(jobs - 1).await;
    let order = site.ledger.order();
    // Calls under way end in their time, too.
    site.proxy.heal();
    order
}

#[expect(clippy::print_stdout, reason = "the harness shows it beside the outcome")]
fn told(line: fmt::Arguments<'_>) {
    println!("{line}");
}
