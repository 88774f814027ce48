//! How often one client may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Clients are looked through for idle ones after so many requests.
const SWEEP_AFTER: usize = 1024;

/// Whom a request counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// The key of this name, wherever it is used.
    Key(String),
    /// Who has no key counts by address; of IPv6 by network, as every host has 2⁶⁴ addresses there.
    Address(Option<IpAddr>),
}

impl Client {
    pub(super) fn at(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            v4 => v4,
        }))
    }
}

/// So many requests a second for each client, and at most one second's worth at once. An idle client costs nothing: it
/// is forgotten once its allowance is whole again, which takes a second at the most.
#[derive(Debug)]
pub(super) struct RateGate<C: Clock = DefaultClock> {
    limiter: RateLimiter<Client, DashMapStateStore<Client>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    since_sweep: AtomicUsize,
}

impl RateGate {
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        Self::with_clock(per_second, DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateGate<C> {
    fn with_clock(per_second: NonZeroU32, clock: C) -> Self {
        let limiter = RateLimiter::dashmap_with_clock(Quota::per_second(per_second), clock.clone());
        Self { limiter, clock, since_sweep: AtomicUsize::new(0) }
    }

    /// Counts a request, or tells how long to wait.
    pub(super) fn check(&self, client: &Client) -> Result<(), Duration> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_AFTER == SWEEP_AFTER - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(client).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn gate(per_second: u32) -> (RateGate<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateGate::with_clock(NonZeroU32::new(per_second).unwrap(), clock.clone()), clock)
    }

    fn client(name: &str) -> Client {
        Client::Key(name.to_owned())
    }

    #[test]
    fn r43_a_client_past_its_rate_is_told_how_long_to_wait() {
        let (gate, clock) = gate(10);
        let (one, other) = (client("one"), client("other"));
        assert!((0..10).all(|_| gate.check(&one).is_ok()));
        assert_eq!(gate.check(&one), Err(Duration::from_millis(100)));
        assert_eq!(gate.check(&other), Ok(()), "everybody has an allowance of their own");
        clock.advance(Duration::from_millis(100));
        assert_eq!(gate.check(&one), Ok(()));
        assert!(gate.check(&one).is_err());
    }

    #[test]
    fn r43_idle_clients_are_forgotten() {
        let (gate, clock) = gate(10);
        for round in 0..20_u32 {
            for at in 0..1024_u32 {
                gate.check(&Client::at(Some(IpAddr::from((round * 1024 + at).to_be_bytes())))).unwrap();
            }
            clock.advance(Duration::from_secs(1));
        }
        assert!(gate.limiter.len() <= 2 * 1024, "{}", gate.limiter.len());
    }

    #[test]
    fn r43_a_host_with_many_addresses_of_one_network_is_one_client() {
        let at = |text: &str| Client::at(Some(text.parse().unwrap()));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    }
}
