//! MySQL and MariaDB: a packet asks; what answers depends on what was asked.

use std::collections::{HashMap, VecDeque};

use super::framing::{Framing, Said};

const HEAD: usize = 4;
/// Results are ended by a packet like that of a statement without any, instead of one of its own.
const DEPRECATE_EOF: u32 = 1 << 24;
const MORE_RESULTS: u16 = 0x0008;

#[derive(Default)]
pub struct MySql {
    has_begun: bool,
    has_eof: bool,
    /// Commands whose replies are due.
    due: VecDeque<Command>,
    /// Where in the reply to the first of them the server is.
    at: At,
    /// By number.
    statements: HashMap<u32, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Command {
    /// To be let in.
    Enter,
    /// Anything that is answered in one packet.
    Short,
    Prepare(String),
    Run,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    /// So many packets are left of what comes before the rows.
    Columns(u64),
    Rows,
    /// So many packets are left of all.
    Rest(u64),
}

impl Framing for MySql {
    fn next_said(&mut self, bytes: &[u8]) -> Option<(usize, Said)> {
        let (length, content) = packet(bytes)?;
        if !self.has_begun {
            self.has_begun = true;
            let powers = u32::from_le_bytes(content[..4].try_into().unwrap());
            self.has_eof = powers & DEPRECATE_EOF == 0;
            self.due.push_back(Command::Enter);
            return Some((length, Said::Request));
        }
        // Words on the way in are numbered on, commands from zero.
        if bytes[3] != 0 {
            return Some((length, Said::Aside));
        }
        let command = match content[0] {
            // Quit, long data, close.
            0x01 | 0x18 | 0x19 => return Some((length, Said::Aside)),
            0x03 | 0x17 => Command::Run,
            0x16 => Command::Prepare(String::from_utf8_lossy(&content[1..]).into_owned()),
            _ => Command::Short,
        };
        self.due.push_back(command);
        Some((length, Said::Request))
    }

    fn next_told(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        let (length, content) = packet(bytes)?;
        let Some(command) = self.due.front().cloned() else { return Some((length, false)) };
        let next = match command {
            Command::Enter => matches!(content[0], 0x01..=0xfe).then_some(At::Start),
            Command::Short => None,
            Command::Prepare(text) => self.prepared(content, text),
            Command::Run => self.ran(content),
        };
        if next.is_none() {
            self.due.pop_front();
        }
        self.at = next.unwrap_or_default();
        Some((length, next.is_none()))
    }

    fn text(&self, request: &[u8]) -> String {
        let content = &request[HEAD..];
        match content[0] {
            0x17 => self.statements.get(&number(&content[1..])).cloned().unwrap_or_default(),
            _ => String::from_utf8_lossy(content).into_owned(),
        }
    }
}

impl MySql {
    /// Where the server is after this packet; `None` at the end.
    fn prepared(&mut self, content: &[u8], text: String) -> Option<At> {
        let left = match self.at {
            At::Rest(left) => left - 1,
            _ if content[0] == 0xff => 0,
            _ => {
                self.statements.insert(number(&content[1..]), text);
                let count = |at| u64::from(u16::from_le_bytes([content[at], content[at + 1]]));
                [count(5), count(7)].into_iter().map(|count| count + self.eof_after(count)).sum()
            }
        };
        (left > 0).then_some(At::Rest(left))
    }

    fn ran(&self, content: &[u8]) -> Option<At> {
        match self.at {
            At::Start if content[0] == 0xff => None,
            At::Start if content[0] == 0 => is_followed(content, 1).then_some(At::Start),
            At::Start => {
                let count = lenenc(content).0;
                Some(At::Columns(count + self.eof_after(count)))
            }
            At::Columns(1) => Some(At::Rows),
            At::Columns(left) => Some(At::Columns(left - 1)),
            _ if content[0] == 0xff => None,
            _ if content[0] == 0xfe && self.has_eof && content.len() < 9 => {
                let status = u16::from_le_bytes([content[3], content[4]]);
                (status & MORE_RESULTS != 0).then_some(At::Start)
            }
            _ if content[0] == 0xfe && !self.has_eof => is_followed(content, 1).then_some(At::Start),
            at => Some(at),
        }
    }

    fn eof_after(&self, count: u64) -> u64 {
        u64::from(self.has_eof && count > 0)
    }
}

fn packet(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length =
        HEAD + usize::from(*bytes.first()?) + (usize::from(*bytes.get(1)?) << 8) + (usize::from(*bytes.get(2)?) << 16);
    assert!(length < 0x00ff_ffff, "packets that go on in another one are not known here");
    Some((length, bytes.get(HEAD..length)?))
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// Whether a packet that tells of success says that another result follows.
fn is_followed(content: &[u8], at: usize) -> bool {
    let changed = lenenc(&content[at..]).1;
    let inserted = lenenc(&content[at + changed..]).1;
    let status = &content[at + changed + inserted..];
    u16::from_le_bytes([status[0], status[1]]) & MORE_RESULTS != 0
}

/// A number and how many bytes it takes.
fn lenenc(bytes: &[u8]) -> (u64, usize) {
    let size = match bytes[0] {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        small => return (u64::from(small), 1),
    };
    let value = bytes[1..=size].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
    (value, size + 1)
}
