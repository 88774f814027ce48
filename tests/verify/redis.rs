//! A Redis, spoilt with Lua, in which each job's id goes by the name of the job, `queue` is the key of the pending jobs of
//! normal priority, and `prefix` that of all keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use journeyman::clock::ManualClock;
use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
use journeyman::job::JobId;
use journeyman::queue::{Flaw, Store};

use super::{Case, Jobs, Place, case, prove, queue};
use crate::redis::server::Server;

struct Prefix<'s> {
    server: &'s Server,
    prefix: String,
    extra: JobId,
}

impl<'s> Prefix<'s> {
    fn of(server: &'s Server) -> Self {
        static USED: AtomicU64 = AtomicU64::new(0);
        // What a pattern or a hash tag could mistake for its own.
        let prefix = format!("{{t[{}]*}}:", USED.fetch_add(1, Ordering::Relaxed));
        let prefix = prefix.replace(['{', '}'], "");
        Self { server, prefix, extra: JobId::generate(&queue()) }
    }

    fn run(&self, words: &str) -> String {
        let answer = self.server.ask(&["EVAL", words, "0"]);
        assert!(!answer.starts_with('-'), "{words}: {answer}");
        answer
    }
}

#[async_trait]
impl Place for Prefix<'_> {
    async fn open(&self, clock: Arc<ManualClock>) -> Arc<dyn Store> {
        let options = RedisOptions {
            url: self.server.url(),
            key_prefix: self.prefix.clone(),
            command_timeout: std::time::Duration::from_secs(20),
            max_connection_retries: 3,
            allow_eviction: false,
        };
        Arc::new(RedisStore::connect(options, StoreTime::Manual(clock)).await.unwrap())
    }

    async fn spoil(&self, words: &str, jobs: &Jobs) {
        let prefix = &self.prefix;
        let mut lua = format!("local prefix, queue, call = '{prefix}', '{prefix}queue:{{default}}', redis.call\n");
        lua.push_str(
            "local function id(hex) return (hex:gsub('..', function(h) return string.char(tonumber(h, 16)) end)) end\n",
        );
        for (name, id) in jobs.iter().chain([(&"extra", &self.extra)]) {
            lua.push_str(&format!("local {name} = id('{}')\n", id.as_uuid().simple()));
        }
        self.run(&format!("{lua}{words}"));
    }

    async fn dump(&self) -> String {
        let keys = format!("local keys, all = redis.call('KEYS', '*'), {{}} table.sort(keys)
            for _, key in ipairs(keys) do
              if key:sub(1, {length}) == '{prefix}' then all[#all + 1] = key .. redis.sha1hex(redis.call('DUMP', key)) end
            end
            return all", length = self.prefix.len(), prefix = self.prefix);
        self.run(&keys)
    }
}

const CASES: &[Case] = &[
    case(Flaw::JobNowhere, "call('LREM', queue, 0, normal)"),
    case(Flaw::JobNowhere, "call('ZREM', queue .. ':delayed', '2' .. delayed)"),
    case(Flaw::JobNowhere, "call('LREM', queue .. ':reserved:dead', 0, held)"),
    case(Flaw::JobNowhere, "call('DEL', queue .. ':reserved:dead', queue .. ':leases')"),
    case(Flaw::JobNowhere, "call('LREM', queue .. ':completed', 0, completed)"),
    case(Flaw::JobNowhere, "call('HSET', queue .. ':marks', normal, 1, '2', 1)"),
    case(Flaw::JobNowhere, "call('LREM', queue, 0, normal) call('LPUSH', queue .. ':quarantine', normal)"),
    case(Flaw::JobTwice, "call('LPUSH', queue, normal)"),
    case(Flaw::JobTwice, "call('ZADD', queue .. ':delayed', 5, '2' .. normal)"),
    case(Flaw::JobTwice, "call('RPUSH', queue, held)"),
    case(Flaw::JobTwice, "call('LPUSH', queue, completed)"),
    case(Flaw::JobTwice, "call('LPUSH', queue .. ':completed', completed)"),
    case(
        Flaw::JobTwice,
        "call('LPUSH', queue .. ':reserved:other', held) call('ZADD', queue .. ':leases', 5, 'other')",
    ),
    case(Flaw::WrongPlace, "call('LREM', queue .. ':high', 0, high) call('LPUSH', queue, high)"),
    case(
        Flaw::WrongPlace,
        "call('LREM', queue .. ':completed', 0, completed) call('LPUSH', prefix .. 'queue:failed:{default}', completed)",
    ),
    case(
        Flaw::WrongPlace,
        "call('LREM', queue .. ':reserved:dead', 0, held) call('LPUSH', queue .. ':reserved:other', held)
            call('ZADD', queue .. ':leases', 5, 'other')",
    ),
    case(
        Flaw::WrongPlace,
        "call('ZREM', queue .. ':delayed', '2' .. delayed) call('ZADD', queue .. ':delayed', 5, '1' .. delayed)",
    ),
    case(Flaw::WrongTime, "call('ZADD', queue .. ':delayed', 5, '2' .. delayed)"),
    case(Flaw::WrongCopy, "call('HSET', queue .. ':marks', normal, 3, '2', 3)"),
    case(Flaw::Unreadable, "call('HSET', queue .. ':jobs', normal, 'odd')").by_hand().losing(&["normal"]),
    case(Flaw::Unreadable, "call('HSET', queue .. ':state', held, 'r2odd')").by_hand().losing(&["held"]),
    case(Flaw::Unreadable, "call('HSET', queue .. ':outbox', 'odd', 'odd')").by_hand(),
    case(Flaw::Unreadable, "call('DEL', queue .. ':low') call('SET', queue .. ':low', 'by hand')").blocked(),
    case(Flaw::EntryWithoutJob, "call('LPUSH', queue, 'ghost-ghost-ghos')").by_hand(),
    case(Flaw::EntryWithoutJob, "call('LPUSH', queue, 'short')").by_hand(),
    case(Flaw::EntryWithoutJob, "call('LPUSH', queue .. ':reserved:dead', 'ghost-ghost-ghos')").by_hand(),
    case(Flaw::EntryWithoutJob, "call('ZADD', queue .. ':delayed', 5, '2ghost-ghost-ghos')").by_hand(),
    case(Flaw::EntryWithoutJob, "call('HDEL', queue .. ':jobs', normal)").by_hand().losing(&["normal"]),
    case(
        Flaw::TrailWithoutJob,
        "call('HDEL', queue .. ':jobs', completed) call('LREM', queue .. ':completed', 0, completed)",
    ),
    case(Flaw::Quarantined, "call('LPUSH', queue .. ':quarantine', normal)"),
    case(Flaw::Quarantined, "call('LPUSH', queue .. ':quarantine', 'ghost-ghost-ghos')").by_hand(),
    case(Flaw::NoLease, "call('DEL', queue .. ':leases')"),
    case(Flaw::KeyWithoutOwner, "call('HSET', queue .. ':unique', 'k2', completed)"),
    case(Flaw::KeyWithoutOwner, "call('HSET', queue .. ':unique', 'k3', 'ghost-ghost-ghos')"),
    case(Flaw::KeyNotHeld, "call('DEL', queue .. ':unique')"),
    case(Flaw::KeyNotHeld, "call('HSET', queue .. ':unique', 'the-key', normal)"),
    case(Flaw::QueueUnlisted, "call('SREM', prefix .. 'queues', 'default')"),
    case(Flaw::PauseUnlisted, "call('HSET', queue .. ':marks', 'paused', 1)"),
    case(Flaw::WrongCount, "call('HSET', queue .. ':stats', 'system_errors', 7)"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_each_spoilt_structure_of_redis_is_found_and_put_right() {
    let server = Server::start(&[]);
    for case in CASES {
        prove(&Prefix::of(&server), *case).await;
    }
}
