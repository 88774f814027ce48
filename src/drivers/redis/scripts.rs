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
    CLAIM = "scripts/claim.lua";
    CONFIRM = "scripts/confirm.lua";
    RELEASE = "scripts/release.lua";
    ENTRUST = "scripts/entrust.lua";
    OUTBOX = "scripts/outbox.lua";
    STRIKE = "scripts/strike.lua";
    CANCEL = "scripts/cancel.lua";
    RETRY = "scripts/retry.lua";
    FORGET = "scripts/forget.lua";
    PURGE = "scripts/purge.lua";
    FLAG = "scripts/flag.lua";
    ENLIST = "scripts/enlist.lua";
    RESTART = "scripts/restart.lua";
    AGED = "scripts/aged.lua";
    PAGE = "scripts/page.lua";
    SOONEST = "scripts/soonest.lua";
    HELD = "scripts/held.lua";
}

const SHARED: &str = include_str!("scripts/shared.lua");

fn build(source: &str) -> Script {
    let (flags, rest) = source.split_once('\n').unwrap_or((source, ""));
    Script::from_lua(format!("{flags}\n{SHARED}\n{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What brings new jobs in; all else makes room, or is needed to.
    const REFUSED_WHEN_FULL: [&str; 3] = ["scripts/push.lua", "scripts/claim.lua", "scripts/entrust.lua"];

    #[test]
    fn only_a_push_is_refused_by_a_full_redis() {
        for (file, source) in ALL {
            let flags = source.lines().next().unwrap();
            assert!(flags.starts_with("#!lua"), "{file}");
            assert_eq!(flags.contains("allow-oom"), !REFUSED_WHEN_FULL.contains(file), "{file}");
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
