//! Where what is said begins and ends.

use super::Protocol;
use super::mysql::MySql;
use super::postgres::Postgres;
use super::resp::Resp;

/// What a piece of what a client says is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Part of a request; more of it follows.
    Part,
    /// Nothing that is answered by itself.
    Aside,
    /// The end of a request, to which a reply is due.
    Request,
}

/// Cuts the two streams of a connection into pieces.
pub trait Framing: Send {
    /// The length of the next piece of what the client says, once it is there whole.
    fn next_said(&mut self, bytes: &[u8]) -> Option<(usize, Said)>;

    /// The same of what the server says, and whether a reply ends with it.
    fn next_told(&mut self, bytes: &[u8]) -> Option<(usize, bool)>;

    /// What a request says, for people and for aims.
    fn text(&self, request: &[u8]) -> String;
}

pub fn of(protocol: Protocol) -> Box<dyn Framing> {
    match protocol {
        Protocol::Redis => Box::new(Resp),
        Protocol::MySql => Box::new(MySql::default()),
        Protocol::Postgres => Box::new(Postgres::default()),
    }
}
