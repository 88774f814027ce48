//! Where the lists of a queue say that its jobs are, and where their records do.
//!
//! Nothing stands still meanwhile: what does not agree is suspect, no more. Of each id in a list about forty bytes are kept,
//! for one queue at a time.

use std::collections::{BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use fred::interfaces::ListInterface;
use fred::types::Value;
use journeyman_job::QueueName;

use super::connection::meaning;
use super::{RedisStore, scripts};
use crate::queue::{Class, StoreError, Verified, WorkerId};

/// Ids read at once.
const PAGE: i64 = 1000;
/// Records told by one call of a scan, at most and at first; in between as many as make about so many bytes.
const MOST: u64 = 200;
const FIRST: u64 = 20;
const BYTES: u64 = 256 * 1024;
/// Ids of which one call is asked.
const ASKED: usize = 250;

/// Places that an id can be in, a bit each. The first four are the pending lists.
const PENDING: u32 = 1 << 3;
const ALL_PENDING: u32 = (1 << 4) - 1;
const DELAYED: u32 = 1 << 4;
const RESERVED: u32 = 1 << 5;
const COMPLETED: u32 = 1 << 6;
const CANCELLED: u32 = 1 << 7;
const FAILED: u32 = 1 << 8;
const QUARANTINE: u32 = 1 << 9;
/// It was met twice: perhaps because the list moved meanwhile.
const TWICE: u32 = 1 << 15;
/// Above these bits the number of the worker whose list it is in.
const WORKER: u32 = 16;

/// Where ids are by the lists.
#[derive(Debug, Default)]
pub(super) struct Places {
    ids: HashMap<[u8; 16], u32>,
    /// What stands in a list and is no id.
    odd: Vec<Bytes>,
    /// Of which entries in pending lists count as cancelled: how many, and how often it stands there.
    husks: HashMap<[u8; 16], (u64, u64)>,
}

impl Places {
    fn enter(&mut self, id: &Bytes, place: u32) {
        match <[u8; 16]>::try_from(&id[..]) {
            Ok(id) => {
                if place <= PENDING
                    && let Some((_, entries)) = self.husks.get_mut(&id)
                {
                    *entries += 1;
                }
                self.ids.entry(id).and_modify(|at| *at |= place | TWICE).or_insert(place);
            }
            // Without the rest of the answer that it was in.
            Err(_) => self.odd.push(Bytes::copy_from_slice(id)),
        }
    }

    /// A scan may tell one and the same twice.
    fn enter_scanned(&mut self, id: &Bytes) {
        if <[u8; 16]>::try_from(&id[..]).is_ok_and(|id| self.ids.get(&id) == Some(&DELAYED)) {
            return;
        }
        self.enter(id, DELAYED);
    }

    /// Where an id is, husks aside, if it should be in a pending list or not.
    fn take(&mut self, id: &[u8], is_pending: bool) -> u32 {
        let Ok(id) = <[u8; 16]>::try_from(id) else { return 0 };
        let at = self.ids.remove(&id).unwrap_or_default();
        match self.husks.remove(&id) {
            None => at,
            Some((husks, entries)) if entries != husks + u64::from(is_pending) => u32::MAX,
            Some(_) if is_pending => at & !TWICE,
            Some(_) => at & !(ALL_PENDING | TWICE),
        }
    }

    /// What stands in lists and was not taken, husks aside.
    fn into_ids(mut self) -> impl Iterator<Item = Bytes> {
        let husks = std::mem::take(&mut self.husks);
        for (id, (husks, entries)) in husks {
            if husks == entries && self.ids.get(&id).is_none_or(|at| at & !(ALL_PENDING | TWICE) == 0) {
                self.ids.remove(&id);
            } else {
                self.ids.insert(id, TWICE);
            }
        }
        self.ids.into_keys().map(|id| Bytes::copy_from_slice(&id)).chain(self.odd)
    }
}

/// What is looked through of one queue.
pub(super) struct Survey<'a> {
    pub(super) store: &'a RedisStore,
    pub(super) queue: &'a QueueName,
    /// By number.
    pub(super) workers: Vec<WorkerId>,
}

