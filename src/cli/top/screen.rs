//! The terminal: taken over, drawn on, and given back as it was.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::super::output;
use super::draw::{self, Theme};
use super::view::View;

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The whole terminal. It is given back however this value goes, a panic included.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    theme: Theme,
    _taken: Taken,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken = Taken;
        // What a panic says would be lost with the picture.
        panic::set_hook(Box::new(|info| {
            give_back();
            output::complain(info);
        }));
        execute!(stdout(), EnterAlternateScreen)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Self { terminal, theme: Theme { is_coloured: output::is_coloured() }, _taken: taken })
    }

    pub(super) fn draw(&mut self, view: &mut View) -> io::Result<()> {
        let theme = self.theme;
        self.terminal.draw(|frame| draw::draw(frame.buffer_mut(), view, theme))?;
        Ok(())
    }
}

/// A terminal that is not as it was.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Once: leaving the picture a second time would put the cursor where it was before the first, over what was said since.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        // Nobody is left to tell if this fails.
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::num::NonZeroU16;

    use pty_process::Size;
    use pty_process::blocking::{Command, Pty, open};
    use rustix::termios::{InputModes, LocalModes, OutputModes, tcgetattr};

    use super::*;

    fn modes(pty: &Pty) -> (InputModes, OutputModes, LocalModes) {
        let modes = tcgetattr(pty).unwrap();
        (modes.input_modes, modes.output_modes, modes.local_modes)
    }

    /// A filter that no test fits: who is given it is the process that panics, in a terminal of its own.
    const PANIC: &str = "panic on the screen";

    #[test]
    fn r51_a_panic_gives_the_terminal_back_and_is_seen() {
        if std::env::args().any(|argument| argument == PANIC) {
            let _screen = Screen::open().unwrap();
            panic!("for all to see");
        }
        let (mut pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let before = modes(&pty);
        let me = "cli::top::screen::tests::r51_a_panic_gives_the_terminal_back_and_is_seen";
        let mut command = Command::new(std::env::current_exe().unwrap()).args(["--exact", me, PANIC]);
        let status = command.spawn_borrowed(&pts).unwrap().wait().unwrap();
        assert!(!status.success());
        assert_eq!(modes(&pty), before);
        // An error is how the end is told: nobody has the terminal open any more.
        drop((command, pts));
        let mut bytes = Vec::new();
        let _ = pty.read_to_end(&mut bytes);
        assert!(bytes.windows(8).any(|window| window == b"\x1b[?1049h"), "it had another screen");
        let [rows, columns] = [24, 80].map(|size| NonZeroU16::new(size).unwrap());
        let mut parser = vt100::Parser::new(rows, columns, 0);
        parser.process(&bytes);
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor());
        assert!(screen.contents().contains("for all to see"), "{}", screen.contents());
    }
}
