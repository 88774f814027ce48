//! What must hold whatever the bytes are. Plain functions: a test feeds them seeds and variations of these, and each
//! target in `fuzz/` feeds one of them for as long as somebody likes.

mod enqueue;
mod policy;
mod stored;
mod texts;

#[allow(unused_imports, reason = "a target does not count")]
pub use enqueue::ROUND_TRIPS;

/// A check by its name, which is that of its folder of seeds and of its target.
pub type Check = (&'static str, fn(&[u8]));

/// Runs the check of this name.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, check) = ALL.iter().find(|(known, _)| *known == name).expect("a check of that name");
    check(bytes);
}

pub const ALL: [Check; 10] = [
    ("enqueue", enqueue::enqueue),
    ("query", enqueue::query),
    ("body", stored::body),
    ("trail", stored::trail),
    ("redis", stored::redis),
    ("sqlite", stored::sqlite),
    ("names", texts::names),
    ("config", texts::config),
    ("callback", texts::callback),
    ("policy", policy::policy),
];
