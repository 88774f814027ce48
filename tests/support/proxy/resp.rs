//! Redis: a value asks, a value answers.

use super::framing::{Framing, Said};

pub struct Resp;

impl Framing for Resp {
    fn next_said(&mut self, bytes: &[u8]) -> Option<(usize, Said)> {
        Some((value(bytes)?, Said::Request))
    }

    fn next_told(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        Some((value(bytes)?, true))
    }

    fn text(&self, request: &[u8]) -> String {
        String::from_utf8_lossy(request).into_owned()
    }
}

/// The length of the value that the bytes begin with.
fn value(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (kind, after) = (bytes[0], line + 2);
    let number = || std::str::from_utf8(&bytes[1..line]).unwrap().parse::<i64>().unwrap();
    match kind {
        b'$' | b'=' | b'!' => {
            let whole = usize::try_from(number()).map_or(after, |length| after + length + 2);
            (bytes.len() >= whole).then_some(whole)
        }
        b'*' | b'~' | b'>' => values(bytes, after, number()),
        b'%' => values(bytes, after, number() * 2),
        _ => Some(after),
    }
}

fn values(bytes: &[u8], from: usize, count: i64) -> Option<usize> {
    (0..count).try_fold(from, |at, _| Some(at + value(bytes.get(at..)?)?))
}
