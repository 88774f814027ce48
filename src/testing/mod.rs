//! For tests, this project's and users' own: a store that fails when told to. See also [`crate::clock::ManualClock`].

mod faulty;

pub use faulty::{Fault, FaultyStore, Operation};
