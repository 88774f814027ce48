//! What a line on the command line means.

use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Arguments {
    super::parse(line.split_whitespace().map(OsString::from)).unwrap()
}

/// R51: the commands there are.
#[test]
fn r51_the_definition_is_sound_and_complete() {
    let commands: Vec<String> = Arguments::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let expected = "serve work migrate status stats queues workers top dispatch failed retry forget flush prune jobs cancel \
                    purge size monitor pause resume restart doctor types openapi config key completions";
    assert_eq!(commands, expected.split_whitespace().collect::<Vec<_>>());
    Arguments::command().debug_assert();
}

#[test]
fn r46_every_flag_of_work_reaches_its_setting() {
    let line = "journeyman work --queue a,b --connection redis --max-jobs 100 --max-time 3600 --sleep 5 \
                --max-tries 5 --timeout 120 --workers 8 --memory 128";
    let arguments = parse(line);
    let mut overrides = arguments.shared.overrides();
    overrides.extend(arguments.command.unwrap().overrides());
    let pairs: Vec<(&str, &str)> = overrides.iter().map(|(key, _, value)| (key.as_str(), value.as_str())).collect();
    for pair in [
        ("store.connection", "redis"),
        ("worker.queues", "a,b"),
        ("worker.all_queues", "false"),
        ("worker.max_jobs", "100"),
        ("worker.max_time", "3600"),
        ("worker.sleep", "5"),
        ("worker.max_tries", "5"),
        ("worker.timeout", "120"),
        ("worker.count", "8"),
        ("worker.memory", "128"),
    ] {
        assert!(pairs.contains(&pair), "{pair:?} in {pairs:?}");
    }
}

#[test]
fn r46_queue_work_is_work() {
    let arguments = parse("journeyman --queue-work --queue emails --once");
    assert!(matches!(arguments.command, Some(Command::Work(WorkOptions { once: true, .. }))));
}

#[test]
fn r56_no_command_is_serve() {
    assert!(matches!(parse("journeyman --data-dir x").command.unwrap_or_default(), Command::Serve(_)));
    let flagged = parse("journeyman --data-dir x --bind 127.0.0.1:1 --no-worker").command;
    assert!(matches!(flagged, Some(Command::Serve(ServeOptions { no_worker: true, .. }))));
}
