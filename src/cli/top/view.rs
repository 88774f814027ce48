//! What is shown, and how.

use std::time::Duration;

use super::keys::Key;
use super::look::Look;
use super::rates::Rates;

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Panel {
    #[default]
    Queues,
    Workers,
    Failures,
}

impl Panel {
    pub(super) const ALL: [Self; 3] = [Self::Queues, Self::Workers, Self::Failures];

    fn after(self, steps: usize) -> Self {
        Self::ALL[(self as usize + steps) % Self::ALL.len()]
    }
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct View {
    /// Which store it is.
    pub(super) store: String,
    pub(super) interval: Duration,
    /// The last one that succeeded.
    pub(super) look: Option<Look>,
    pub(super) rates: Rates,
    /// Why the last one did not.
    pub(super) fault: Option<String>,
    /// Whether it looks no more for now.
    pub(super) is_held: bool,
    pub(super) shows_help: bool,
    /// The one that scrolls, and gets the most room.
    pub(super) panel: Panel,
    /// First line that each panel shows, and how many it has room for.
    pub(super) first: [usize; 3],
    pub(super) room: [usize; 3],
}

impl View {
    pub(super) fn new(store: String, interval: Duration) -> Self {
        Self {
            store,
            interval,
            look: None,
            rates: Rates::default(),
            fault: None,
            is_held: false,
            shows_help: false,
            panel: Panel::default(),
            first: [0; 3],
            room: [0; 3],
        }
    }

    /// Takes in a look.
    pub(super) fn seen(&mut self, look: Look) {
        self.rates.note(&look);
        self.look = Some(look);
        self.fault = None;
    }

    /// Takes in that there was none; what was seen before stays.
    pub(super) fn missed(&mut self, why: String) {
        self.fault = Some(why);
    }

    /// Does what a key asks for; `true` to quit.
    pub(super) fn act(&mut self, key: Key) -> bool {
        let first = &mut self.first[self.panel as usize];
        let page = self.room[self.panel as usize].max(1);
        match key {
            Key::Quit => return true,
            Key::Back if !self.shows_help => return true,
            Key::Back => self.shows_help = false,
            Key::Help => self.shows_help = !self.shows_help,
            Key::Hold => self.is_held = !self.is_held,
            Key::NextPanel => self.panel = self.panel.after(1),
            Key::PanelBefore => self.panel = self.panel.after(Panel::ALL.len() - 1),
            Key::Up => *first = first.saturating_sub(1),
            Key::Down => *first = first.saturating_add(1),
            Key::PageUp => *first = first.saturating_sub(page),
            Key::PageDown => *first = first.saturating_add(page),
            Key::First => *first = 0,
            // Drawing brings it back to the last page.
            Key::Last => *first = usize::MAX,
        }
        false
    }
}
