//! Draws a view into any space; at its best from 80 columns and 24 lines on.

mod grid;
mod header;
mod panels;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::output::one_line;
use super::view::{Panel, View};

/// Columns and lines below which there is no use in more than a word.
pub(super) const LEAST: (u16, u16) = (20, 5);
/// Lines from which on more than one panel has room.
const ALL_PANELS: u16 = 14;

const HELP: [&str; 10] = [
    "q, Ctrl-C, Esc   quit",
    "p, Space         hold: look no more; again: go on",
    "Tab, ← →         choose a panel",
    "↑ ↓, k j         scroll it by a line",
    "PgUp PgDn        by a page; Home, End",
    "?, h             this help, on and off",
    "",
    "per s   jobs that ended, over the last 10 s",
    "oldest  how long the job waits that is next",
    "drains  when none would be pending, at that rate",
];

/// How it looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Theme {
    pub(super) is_coloured: bool,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// Somebody should know.
    Odd,
    Bad,
}

impl Theme {
    fn of(self, mood: Mood) -> Style {
        match mood {
            Mood::Odd if self.is_coloured => Style::new().fg(Color::Yellow),
            Mood::Bad if self.is_coloured => Style::new().fg(Color::Red),
            Mood::Bad => Style::new().add_modifier(Modifier::BOLD),
            Mood::Well | Mood::Odd => Style::new(),
        }
    }

    fn title(self, is_chosen: bool) -> Style {
        let style = if self.is_coloured { Style::new().fg(Color::Cyan) } else { Style::new() };
        if is_chosen { style.add_modifier(Modifier::BOLD | Modifier::REVERSED) } else { style }
    }

    fn quiet() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}

/// Draws the whole screen.
pub(super) fn draw(buffer: &mut Buffer, view: &mut View, theme: Theme) {
    let area = buffer.area;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return put(buffer, area, 0, "too small; q quits", Style::new());
    }
    let header = header::lines(view, theme, area.width);
    for (y, line) in (0..).zip(&header) {
        line.render(row(area, y), buffer);
    }
    let top = u16::try_from(header.len()).unwrap_or(area.height);
    let body = Rect { y: top, height: area.height.saturating_sub(top + 1), ..area };
    if view.shows_help {
        for (y, line) in (0..body.height).zip(HELP) {
            put(buffer, body, y, line, Style::new());
        }
    } else {
        draw_panels(buffer, body, view, theme);
    }
    let keys = match area.width {
        60.. => "q quit  p hold  Tab panel  ↑↓ scroll  ? help",
        _ => "q quit  Tab ↑↓  ? help",
    };
    put(buffer, area, area.height - 1, keys, Theme::quiet());
}

/// The same as plain lines, in whatever height it takes.
pub(super) fn plain(view: &mut View, width: u16) -> String {
    let header = header::lines(view, Theme::default(), width);
    let needed: u16 = panels::all(view, width).iter().map(grid::Grid::height).sum();
    let top = u16::try_from(header.len()).unwrap_or(0);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, top.saturating_add(needed)));
    for (y, line) in (0..).zip(&header) {
        line.render(row(buffer.area, y), &mut buffer);
    }
    let body = Rect { y: top, height: needed, ..buffer.area };
    draw_panels(&mut buffer, body, view, Theme::default());
    (0..buffer.area.height).map(|y| text_of(&buffer, y)).collect::<Vec<_>>().join("\n")
}

fn draw_panels(buffer: &mut Buffer, body: Rect, view: &mut View, theme: Theme) {
    let grids = panels::all(view, body.width);
    let heights = heights(grids.each_ref().map(grid::Grid::height), body.height, view.panel);
    let mut y = body.y;
    for ((panel, grid), height) in Panel::ALL.into_iter().zip(grids).zip(heights) {
        let at = panel as usize;
        view.room[at] = usize::from(height.saturating_sub(grid::MARGIN));
        view.first[at] = view.first[at].min(grid.rows.len().saturating_sub(view.room[at]));
        let area = Rect { y, height, ..body };
        grid.draw(buffer, area, view.first[at], panel == view.panel, theme);
        y += height;
    }
}

/// Lines for each panel: what it needs, if there is room; else the chosen one gets the most.
fn heights(needed: [u16; 3], room: u16, chosen: Panel) -> [u16; 3] {
    let chosen = chosen as usize;
    if needed.iter().sum::<u16>() <= room {
        return needed;
    }
    let mut heights = [0; 3];
    if room < ALL_PANELS {
        heights[chosen] = room;
        return heights;
    }
    let mut left = room;
    for at in (0..3).filter(|at| *at != chosen) {
        heights[at] = needed[at].min(room / 4);
        left -= heights[at];
    }
    heights[chosen] = needed[chosen].min(left);
    left -= heights[chosen];
    for at in (0..3).filter(|at| *at != chosen) {
        let more = (needed[at] - heights[at]).min(left);
        heights[at] += more;
        left -= more;
    }
    heights
}

fn row(area: Rect, y: u16) -> Rect {
    Rect { y: area.y + y, height: 1, ..area }.intersection(area)
}

fn put(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) {
    Line::styled(fit(text, usize::from(area.width)), style).render(row(area, y), buffer);
}

/// A text of others on one line of at most so many columns, with an ellipsis for what has no room.
fn fit(text: &str, width: usize) -> String {
    let mut text = one_line(text);
    if text.width() <= width {
        return text;
    }
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used >= width
    });
    text.truncate(end.map_or(text.len(), |(at, _)| at));
    if width > 0 {
        text.push('…');
    }
    text
}

fn text_of(buffer: &Buffer, y: u16) -> String {
    let (mut line, mut x) = (String::new(), 0);
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        line.push_str(symbol);
        // A wide character stands in two cells.
        x += u16::try_from(symbol.width()).unwrap_or(1).max(1);
    }
    line.truncate(line.trim_end().len());
    line
}
