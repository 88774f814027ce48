//! A keep-alive connection to a server: raw requests, one after another.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
#[derive(Debug)]
pub struct Conversation {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Conversation {
    pub async fn with(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the whole answer, which must have this status; returns its body.
    pub async fn ask(&mut self, request: &[u8], status: u16) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut head = None;
        loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up in the middle of an answer");
            if head.is_none() {
                head = Head::read(&self.buffer, status)?;
            }
            if let Some(Head { end, length }) = head
                && self.buffer.len() >= end + length
            {
                ensure!(self.buffer.len() == end + length, "the server sent more than it was asked for");
                return Ok(&self.buffer[end..]);
            }
        }
    }
}

/// What has to be known of an answer to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    /// Where the body begins.
    end: usize,
    /// Of the body.
    length: usize,
}

impl Head {
    /// `None` before it is complete.
    fn read(answer: &[u8], status: u16) -> anyhow::Result<Option<Self>> {
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = String::from_utf8_lossy(answer);
        if !text.starts_with(&format!("HTTP/1.1 {status} ")) {
            bail!("not answered with {status}: {}", text.chars().take(300).collect::<String>());
        }
        let head = text.get(..end).unwrap_or_default();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        Ok(Some(Self { end: end + 4, length: length.context("the answer does not tell its length")? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(Head::read(answer, 201).unwrap(), Some(Head { end: answer.len() - 2, length: 2 }));
        assert_eq!(Head::read(&answer[..30], 201).unwrap(), None);
    }

    #[test]
    fn any_other_status_is_an_error() {
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 201).is_err());
        assert!(Head::read(b"HTTP/1.1 201 Created\r\n\r\n", 201).is_err());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200).is_ok());
    }
}