/// What the records said.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) suspects: HashSet<Bytes>,
    pub(super) jobs: u64,
    pub(super) with_trail: u64,
    pub(super) system_errors: u64,
}

impl<'a> Survey<'a> {
    pub(super) fn of(store: &'a RedisStore, queue: &'a QueueName, workers: BTreeSet<WorkerId>) -> Self {
        Self { store, queue, workers: workers.into_iter().collect() }
    }

    /// Reads the lists; of some ids, if only they matter.
    pub(super) async fn places(
        &self,
        only: Option<&HashSet<Bytes>>,
        verified: &mut Verified,
    ) -> Result<Places, StoreError> {
        let (keys, queue) = (&self.store.keys, self.queue);
        let mut lists: Vec<(String, u32)> =
            keys.all_pending(queue).into_iter().zip((0..4).map(|bit| 1 << bit)).collect();
        for (number, worker) in (0..).zip(&self.workers) {
            lists.push((keys.reserved(queue, worker), RESERVED | (number << WORKER)));
        }
        lists.push((keys.completed(queue), COMPLETED));
        lists.push((keys.cancelled(queue), CANCELLED));
        lists.push((keys.failed(queue), FAILED));
        lists.push((keys.quarantine(queue), QUARANTINE));
        let mut places = Places { husks: self.husks(only).await?, ..Places::default() };
        let mut counted = Verified::default();
        // In the order of a job's life, so that one that moves on meanwhile is met again rather than missed.
        self.read_delayed(only, &mut places, &mut counted).await?;
        for (list, place) in lists {
            self.read_list(&list, place, only, &mut places, &mut counted).await?;
        }
        if only.is_none() {
            for class in [Class::Entries, Class::Reserved, Class::Failed] {
                verified.count(class, counted.checked(class));
            }
        }
        Ok(places)
    }

    /// What is marked as cancelled where it stands.
    async fn husks(&self, only: Option<&HashSet<Bytes>>) -> Result<HashMap<[u8; 16], (u64, u64)>, StoreError> {
        let (mut husks, mut cursor) = (HashMap::new(), "0".to_owned());
        loop {
            let args = vec![Value::from(cursor), Value::from(PAGE)];
            let mut reply =
                self.store.connection.run(&scripts::LEFT, vec![self.store.keys.marks(self.queue)], args).await?;
            cursor = reply.text()?;
            while !reply.is_empty() {
                let (field, count) = (reply.bytes()?, reply.bytes()?);
                let count = std::str::from_utf8(&count).ok().and_then(|count| count.parse().ok());
                // The other fields are shorter.
                if let (Ok(id), Some(count)) = (<[u8; 16]>::try_from(&field[..]), count)
                    && is_wanted(only, &field)
                {
                    husks.insert(id, (count, 0));
                }
            }
            if cursor == "0" {
                return Ok(husks);
            }
        }
    }

    async fn read_list(
        &self,
        list: &str,
        place: u32,
        only: Option<&HashSet<Bytes>>,
        places: &mut Places,
        counted: &mut Verified,
    ) -> Result<(), StoreError> {
        let client = self.store.connection.client().await?;
        let mut first = 0;
        // From the head: jobs leave at the tail, and those that come push the others on, to be met once more.
        loop {
            let range = client.lrange(list, first, first + PAGE - 1).await;
            let ids: Vec<Bytes> = range.map_err(|error| meaning(&error))?;
            counted.count(Class::Entries, ids.len() as u64);
            if place & RESERVED != 0 {
                counted.count(Class::Reserved, ids.len() as u64);
            } else if place == FAILED {
                counted.count(Class::Failed, ids.len() as u64);
            }
            let is_last = ids.len() < PAGE.cast_unsigned() as usize;
            ids.into_iter().filter(|id| is_wanted(only, id)).for_each(|id| places.enter(&id, place));
            if is_last {
                return Ok(());
            }
            first += PAGE;
        }
    }

