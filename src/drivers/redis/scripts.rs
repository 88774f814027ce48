//! The scripts, one per transition. Each begins with its flags; `shared.lua` is put behind that first line.

use std::sync::LazyLock;

use fred::types::scripts::Script;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub static $name: LazyLock<Script> = LazyLock::new(|| build(include_str!($file)));)*

        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$(($file, include_str!($file))),*];
    };
}

scripts! {
    PUSH = "scripts/push.lua";
    RESERVE = "scripts/reserve.lua";
    RECALL = "scripts/recall.lua";
    SETTLE = "scripts/settle.lua";
    BEAT = "scripts/beat.lua";
    PROMOTE = "scripts/promote.lua";
    SWEEP = "scripts/sweep.lua";
    RECLAIM = "scripts/reclaim.lua";
    RETIRE = "scripts/retire.lua";
    PRUNE = "scripts/prune.lua";
    STATS = "scripts/stats.lua";
    FIND = "scripts/find.lua";
}

const SHARED: &str = include_str!("scripts/shared.lua");

fn build(source: &str) -> Script {
    let (flags, rest) = source.split_once('\n').unwrap_or((source, ""));
    Script::from_lua(format!("{flags}\n{SHARED}\n{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_push_is_refused_by_a_full_redis() {
        for (file, source) in ALL {
            let flags = source.lines().next().unwrap();
            assert!(flags.starts_with("#!lua"), "{file}");
            assert_eq!(flags.contains("allow-oom"), !file.ends_with("/push.lua"), "{file}");
        }
    }

    #[test]
    fn every_script_says_what_it_takes_and_returns() {
        for (file, source) in ALL {
            for part in ["-- KEYS:", "-- ARGV:", "-- Returns:"] {
                assert!(source.contains(part), "{file} lacks {part}");
            }
        }
    }
}
