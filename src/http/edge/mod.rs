//! What stands before every handler: who asks, whether they may, and how much at once.
//!
//! [`admit`] goes around the whole router: it looks at the address, the key and the rate. [`needs`] goes around one
//! route and says in one word what a key must be good for; whatever it is not around is open. What an operator is let do
//! there is put on record.

mod access;
mod admit;
mod asker;
mod depth;
mod guard;
mod origin;
mod rate;
mod record;

use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use access::Access;
pub(super) use access::KEY_COOKIE;
pub(super) use admit::admit;
pub(super) use asker::Asker;
pub(super) use depth::Room;
pub(super) use guard::{SECURITY, needs, needs_key, needs_unless, open};
pub(super) use record::Deed;

use super::error::Problem;
use crate::clock::Timestamp;
use depth::DepthGate;
use rate::RateGate;

/// What is asked of requests, and what all of them together may take.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    pub access: Access,
    /// Requests a second for each key, or for each address without one.
    pub rate: Option<NonZeroU32>,
    /// Whether the last address in X-Forwarded-For is the client's: only behind a proxy that writes it.
    pub trust_forwarded: bool,
    /// Jobs of one queue that have not ended, from which on no more are taken.
    pub max_queue_depth: Option<u64>,
    /// Requests worked on at once; further ones are refused at once.
    pub max_in_flight: usize,
    /// Whether the metrics need no key.
    pub metrics_open: bool,
}

impl Default for EdgeOptions {
    /// Open to whoever reaches the router, 512 at once: for a program that guards it by itself.
    fn default() -> Self {
        Self {
            access: Access::Open,
            rate: None,
            trust_forwarded: false,
            max_queue_depth: None,
            max_in_flight: 512,
            metrics_open: false,
        }
    }
}

/// The guard of one router. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Edge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: Access,
    rate: Option<RateGate>,
    depth: Option<DepthGate>,
    in_flight: Arc<Semaphore>,
    trust_forwarded: bool,
    metrics_open: bool,
}

impl Edge {
    pub fn new(options: EdgeOptions) -> Self {
        Self(Arc::new(Inner {
            access: options.access,
            rate: options.rate.map(RateGate::new),
            depth: options.max_queue_depth.map(DepthGate::new),
            in_flight: Arc::new(Semaphore::new(options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS))),
            trust_forwarded: options.trust_forwarded,
            metrics_open: options.metrics_open,
        }))
    }

    /// Whether callers need keys.
    pub(super) fn has_keys(&self) -> bool {
        matches!(self.0.access, Access::Keys(_))
    }

    /// Whether this would be let in as a key.
    pub(super) fn recognise(&self, presented: &str, now: Timestamp) -> Result<(), Problem> {
        self.0.access.recognise(presented, now)
    }

    pub(super) fn metrics_open(&self) -> bool {
        self.0.metrics_open
    }
}

impl Default for Edge {
    fn default() -> Self {
        Self::new(EdgeOptions::default())
    }
}
