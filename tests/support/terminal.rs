//! A real terminal of a size, with the real binary in it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use pty_process::blocking::{Command as PtyCommand, Pts, Pty, open};
use rustix::termios::{ControlModes, InputModes, LocalModes, OutputModes, tcgetattr};

use super::process::Home;
use super::until;

/// Longest that what was asked for may take to be seen.
const LONGEST: Duration = Duration::from_secs(20);

/// How a terminal treats what is typed and written.
pub type Modes = (InputModes, OutputModes, ControlModes, LocalModes);

/// A terminal while the binary runs in it.
pub struct Terminal {
    pty: Arc<Pty>,
    /// Kept: a terminal that nobody has open forgets its modes.
    pts: Pts,
    child: Running,
    before: Modes,
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<()>,
}

/// It dies with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All that was written to a terminal, and the picture that it makes.
struct Seen {
    bytes: Vec<u8>,
    parser: vt100::Parser,
}

/// What is left once the binary has ended.
#[derive(Debug)]
pub struct Left {
    pub code: Option<i32>,
    pub before: Modes,
    pub after: Modes,
    /// Whether the picture is still another than the shell's, and the cursor hidden.
    pub is_other_screen: bool,
    pub is_cursor_hidden: bool,
    /// What is on the screen.
    pub text: String,
    /// All that was written.
    pub bytes: Vec<u8>,
}

impl Terminal {
    pub fn start(home: &Home, arguments: &[&str], (columns, lines): (u16, u16)) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(lines, columns)).unwrap();
        let plain = home.command(arguments);
        let variables = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut command = PtyCommand::new(plain.get_program())
            .args(plain.get_args())
            .current_dir(home.path())
            .env_clear()
            .envs(variables)
            .env("TERM", "xterm-256color");
        let before = modes(&pty);
        let child = Running(command.spawn_borrowed(&pts).unwrap());
        let [rows, columns] = [lines, columns].map(|size| NonZeroU16::new(size).unwrap());
        let seen = Seen { bytes: Vec::new(), parser: vt100::Parser::new(rows, columns, 0) };
        let (pty, seen) = (Arc::new(pty), Arc::new(Mutex::new(seen)));
        let reader = std::thread::spawn({
            let (pty, seen) = (Arc::clone(&pty), Arc::clone(&seen));
            move || read(&pty, &seen)
        });
        Self { pty, pts, child, before, seen, reader }
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Waits until a line of the screen has all of these words, in their order.
    pub fn shows(&self, words: &[&str]) {
        let is_there = |line: &str| {
            words.iter().try_fold(line, |rest, word| rest.split_once(word).map(|(_, rest)| rest)).is_some()
        };
        let clock = journeyman::clock::Stopwatch::start();
        while !self.text().lines().any(is_there) {
            assert!(clock.elapsed() < LONGEST, "no {words:?} in\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Sends a signal by its name, `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.0.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until the binary has ended.
    pub fn ends(self) -> Left {
        let Self { pty, pts, mut child, before, seen, reader } = self;
        let mut status = None;
        until("the binary ends", LONGEST, || {
            status = child.0.try_wait().unwrap();
            status
        });
        let after = modes(&pty);
        // With nobody left who could write, the reader comes to the end.
        drop(pts);
        reader.join().unwrap();
        let seen = seen.lock().unwrap();
        let screen = seen.parser.screen();
        Left {
            code: status.and_then(|status| status.code()),
            before,
            after,
            is_other_screen: screen.alternate_screen(),
            is_cursor_hidden: screen.hide_cursor(),
            text: screen.contents(),
            bytes: seen.bytes.clone(),
        }
    }
}

impl Left {
    /// The terminal is as it was before.
    pub fn is_as_before(&self) {
        assert_eq!(self.after, self.before);
        assert!(!self.is_other_screen && !self.is_cursor_hidden, "{:?}", self.text);
    }
}

fn modes(pty: &Pty) -> Modes {
    let modes = tcgetattr(pty).unwrap();
    (modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes)
}

/// Until nobody has the terminal open.
fn read(pty: &Pty, seen: &Mutex<Seen>) {
    let mut buffer = [0; 4096];
    while let Ok(count) = (&mut &*pty).read(&mut buffer)
        && count > 0
    {
        let mut seen = seen.lock().unwrap();
        seen.bytes.extend(&buffer[..count]);
        seen.parser.process(&buffer[..count]);
    }
}
