//! R54: units for systemd and Supervisor.

use super::{assert_settings, assert_understood, grace_period, shipped};

/// Name and value of each line of a unit or a program, section heads aside.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let is_pair = |line: &&str| !line.starts_with(['#', ';', '[']) && line.contains('=');
    text.lines().filter(is_pair).map(|line| line.split_once('=').unwrap()).collect()
}

fn value<'a>(pairs: &[(&'a str, &'a str)], name: &str) -> &'a str {
    pairs.iter().find(|(given, _)| *given == name).unwrap_or_else(|| panic!("{name}")).1
}

fn assert_command(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], "/usr/local/bin/journeyman");
    assert_understood(&words[1..]);
}

#[test]
fn r54_systemd_runs_what_there_is_and_waits_until_jobs_are_given_back() {
    for unit in ["journeyman.service", "journeyman-worker@.service"] {
        let text = shipped(&format!("deploy/systemd/{unit}"));
        let pairs = pairs(&text);
        assert_command(value(&pairs, "ExecStart"));
        let set = pairs.iter().filter(|(name, _)| *name == "Environment");
        assert_settings(set.map(|(_, pair)| pair.split_once('=').unwrap().0));
        assert_eq!((value(&pairs, "KillSignal"), value(&pairs, "Restart")), ("SIGTERM", "always"), "{unit}");
        assert!(value(&pairs, "TimeoutStopSec").parse::<u64>().unwrap() > grace_period() + 1, "{unit}");
        assert_ne!(value(&pairs, "User"), "root");
        for hardened in ["NoNewPrivileges", "PrivateTmp", "ProtectHome", "MemoryDenyWriteExecute"] {
            assert_eq!(value(&pairs, hardened), "true", "{unit}");
        }
    }
}

#[test]
fn r54_supervisor_runs_what_there_is_and_waits_until_jobs_are_given_back() {
    let text = shipped("deploy/supervisor/journeyman.conf");
    let programs: Vec<&str> = text.split("[program:").skip(1).collect();
    assert_eq!(programs.len(), 2);
    for program in programs {
        let pairs = pairs(program);
        assert_command(value(&pairs, "command"));
        assert_eq!((value(&pairs, "stopsignal"), value(&pairs, "autorestart")), ("TERM", "true"));
        assert!(value(&pairs, "stopwaitsecs").parse::<u64>().unwrap() > grace_period() + 1);
        assert_ne!(value(&pairs, "user"), "root");
    }
}
