//! A client that keeps its connection, as pools of connections and load balancers do.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::http::Answer;

/// Longest wait for an answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection, made anew whenever it is gone.
#[derive(Debug)]
pub struct KeepAlive {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Broken {
    /// Nobody listens: the request was not sent.
    Refused,
    /// The connection ended before a byte of the answer.
    Silent(ErrorKind),
    /// It ended within the answer.
    Torn(String),
}

impl KeepAlive {
    pub fn to(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    pub fn close(&mut self) {
        self.stream = None;
    }

    pub fn post(&mut self, path: &str, body: &str) -> Result<Answer, Broken> {
        self.send("POST", path, body)
    }

    pub fn get(&mut self, path: &str) -> Result<Answer, Broken> {
        self.send("GET", path, "")
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, Broken> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect().map_err(|_| Broken::Refused)?,
        };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes()).map_err(|error| Broken::Silent(error.kind()))?;
        let answer = receive(&mut stream)?;
        if answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn receive(stream: &mut TcpStream) -> Result<Answer, Broken> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 8192];
        let broken = match stream.read(&mut piece) {
            Ok(0) => ErrorKind::UnexpectedEof,
            Ok(read) => {
                bytes.extend_from_slice(&piece[..read]);
                match Answer::read(&String::from_utf8_lossy(&bytes)) {
                    Some(answer) => return Ok(answer),
                    None => continue,
                }
            }
            Err(error) => error.kind(),
        };
        return Err(match bytes.is_empty() {
            true => Broken::Silent(broken),
            false => Broken::Torn(String::from_utf8_lossy(&bytes).into_owned()),
        });
    }
}
