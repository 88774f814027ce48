//! Bytes as a store might hand them out, whoever wrote them.

use journeyman::job::JobOptions;
use journeyman::queue::{Body, Head, Trail, decode};
use journeyman::testing::stored as drivers;

/// Largest result of reading so many bytes: nothing may make more of them than they are worth.
fn bound(bytes: &[u8]) -> usize {
    // A control character becomes six bytes of JSON; the rest is member names.
    6 * bytes.len() + 4096
}

/// A body is read as a whole and by its head alike, and never makes a job of another type.
pub fn body(bytes: &[u8]) {
    let whole = Body::read(bytes);
    let head = Head::read(bytes);
    if let (Ok(whole), Ok(head)) = (&whole, &head) {
        assert_eq!((&whole.type_name, &whole.options), (&head.type_name, &head.options));
        assert!(whole.data.get().len() <= bytes.len());
    }
    let Ok(head) = head else {
        assert!(whole.is_err(), "a body without a head");
        return;
    };
    if let Ok(job) = decode(&head.type_name, bytes) {
        assert_eq!(job.typetag_name(), head.type_name);
        JobOptions::of(job.as_ref());
    }
}

/// A trail is always read, stays the same once it was written, and stays small.
pub fn trail(bytes: &[u8]) {
    let read = Trail::decode(bytes);
    let written = read.encode();
    assert!(written.len() <= bound(bytes), "{} bytes of {}", written.len(), bytes.len());
    assert_eq!(Trail::decode(&written), read);
    let retried = read.retried();
    assert_eq!(Trail::decode(&retried.encode()), retried);
}

pub fn redis(bytes: &[u8]) {
    assert!(drivers::redis(bytes) <= bound(bytes));
}

pub fn sqlite(bytes: &[u8]) {
    assert!(drivers::sqlite(bytes) <= bound(bytes));
}
