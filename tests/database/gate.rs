//! A way to a server that stays open and lets nothing more through, once the client has said certain words.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use crate::support::eventually;

/// COMMIT, as the protocols of MySQL and of PostgreSQL send it.
pub const COMMIT: &[&[u8]] = &[b"\x03COMMIT", b"COMMIT\0"];

#[derive(Debug)]
pub struct Gate {
    /// The server's, by this way.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What is waited for: any of these.
    words: &'static [&'static [u8]],
    is_closed: bool,
}

impl Gate {
    /// Open at first.
    pub fn to(url: &str) -> Self {
        let (before, rest) = url.split_once("127.0.0.1:").unwrap();
        let (port, after) = rest.split_once('/').unwrap();
        let server: u16 = port.parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("{before}127.0.0.1:{}/{after}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared::default());
        let held = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { continue };
                let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(back, &to, |_| {}));
                let held = Arc::clone(&held);
                std::thread::spawn(move || pass(client, &server, |said| held.hold_if_said(said)));
            }
        });
        Self { url, shared }
    }

    /// Closes for the next connection that says one of these.
    pub fn close_at(&self, words: &'static [&'static [u8]]) {
        self.shared.state.lock().unwrap().words = words;
    }

    pub async fn is_closed(&self) {
        eventually("the words are said", async || self.shared.state.lock().unwrap().is_closed).await;
    }

    /// Lets what was held up go on.
    pub fn open(&self) {
        self.shared.state.lock().unwrap().is_closed = false;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn hold_if_said(&self, said: &[u8]) {
        let mut state = self.state.lock().unwrap();
        if state.words.iter().any(|words| said.windows(words.len()).any(|window| window == *words)) {
            (state.words, state.is_closed) = (&[], true);
            drop(self.changed.wait_while(state, |state| state.is_closed).unwrap());
        }
    }
}

fn pass(mut from: TcpStream, mut to: &TcpStream, look: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        look(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
