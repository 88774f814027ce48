//! How far a caller has come in a listing that spans queues and states.

use std::fmt::{self, Write};
use std::str::FromStr;

use journeyman_job::QueueName;

use crate::queue::{Cursor, State};

/// Where to go on: inside one queue's jobs of one state. Its text is safe in an address as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) queue: QueueName,
    pub(super) state: State,
    /// The store's own place among them; none is their beginning.
    pub(super) after: Option<Cursor>,
}

/// A text that no listing has given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} is no cursor of this listing; give next_cursor as the page before returned it", shown = .0.chars().take(100).collect::<String>())]
pub struct BadPlace(pub(super) String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}~", self.queue, self.state)?;
        for byte in self.after.iter().flat_map(|cursor| cursor.0.bytes()) {
            write!(f, "{byte:02x}")?;
        }
        f.write_char('.')
    }
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        read(text).ok_or_else(|| BadPlace(text.to_owned()))
    }
}

/// The final dot tells a place from one that was cut off.
fn read(text: &str) -> Option<Place> {
    let (queue, rest) = text.split_once('~')?;
    let (state, after) = rest.strip_suffix('.')?.split_once('~')?;
    let after = if after.is_empty() { None } else { Some(Cursor(unhex(after)?)) };
    Some(Place { queue: queue.parse().ok()?, state: state.parse().ok()?, after })
}

fn unhex(text: &str) -> Option<String> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    String::from_utf8((0..text.len()).step_by(2).map(byte).collect::<Option<_>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r51_a_place_comes_back_as_it_was_whatever_the_store_calls_it() {
        for after in [None, Some("-1.5"), Some("ä~/?&=%"), Some("\"")] {
            let place = Place {
                queue: QueueName::new("..").unwrap(),
                state: State::Failed,
                after: after.map(|text| Cursor(text.to_owned())),
            };
            let text = place.to_string();
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || ".~-_".contains(c)), "{text}");
            assert_eq!(text.parse(), Ok(place));
        }
    }

    #[test]
    fn a_text_that_is_no_place_is_refused() {
        let damaged =
            ["", "~", "a~failed", "a~failed~", "a~failed~3", "a~failed~3.", "a~lost~.", "a b~failed~.", "a~failed~zz."];
        for text in damaged {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}