    /// A scan rather than pages: it misses none that is there all the time.
    async fn read_delayed(
        &self,
        only: Option<&HashSet<Bytes>>,
        places: &mut Places,
        counted: &mut Verified,
    ) -> Result<(), StoreError> {
        let mut cursor = "0".to_owned();
        loop {
            let keys = vec![self.store.keys.delayed(self.queue)];
            let args = vec![Value::from(cursor), Value::from(PAGE)];
            let mut reply = self.store.connection.run(&scripts::MEMBERS, keys, args).await?;
            cursor = reply.text()?;
            let mut count = 0;
            while !reply.is_empty() {
                let member = reply.bytes()?;
                count += 1;
                // One that is none of ours is found as the id of no job.
                let id = if member.is_empty() { member } else { member.slice(1..) };
                if is_wanted(only, &id) {
                    places.enter_scanned(&id);
                }
            }
            counted.count(Class::Entries, count);
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// Compares the records of all jobs, or of some, with where the lists have them.
    pub(super) async fn compare(&self, mut places: Places, only: Option<&HashSet<Bytes>>) -> Result<Told, StoreError> {
        let mut told = Told::default();
        if let Some(only) = only {
            let ids: Vec<&Bytes> = only.iter().collect();
            for ids in ids.chunks(ASKED) {
                let mut args = vec![Value::from(""), Value::from("")];
                args.extend(ids.iter().map(|id| Value::from((*id).clone())));
                self.read_records(args, &mut places, &mut told).await?;
            }
        } else {
            let (mut cursor, mut count) = ("0".to_owned(), FIRST);
            loop {
                let args = vec![Value::from(cursor), Value::from(count.cast_signed())];
                let (next, bytes) = self.read_records(args, &mut places, &mut told).await?;
                if next == "0" {
                    break;
                }
                (cursor, count) = (next, adapted(count, bytes));
            }
        }
        // What is left is in lists and has no record, unless it is one of those put aside.
        told.suspects.extend(places.into_ids());
        Ok(told)
    }

    async fn read_records(
        &self,
        args: Vec<Value>,
        places: &mut Places,
        told: &mut Told,
    ) -> Result<(String, u64), StoreError> {
        let (keys, queue) = (&self.store.keys, self.queue);
        let keys = vec![keys.jobs(queue), keys.state(queue), keys.delayed(queue), keys.unique(queue)];
        let mut reply = self.store.connection.run(&scripts::SURVEY, keys, args).await?;
        let (cursor, bytes) = (reply.text()?, reply.count()?);
        while !reply.is_empty() {
            let record = reply.bytes()?;
            told.jobs += 1;
            // An id that is not 16 bytes long cannot be told from what follows, and is suspect anyway.
            let Some((id, [digit, place, remark, worker @ ..])) = record.split_at_checked(16) else {
                continue;
            };
            let at = places.take(id, *place == b'w');
            told.with_trail += u64::from(matches!(remark, b't' | b'T'));
            told.system_errors += u64::from(*place == b'e');
            let should = match place {
                b'w' => 1 << digit.wrapping_sub(b'1').min(3),
                b'd' => DELAYED,
                b'r' => RESERVED | self.bits_of(worker),
                b'c' => COMPLETED,
                b'x' => CANCELLED,
                b'f' | b'e' => FAILED,
                b'-' if at == 0 && *remark == b'-' => 0,
                _ => u32::MAX,
            };
            if at != should || matches!(remark, b'T' | b'k') {
                told.suspects.insert(Bytes::copy_from_slice(id));
            }
        }
        Ok((cursor, bytes))
    }

    fn bits_of(&self, worker: &[u8]) -> u32 {
        let number = self.workers.iter().position(|known| known.as_str().as_bytes() == worker);
        number.and_then(|number| u32::try_from(number).ok()).map_or(u32::MAX, |number| number << WORKER)
    }
}

fn is_wanted(only: Option<&HashSet<Bytes>>, id: &Bytes) -> bool {
    only.is_none_or(|only| only.contains(id))
}

/// How many records to ask for next, when so many were so many bytes.
pub(super) fn adapted(count: u64, bytes: u64) -> u64 {
    match bytes {
        0..BYTES => (count * 2).min(MOST),
        _ => (count * BYTES / bytes).clamp(1, MOST),
    }
}
