//! For tests, this project's and users' own: a store that fails when told to. See also [`crate::clock::ManualClock`].

mod faulty;
mod odds;
pub mod stored;

pub use faulty::{Fault, FaultyStore, Operation};
pub use odds::Odds;
