//! The terminal: taken over, drawn on, and given back as it was.

use std::io::{self, Stdout, stdout};
use std::panic;

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::super::output;
use super::draw::{self, Theme};
use super::view::View;

/// The whole terminal. It is given back however this value goes, a panic included.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    theme: Theme,
    _taken: Taken,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        enable_raw_mode()?;
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

/// Nobody is left to tell if this fails.
fn give_back() {
    let _ = disable_raw_mode();
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
}
