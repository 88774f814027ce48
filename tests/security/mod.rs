//! R45: what somebody who means harm would try. `docs/security.md` says which test proves what.

mod callbacks;
mod matrix;
mod start;
