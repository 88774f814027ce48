//! PostgreSQL: messages up to a query or a sync ask, messages up to "ready for query" answer.

use std::collections::HashMap;

use super::framing::{Framing, Said};

#[derive(Default)]
pub struct Postgres {
    has_begun: bool,
    /// By the name under which it was prepared.
    statements: HashMap<Vec<u8>, String>,
}

impl Framing for Postgres {
    fn next_said(&mut self, bytes: &[u8]) -> Option<(usize, Said)> {
        if !self.has_begun {
            let length = length(bytes, 0)?;
            self.has_begun = true;
            return Some((length, Said::Request));
        }
        let length = length(bytes, 1)? + 1;
        let said = match bytes[0] {
            b'Q' | b'S' => Said::Request,
            b'P' => {
                let mut words = bytes[5..length].split(|&byte| byte == 0);
                let (name, text) = (words.next()?.to_vec(), String::from_utf8_lossy(words.next()?).into_owned());
                self.statements.insert(name, text);
                Said::Part
            }
            b'B' | b'D' | b'E' | b'C' => Said::Part,
            _ => Said::Aside,
        };
        Some((length, said))
    }

    fn next_told(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        Some((length(bytes, 1)? + 1, bytes[0] == b'Z'))
    }

    /// Each message of it in words, a statement that was prepared before by its text.
    fn text(&self, mut request: &[u8]) -> String {
        let mut text = String::new();
        while let Some(length) = length(request, 1) {
            let (message, rest) = request.split_at(length + 1);
            if message[0] == b'B' {
                let name = message[5..].split(|&byte| byte == 0).nth(1).unwrap_or_default();
                text.push_str(self.statements.get(name).map_or("", String::as_str));
            } else {
                text.push_str(&String::from_utf8_lossy(message));
            }
            request = rest;
        }
        text
    }
}

/// The length of a message whose length stands at `at`, itself included, if all of it is there.
fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let told = bytes.get(at..at + 4)?;
    let length = u32::from_be_bytes(told.try_into().unwrap()) as usize;
    (bytes.len() >= at + length).then_some(length)
}
