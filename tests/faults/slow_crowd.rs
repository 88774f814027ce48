//! Clients that hold connections and do next to nothing with them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// So many of each kind; whoever is thrown out comes again.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// They send half a head.
    pub half_heads: usize,
    /// They read their answers a byte at a time.
    pub byte_by_byte: usize,
    /// They say nothing.
    pub idle: usize,
}

impl Size {
    pub fn total(self) -> usize {
        self.half_heads + self.byte_by_byte + self.idle
    }

    /// As many as this process and a server that inherits its limit may have files open, beside all the rest.
    pub fn within_reason(self) -> Self {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let most: usize = files.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
        let share = (most as f64 / 3.0 / self.total() as f64).min(1.0);
        let part = |count: usize| (count as f64 * share) as usize;
        Self { half_heads: part(self.half_heads), byte_by_byte: part(self.byte_by_byte), idle: part(self.idle) }
    }
}

/// It is there until it is dropped.
#[derive(Debug)]
pub struct Crowd {
    is_over: CancellationToken,
    connected: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    pub fn around(address: SocketAddr, size: Size) -> Self {
        let (is_over, connected) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let (ends, counter) = (is_over.clone(), Arc::clone(&connected));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for _ in 0..size.half_heads {
                    tokio::spawn(again_and_again(address, "GET /live HTTP/1.1\r\nhost: lo", Arc::clone(&counter)));
                }
                let question = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
                for _ in 0..size.byte_by_byte {
                    tokio::spawn(again_and_again(address, question, Arc::clone(&counter)));
                }
                for _ in 0..size.idle {
                    tokio::spawn(again_and_again(address, "", Arc::clone(&counter)));
                }
                ends.cancelled().await;
            });
        });
        Self { is_over, connected, thread: Some(thread) }
    }

    /// How many connections it has made.
    pub fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_over.cancel();
        let _ = self.thread.take().unwrap().join();
    }
}

async fn again_and_again(address: SocketAddr, says: &'static str, connected: Arc<AtomicUsize>) {
    loop {
        if let Ok(stream) = TcpStream::connect(address).await {
            connected.fetch_add(1, Ordering::Relaxed);
            let _ = hold(stream, says).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn hold(mut stream: TcpStream, says: &str) -> std::io::Result<()> {
    stream.write_all(says.as_bytes()).await?;
    while stream.read(&mut [0]).await? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
