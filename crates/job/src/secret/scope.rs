//! Which job's payload this thread is reading or writing: a field's own code cannot know, and a secret must.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use super::Unsealed;

/// Where a payload comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From a caller: secrets are plain.
    Caller,
    /// From a store: secrets are sealed, or plain from a time when the field was no secret yet.
    Store,
}

/// What a payload held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Met {
    pub(crate) plain: bool,
    /// A sealed text whose key this process does not have.
    pub(crate) missing_key: bool,
}

#[derive(Debug)]
struct Scope {
    job_type: String,
    direction: Direction,
    met: Met,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Reading(Origin),
    Writing,
}

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Puts the outer scope back, also when the code within panics.
struct Restore(Option<Scope>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.replace(self.0.take());
    }
}

fn within<T>(job_type: &str, direction: Direction, code: impl FnOnce() -> T) -> (T, Met) {
    let scope = Scope { job_type: job_type.to_owned(), direction, met: Met::default() };
    let outer = Restore(CURRENT.replace(Some(scope)));
    let value = code();
    let met = CURRENT.with_borrow(|scope| scope.as_ref().map(|scope| scope.met)).unwrap_or_default();
    drop(outer);
    (value, met)
}

/// Runs code that reads a payload of this type, and tells what it met.
pub(crate) fn reading<T>(job_type: &str, origin: Origin, code: impl FnOnce() -> T) -> (T, Met) {
    within(job_type, Direction::Reading(origin), code)
}

/// Runs code that writes a payload of this type.
pub(crate) fn writing<T>(job_type: &str, code: impl FnOnce() -> T) -> T {
    within(job_type, Direction::Writing, code).0
}

/// The type whose payload is being written.
pub(super) fn writing_type() -> Option<String> {
    let is_writing = |scope: &&Scope| scope.direction == Direction::Writing;
    CURRENT.with_borrow(|scope| scope.as_ref().filter(is_writing).map(|scope| scope.job_type.clone()))
}

/// The type whose stored payload is being read; the error says why a sealed text has no place here.
pub(super) fn reading_type() -> Result<String, &'static str> {
    CURRENT.with_borrow(|scope| match scope {
        Some(Scope { job_type, direction: Direction::Reading(Origin::Store), .. }) => Ok(job_type.clone()),
        Some(_) => Err("sealed values are for the store alone: give the value itself"),
        None => Err("a sealed value can be read only as part of a stored job"),
    })
}

pub(super) fn met_plain() {
    note(|met| met.plain = true);
}

pub(super) fn met_trouble(trouble: &Unsealed) {
    note(|met| met.missing_key |= matches!(trouble, Unsealed::NoSuchKey { .. }));
}

fn note(what: impl FnOnce(&mut Met)) {
    CURRENT.with_borrow_mut(|scope| {
        if let Some(scope) = scope {
            what(&mut scope.met);
        }
    });
}

/// Types in whose payloads plain secrets have been met; as many as there are job types at the most.
static HOLDERS: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Remembers that payloads of this type hold secrets.
pub(crate) fn remember(job_type: &str) {
    if !holds_secrets(job_type) {
        HOLDERS.write().unwrap_or_else(PoisonError::into_inner).insert(job_type.to_owned());
    }
}

/// Whether a payload of this type may hold plain secrets: only if one was met, for a payload is read before it is stored.
pub(crate) fn holds_secrets(job_type: &str) -> bool {
    HOLDERS.read().unwrap_or_else(PoisonError::into_inner).contains(job_type)
}
