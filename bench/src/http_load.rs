//! The load generator: raw requests over keep-alive connections, in a process of its own.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::arguments::HttpLoad;
use crate::conversation::Conversation;
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
    let mut server = Conversation::with(address).await?;
    let mut seen = Seen::default();
    loop {
        let begun = clock.elapsed();
        if begun >= warm_up + counted {
            return Ok(seen);
        }
        server.ask(&request, 201).await?;
        let ended = clock.elapsed();
        seen.accepted += 1;
        if begun >= warm_up && ended <= warm_up + counted {
            seen.latencies.push(u64::try_from((ended - begun).as_micros())?);
        }
    }
}
