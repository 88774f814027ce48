//! The domain: what a job goes through, decided without any network or disk.
//!
//! `envelope` is what is frozen at dispatch, `trail` what changes afterwards, `settlement` the only retry policy,
//! `state` the table of all moves, `driver` and `inspector` what a store must be able to do, `notes` what it keeps beside.

pub mod callbacks;
mod codec;
mod decoded;
mod driver;
mod envelope;
mod fingerprint;
mod inspector;
pub mod limits;
mod manager;
pub mod notes;
pub mod operations;
mod operator;
mod presence;
mod pusher;
mod record;
mod reservation;
mod routing;
mod settlement;
mod state;
mod stats;
mod trail;
mod unique;
mod verifier;

pub use codec::{Codec, CodecError};
pub use decoded::{Undecodable, decode, decode_payload};
pub use driver::{
    Beat, BeatReply, Counted, Driver, NewJob, PushOutcome, ReserveRequest, Reserved, Settle, Settled, StoreError, Unit,
};
pub use envelope::{Body, Envelope, Head};
pub use fingerprint::fingerprint;
pub use inspector::{Connect, Found, Inspector, Store};
pub use manager::{Dispatched, QueueManager};
pub use notes::{Note, NoteKey, NoteKeyError, NoteKind, NoteRange, Notes};
pub use operator::{Cancelled, Control, Cursor, Forgotten, Hastened, Listing, Operator, Page, Retried, Retry};
pub use presence::{Order, PoolPresence, PoolView, Presence, WorkerState, WorkerView};
pub use record::JobRecord;
pub use reservation::{CallId, Lost, Reservation, ReservedJob, Token, WorkerId, WorkerIdError};
pub use routing::Routing;
pub use settlement::{Attempted, Policy, Settlement, decide};
pub use state::{AttemptEffect, MOVES, Move, Owner, State, UnknownState, Verb, may_become};
pub use stats::{Counters, QueueStats, Retention};
pub use trail::{AttemptEntry, CallbackEntry, Trail};
pub use unique::UniqueKey;
pub use verifier::{Class, Finding, Flaw, Remedy, Repaired, Verified, Verifier};
