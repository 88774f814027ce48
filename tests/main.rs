//! All integration tests, in one binary.

mod architecture;
mod conformance;
mod http;
mod support;
