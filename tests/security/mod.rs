//! R45: what somebody who means harm would try. `docs/security.md` says which test proves what.

mod callbacks;
mod hostile;
mod log;
mod matrix;
mod names;
mod sizes;
mod start;
mod wire;
