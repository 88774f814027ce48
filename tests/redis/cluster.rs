//! A cluster whose slots move while it is worked with.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::support::until;

const LAST_SLOT: u16 = 16_383;

/// Three masters, each with a third of the slots.
pub struct Cluster {
    pub nodes: Vec<Server>,
    ids: Vec<String>,
    buses: Vec<String>,
}

impl Cluster {
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with these settings too, and with a replica behind each master: that of the first is the fourth node
    pub fn with_replicas(settings: &[&str]) -> Self {
        let mut cluster = Self::start_with(settings);
        for place in 0..3 {
            let replica = node(&free_port(), settings);
            let master = cluster.nodes[place].port().to_string();
            let bus = cluster.buses[place].clone();
            replica.ask(&["CLUSTER", "MEET", "127.0.0.1", &master, &bus]);
            let follow =
                || replica.ask(&["CLUSTER", "REPLICATE", &cluster.ids[place]]).starts_with("+OK").then_some(());
            until("the replica knows its master", Duration::from_secs(20), follow);
            replica.has_caught_up_with(&cluster.nodes[place]);
            cluster.nodes.push(replica);
        }
        cluster
    }

    fn start_with(settings: &[&str]) -> Self {
        let buses: Vec<String> = (0..3).map(|_| free_port()).collect();
        let nodes: Vec<Server> = buses.iter().map(|bus| node(bus, settings)).collect();
        for (place, node) in nodes.iter().enumerate() {
            let third = |number: usize| usize::from(LAST_SLOT + 1) * number / 3;
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()]);
            let (first, last) = (third(place).to_string(), (third(place + 1) - 1).to_string());
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            for (other, bus) in nodes.iter().zip(&buses) {
                node.ask(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string(), bus]);
            }
        }
        let is_ok = |node: &Server| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
        let is_known = |node: &Server| node.ask(&["CLUSTER", "INFO"]).contains("cluster_known_nodes:3");
        let is_whole = || nodes.iter().all(|node| is_ok(node) && is_known(node)).then_some(());
        until("the cluster is formed", Duration::from_secs(20), is_whole);
        let ids = nodes.iter().map(|node| words(&node.ask(&["CLUSTER", "MYID"])).remove(0)).collect();
        Self { nodes, ids, buses }
    }

    pub fn url(&self) -> String {
        let others = self.nodes[1..].iter().map(|node| format!("node=127.0.0.1:{}", node.port()));
        let others = others.collect::<Vec<_>>().join("&");
        format!("{}?{others}", self.nodes[0].url().replace("redis://", "redis-cluster://"))
    }

    /// The master that has a queue, at the start.
    pub fn home_of(&self, queue: &str) -> usize {
        let slot = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", &format!("{{{queue}}}")]);
        self.place_of(slot.lines().next().unwrap().trim_start_matches(':').parse().unwrap())
    }

    /// Where a slot is.
    fn place_of(&self, slot: u16) -> usize {
        (0..3).find(|&place| usize::from(slot) < usize::from(LAST_SLOT + 1) * (place + 1) / 3).unwrap()
    }

    /// Moves the slot of a queue to the next node as `redis-cli --cluster reshard` does; `midway` runs while its keys are
    /// with the new one, but it is not yet told that they are its own.
    async fn move_slot(&self, queue: &QueueName, midway: impl AsyncFnOnce()) {
        let slot = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", &format!("{{{queue}}}")]);
        let slot = slot.lines().next().unwrap().trim_start_matches(':').to_owned();
        let from = self.place_of(slot.parse().unwrap());
        let to = (from + 1) % 3;
        self.nodes[to].ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &self.ids[from]]);
        self.nodes[from].ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &self.ids[to]]);
        let port = self.nodes[to].port().to_string();
        loop {
            let keys = words(&self.nodes[from].ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"]));
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.nodes[from].ask(&["MIGRATE", "127.0.0.1", &port, &key, "0", "2000"]);
            }
        }
        midway().await;
        for place in [to, from, (from + 2) % 3] {
            self.nodes[place].ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &self.ids[to]]);
        }
    }
}

fn node(bus: &str, settings: &[&str]) -> Server {
    Server::start(&[&["--cluster-enabled", "yes", "--cluster-port", bus], settings].concat())
}

fn free_port() -> String {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port().to_string()
}

/// The strings of an answer.
fn words(answer: &str) -> Vec<String> {
    let of_protocol = |line: &&str| !line.is_empty() && !line.starts_with(['*', '$', '+', ':', '-']);
    answer.lines().filter(of_protocol).map(str::to_owned).collect()
}

/// R35: a slot that moves costs a call some time, or an answer that says nothing was done, and no job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_a_slot_moves_under_load_and_no_job_is_lost() {
    let cluster = Cluster::start();
    let store =
        RedisStore::connect(RedisOptions { url: cluster.url(), ..options(&cluster.nodes[0]) }, StoreTime::Server);
    let store = store.await.unwrap();
    let (stored, failed, is_over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));

    let pushing = async {
        let mut ids = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let job = job();
            while let Err(error) = store.push(std::slice::from_ref(&job), Unit::Queue).await {
                assert!(!matches!(error, StoreError::Refused(_)), "{error:?}");
                failed.fetch_add(1, Ordering::Relaxed);
            }
            stored.fetch_add(1, Ordering::Relaxed);
            ids.push(job.id());
        }
        ids
    };
    let moving = async {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        eventually("jobs are stored", async || count(&stored) > 20).await;
        let midway = async || eventually("a call is turned away", async || count(&failed) > 0).await;
        cluster.move_slot(&queue(), midway).await;
        let (before, clock) = (count(&stored), Stopwatch::start());
        eventually("jobs are stored again", async || count(&stored) > before + 20).await;
        assert!(clock.elapsed() < Duration::from_secs(5), "{:?}", clock.elapsed());
        is_over.store(true, Ordering::Relaxed);
    };
    let (ids, ()) = tokio::join!(pushing, moving);

    let mut done = Vec::new();
    while done.len() < ids.len() {
        let taken = reserve(&store, 100).await.unwrap();
        assert!(!taken.is_empty(), "{} of {} jobs are there", done.len(), ids.len());
        assert!(complete(&store, &taken).await.unwrap().iter().all(|&outcome| outcome == Settled::Done));
        done.extend(taken.iter().map(|job| job.reservation.job));
    }
    assert_eq!(done, ids);
}
