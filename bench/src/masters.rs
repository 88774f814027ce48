//! Three masters of a Redis cluster, each with a third of the slots.

use std::time::Duration;

use anyhow::{Context, ensure};
use journeyman::clock::Stopwatch;
use journeyman_job::QueueName;

use crate::redis::{self, RedisServer};

const SLOTS: u64 = 16_384;
const COUNT: u64 = 3;
/// The nodes must know each other by then.
const FORMED: Duration = Duration::from_secs(20);

/// A cluster of our own. It ends with this value.
#[derive(Debug)]
pub struct Masters {
    nodes: Vec<RedisServer>,
}

impl Masters {
    pub async fn start() -> anyhow::Result<Self> {
        let (mut nodes, mut buses) = (Vec::new(), Vec::new());
        for _ in 0..COUNT {
            let bus = redis::free_port()?.to_string();
            nodes.push(RedisServer::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus]).await?);
            buses.push(bus);
        }
        for (place, node) in (0..).zip(&nodes) {
            node.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", place + 1))?;
            node.ask(&format!("CLUSTER ADDSLOTSRANGE {} {}", first(place), first(place + 1) - 1))?;
            for (other, bus) in nodes.iter().zip(&buses) {
                node.ask(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port()))?;
            }
        }
        let clock = Stopwatch::start();
        while !nodes.iter().map(knows_all).collect::<anyhow::Result<Vec<_>>>()?.iter().all(|&knows| knows) {
            ensure!(clock.elapsed() < FORMED, "the cluster is not formed within {} s", FORMED.as_secs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { nodes })
    }

    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    pub fn url(&self) -> String {
        self.nodes[0].url().replace("redis://", "redis-cluster://")
    }

    /// One queue on each master.
    pub fn queues(&self) -> anyhow::Result<Vec<QueueName>> {
        (0..COUNT).map(|place| self.queue_on(place)).collect()
    }

    fn queue_on(&self, place: u64) -> anyhow::Result<QueueName> {
        for number in 0..1000 {
            let name = format!("queue-{number}");
            // A queue's keys have its name for their hash tag.
            let slot: u64 = self.nodes[0].ask(&format!("CLUSTER KEYSLOT {{{name}}}"))?.parse()?;
            if place_of(slot) == place {
                return Ok(QueueName::new(&name)?);
            }
        }
        None.context("no queue falls on one of the masters")
    }
}

/// The first slot of a master.
fn first(place: u64) -> u64 {
    SLOTS * place / COUNT
}

fn place_of(slot: u64) -> u64 {
    (0..COUNT).filter(|&place| first(place) <= slot).max().unwrap_or_default()
}

fn knows_all(node: &RedisServer) -> anyhow::Result<bool> {
    let info = node.ask("CLUSTER INFO")?;
    Ok(info.contains("cluster_state:ok") && info.contains(&format!("cluster_known_nodes:{COUNT}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_one_masters() {
        assert_eq!((first(0), first(COUNT)), (0, SLOTS));
        for (slot, place) in [(0, 0), (5460, 0), (5461, 1), (10_921, 1), (10_922, 2), (16_383, 2)] {
            assert_eq!(place_of(slot), place, "{slot}");
        }
    }

    #[tokio::test]
    async fn each_queue_is_on_another_master() {
        let masters = Masters::start().await.unwrap();
        let queues = masters.queues().unwrap();
        let slots = queues.iter().map(|queue| masters.nodes[1].ask(&format!("CLUSTER KEYSLOT {{{queue}}}")).unwrap());
        let places: Vec<u64> = slots.map(|slot| place_of(slot.parse().unwrap())).collect();
        assert_eq!(places, [0, 1, 2]);
    }
}
