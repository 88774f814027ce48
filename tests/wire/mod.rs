//! What the network does to us: every verb of a store that is cut off, starved, or left without an answer.

mod cell;
mod looking;
mod matrix;
mod noting;
mod operating;
mod pooled;
mod proxy;
mod running;
mod site;
mod store;
mod taking;
