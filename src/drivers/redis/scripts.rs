//! The scripts, one per transition. Each begins with its flags; what it uses of `shared.lua` is put behind that first line.

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
    PUSH_PLAIN = "scripts/push_plain.lua";
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
    HASTEN = "scripts/hasten.lua";
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
    MEMBERS = "scripts/members.lua";
    LEFT = "scripts/left.lua";
    SURVEY = "scripts/survey.lua";
    EXAMINE = "scripts/examine.lua";
    LOCKS = "scripts/locks.lua";
    STRAYS = "scripts/strays.lua";
    GRANT = "scripts/grant.lua";
    RECOUNT = "scripts/recount.lua";
    WRITE_NOTES = "scripts/write_notes.lua";
    LOG_NOTES = "scripts/log_notes.lua";
    READ_NOTES = "scripts/read_notes.lua";
    ERASE_NOTE = "scripts/erase_note.lua";
    EXPIRE_NOTES = "scripts/expire_notes.lua";
}

const SHARED: &str = include_str!("scripts/shared.lua");

fn build(source: &str) -> Script {
    let (flags, rest) = source.split_once('\n').unwrap_or((source, ""));
    Script::from_lua(format!("{flags}\n{}{rest}", shared_by(rest)))
}

/// The parts of `shared.lua` that a script uses, in their order. A part uses only what stands before it.
fn shared_by(script: &str) -> String {
    let mut text = String::new();
    for part in SHARED.split("\n\n").collect::<Vec<_>>().into_iter().rev() {
        let is_used = names(part).any(|name| uses(script, name) || uses(&text, name));
        if is_used {
            text = format!("{}\n{text}", part.trim_end());
        }
    }
    text
}

/// What a part of `shared.lua` defines.
fn names(part: &str) -> impl Iterator<Item = &str> {
    let lines = part.lines().filter_map(|line| line.strip_prefix("local "));
    lines.flat_map(|line| {
        let line = line.strip_prefix("function ").unwrap_or(line);
        line.split(['(', '=']).next().unwrap_or_default().split(',').map(str::trim)
    })
}

/// Whether the code names it, comments aside.
fn uses(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .any(|line| line.split(|c| !is_word(c)).any(|word| word == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What brings new jobs in, or piles up beside them; all else makes room, or is needed to.
    const REFUSED_WHEN_FULL: [&str; 5] = [
        "scripts/push.lua",
        "scripts/push_plain.lua",
        "scripts/claim.lua",
        "scripts/entrust.lua",
        "scripts/log_notes.lua",
    ];

    #[test]
    fn only_what_piles_up_is_refused_by_a_full_redis() {
        for (file, source) in ALL {
            let flags = source.lines().next().unwrap();
            assert!(flags.starts_with("#!lua"), "{file}");
            assert_eq!(flags.contains("allow-oom"), !REFUSED_WHEN_FULL.contains(file), "{file}");
        }
    }

    #[test]
    fn a_script_carries_what_it_uses_and_no_more() {
        let flag = shared_by("announce(ARGV[3], ARGV[2])");
        assert!(flag.contains("local function announce(") && !flag.contains("local function clock("), "{flag}");
        let due = shared_by("return until_due(KEYS[1], 7)");
        let first = due.find("local function first_due(").unwrap();
        assert!(first < due.find("local function until_due(").unwrap());
        for part in SHARED.split("\n\n").skip(1) {
            assert!(names(part).next().is_some(), "{part}");
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
