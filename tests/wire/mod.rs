//! What the network does to us: every verb of a store that is cut off, starved, or left without an answer.

mod cell;
mod looking;
mod matrix;
mod operating;
mod pooled;
mod proxy;
mod store;
mod taking;
