//! The checks of `fuzz/` in the ordinary run: every seed, and variations of it that are the same each time.
//! `JOURNEYMAN_TEST_EFFORT` multiplies these.

pub mod checks;
mod variations;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crate::support::effort::{effort, replay, seed};
use checks::ALL;
use variations::Variations;

/// Variations of the seeds of one check, and of those whose every run writes to a disk.
const MANY: u32 = 3000;
const FEW: u32 = 250;

/// Shows what a check was given, should it panic.
struct Shown<'a>(&'static str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (name, bytes) = (self.0, self.1.escape_ascii());
            #[expect(clippy::print_stdout, reason = "the harness shows it beside the failure")]
            {
                println!("{name} was given b\"{bytes}\"; {} does it again", replay());
            }
        }
    }
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(corpus(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn run(name: &'static str) {
    let seeds = seeds(name);
    assert!(seeds.len() >= 4, "{name} has {} seeds", seeds.len());
    let mut variations = Variations::new(seed(), &seeds);
    let count = effort() * if ["enqueue", "query", "config"].contains(&name) { FEW } else { MANY };
    let varied = (0..count).map(|_| variations.next());
    for bytes in seeds.iter().cloned().chain(varied) {
        let shown = Shown(name, &bytes);
        checks::run(name, &bytes);
        drop(shown);
    }
    if name == "enqueue" {
        let round_trips = checks::ROUND_TRIPS.load(Ordering::Relaxed);
        assert!(round_trips >= 2 * 8, "of the seeds {round_trips} were taken by the two stores");
    }
}

macro_rules! checked {
    ($($name:ident),+ $(,)?) => {
        $(#[test] fn $name() { run(stringify!($name)); })+

        #[test]
        fn every_check_is_run_and_has_a_target_and_seeds() {
            let names = ALL.map(|(name, _)| name);
            assert_eq!(names.as_slice(), [$(stringify!($name)),+]);
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
            for name in names {
                assert!(corpus(name).is_dir(), "{name}");
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
                let target = fs::read_to_string(root.join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
                assert!(target.contains(&format!("checks::run(\"{name}\"")), "{name}");
            }
        }
    };
}

checked!(enqueue, query, body, trail, redis, sqlite, names, config, callback, policy);
