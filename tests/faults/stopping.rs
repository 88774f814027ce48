//! R48: told to leave.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::process::{Home, Process};
use crate::support::{on_each_store, until};

/// The grace period of a second, one second more, and one for a busy machine.
const IN_TIME: Duration = Duration::from_secs(3);

on_each_store!(
    r48_a_job_that_outlasts_the_grace_period_is_given_back_unused,
    r48_a_second_signal_ends_the_process_at_once,
    r48_a_half_sent_request_holds_nobody_up,
);

/// Waits until the process runs the job, and tells it to leave.
fn terminate(process: &Process) {
    process.signal("TERM");
    until("the signal is heard", Duration::from_secs(5), || {
        process.stderr().contains("SIGTERM: stopping").then_some(())
    });
}

fn long_job_in(home: &Home, process: &Process) -> String {
    let id = home.ok(&["dispatch", "sleep", r#"{"seconds": 30}"#]);
    until("the process runs it", Duration::from_secs(10), || {
        process.is(&home.json(&["status", &id, "--json"])["worker"]).then_some(())
    });
    id
}

fn r48_a_job_that_outlasts_the_grace_period_is_given_back_unused(home: &Home) {
    std::fs::write(home.path().join("journeyman.toml"), "worker.grace_shutdown_period = 1\n").unwrap();
    for arguments in [&["--bind", "127.0.0.1:0"][..], &["work"][..]] {
        let mut process = home.start(arguments);
        let id = long_job_in(home, &process);
        terminate(&process);
        let status = process.ends_within(IN_TIME);
        assert_eq!(status.code(), Some(0), "{}", process.stderr());
        let status = home.json(&["status", &id, "--json"]);
        assert_eq!((&status["status"], &status["attempts"]), (&json!("pending"), &json!(0)), "{status}");
        assert_eq!(status["worker"], json!(null));
        // Out of the next one's way.
        home.ok(&["work", "--once", "--timeout", "0.01", "--max-tries", "1"]);
    }
}

fn r48_a_second_signal_ends_the_process_at_once(home: &Home) {
    std::fs::write(home.path().join("journeyman.toml"), "worker.grace_shutdown_period = 60\n").unwrap();
    let mut process = home.start(&["work"]);
    long_job_in(home, &process);
    terminate(&process);
    assert!(process.is_running(), "the job may finish");
    process.signal("TERM");
    let status = process.ends_within(Duration::from_secs(1));
    assert_eq!(status.code(), Some(130), "{}", process.stderr());
}

fn r48_a_half_sent_request_holds_nobody_up(home: &Home) {
    std::fs::write(home.path().join("journeyman.toml"), "worker.grace_shutdown_period = 1\n").unwrap();
    let mut server = home.serve(&[]);
    let head =
        "POST /api/queue/enqueue HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
    let halves = ["POST /api/queue/enq", head, &format!("{head}{{")];
    let connections: Vec<TcpStream> = halves
        .iter()
        .map(|half| {
            let mut stream = TcpStream::connect(server.api.0).unwrap();
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    // A whole exchange on a later connection: the halves have been accepted before it.
    assert_eq!(server.api.get("/live").status, 200);
    terminate(&server.process);
    let status = server.process.ends_within(IN_TIME);
    assert_eq!(status.code(), Some(0), "{}", server.process.stderr());
    drop(connections);
}
