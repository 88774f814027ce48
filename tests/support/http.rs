//! The API of a process, over plain sockets.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use super::until;

/// Longest that a job of a test may take to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a process serves.
#[derive(Debug, Clone, Copy)]
pub struct Api(pub SocketAddr);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Api {
    pub fn get(self, path: &str) -> Answer {
        self.try_send("GET", path, "").unwrap()
    }

    /// The same with headers of its own.
    pub fn get_with(self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_send_with("GET", path, headers, "").unwrap()
    }

    /// The same server by its address on this machine, where it listens to all.
    pub fn on_loopback(self) -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, self.0.port())))
    }

    /// Any request; a body that is null is none.
    pub fn send(self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.try_send(method, path, &body).unwrap()
    }

    /// Enqueues with a body as it is.
    pub fn post(self, body: &str) -> Answer {
        self.try_post(body).unwrap()
    }

    pub fn try_post(self, body: &str) -> std::io::Result<Answer> {
        self.try_send("POST", "/api/queue/enqueue", body)
    }

    /// Enqueues a job that must be taken; its id.
    #[expect(clippy::needless_pass_by_value, reason = "the cases read better with their json! alone")]
    pub fn enqueue(self, task_type: &str, data: Value) -> String {
        let answer = self.post(&json!({"task_type": task_type, "task_data": data}).to_string());
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["task_id"].as_str().unwrap().to_owned()
    }

    pub fn status(self, id: &str) -> Value {
        let answer = self.get(&format!("/api/queue/status/{id}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Waits until the job is in that state.
    pub fn until(self, id: &str, state: &str) -> Value {
        let mut last = Value::Null;
        until(&format!("job {id} is {state}"), PATIENCE, || {
            last = self.status(id);
            (last["status"] == state).then(|| last.clone())
        })
    }

    pub fn metrics(self) -> Value {
        self.get("/api/queue/stats").json()["metrics"].clone()
    }

    /// Posts to any address; an error is a connection that broke.
    pub fn post_to(self, path: &str, body: &str) -> std::io::Result<Answer> {
        self.try_send("POST", path, body)
    }

    fn try_send(self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        self.try_send_with(method, path, &[], body)
    }

    fn try_send_with(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&self.0, Duration::from_secs(10))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let length = body.len();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.0);
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        let of_body = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all((head + &of_body).as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Answer::read(&String::from_utf8_lossy(&bytes)).ok_or(std::io::ErrorKind::UnexpectedEof.into())
    }
}

impl Answer {
    /// `None` if it broke off.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let answer = Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() };
        (answer.header("content-length")?.parse() == Ok(body.len())).then_some(answer)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status, code and the pointers of a refusal, as one line.
    pub fn refusal(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], self.status);
        let pointers = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap());
        let (status, code) = (self.status.to_string(), problem["code"].as_str().unwrap());
        [status.as_str(), code].into_iter().chain(pointers).collect::<Vec<_>>().join(" ")
    }
}
