//! What the file holds in forms of its own, read from any bytes.

use super::holds::{BYTES, Held};
use super::list::{read_cursor, write_cursor};
use crate::queue::{Cursor, State};

/// Reads them as jobs in a worker's hands and as places in a listing; the size of what came of it, bytes.
pub fn read_any(bytes: &[u8]) -> usize {
    let held: Vec<Held> = bytes.chunks(BYTES).map_while(Held::read).collect();
    let mut written = Vec::new();
    held.iter().for_each(|held| held.write(&mut written));
    let again: Vec<Held> = written.chunks(BYTES).filter_map(Held::read).collect();
    assert_eq!(again, held, "what was read is written so that it is read the same");
    if let Ok(text) = std::str::from_utf8(bytes) {
        for state in State::ALL {
            let Some(place) = read_cursor(&Cursor(text.to_owned()), state) else { continue };
            assert_eq!(read_cursor(&write_cursor(place, state), state), Some(place));
        }
    }
    written.len()
}
