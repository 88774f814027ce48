//! The load generator: raw requests over keep-alive connections, in a process of its own.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use journeyman::clock::Stopwatch;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::arguments::HttpLoad;
use crate::{figures, push};

/// What one load came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests per second of the time that counts.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// All that were answered 201, warm-up included.
    pub accepted: u64,
}

#[derive(Debug, Default)]
struct Seen {
    accepted: u64,
    /// Microseconds of each request that counts.
    latencies: Vec<u64>,
}

/// Loads the server and prints the outcome as one line of JSON. Any answer but 201 is an error.
pub async fn generate(load: &HttpLoad) -> anyhow::Result<()> {
    let (warm_up, counted) = (Duration::from_millis(load.warm_up), Duration::from_millis(load.counted));
    let request = request(load)?;
    let clock = Stopwatch::start();
    let mut running = JoinSet::new();
    for _ in 0..load.connections {
        running.spawn(converse(load.address, request.clone(), clock, warm_up, counted));
    }
    let mut all = Seen::default();
    while let Some(seen) = running.join_next().await {
        let seen = seen??;
        all.accepted += seen.accepted;
        all.latencies.extend(seen.latencies);
    }
    all.latencies.sort_unstable();
    let millis = |percent| figures::percentile(&all.latencies, percent) as f64 / 1000.0;
    let outcome = Outcome {
        rate: all.latencies.len() as f64 / counted.as_secs_f64(),
        p50_ms: millis(50.0),
        p99_ms: millis(99.0),
        accepted: all.accepted,
    };
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

fn request(load: &HttpLoad) -> anyhow::Result<Vec<u8>> {
    let data = serde_json::to_string(&push::noop()?)?;
    let body = format!(r#"{{"task_type":"noop","task_data":{data}}}"#);
    let head = format!(
        "POST /api/queue/enqueue HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        load.address,
        body.len()
    );
    Ok((head + &body).into_bytes())
}

/// One connection, one request after another until the time is over.
async fn converse(
    address: std::net::SocketAddr,
    request: Vec<u8>,
    clock: Stopwatch,
    warm_up: Duration,
    counted: Duration,
) -> anyhow::Result<Seen> {
    let mut stream = TcpStream::connect(address).await.context("cannot connect to the server")?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut seen = Seen::default();
    loop {
        let begun = clock.elapsed();
        if begun >= warm_up + counted {
            return Ok(seen);
        }
        stream.write_all(&request).await?;
        answer(&mut stream, &mut buffer).await?;
        let ended = clock.elapsed();
        seen.accepted += 1;
        if begun >= warm_up && ended <= warm_up + counted {
            seen.latencies.push(u64::try_from((ended - begun).as_micros())?);
        }
    }
}

/// Reads one whole answer.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server hung up in the middle of an answer");
        if let Some(length) = whole_length(buffer)?
            && buffer.len() >= length
        {
            ensure!(buffer.len() == length, "the server sent more than it was asked for");
            return Ok(());
        }
    }
}

/// How long the answer is that begins here; `None` before its head is complete.
fn whole_length(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(answer);
    if !text.starts_with("HTTP/1.1 201") {
        bail!("not accepted: {}", text.chars().take(300).collect::<String>());
    }
    let head = text.get(..end).unwrap_or_default();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(Some(end + 4 + length.context("the answer does not tell its length")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_body_is_there() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole_length(answer).unwrap(), Some(answer.len()));
        assert_eq!(whole_length(&answer[..30]).unwrap(), None);
    }

    #[test]
    fn anything_but_201_is_an_error() {
        assert!(whole_length(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(whole_length(b"HTTP/1.1 201 Created\r\n\r\n").is_err());
    }
}
