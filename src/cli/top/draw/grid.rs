//! A table under a title, of which a part is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::{Mood, Theme, fit, put};

/// Lines that are not rows: the title, and the names of the columns.
pub(super) const MARGIN: u16 = 2;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) width: usize,
    pub(super) side: Side,
}

/// To which side its texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    pub(super) mood: Mood,
}

#[derive(Debug)]
pub(super) struct Grid {
    pub(super) title: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// What stands there if there are no rows.
    pub(super) nothing: &'static str,
}

impl Grid {
    /// Lines that it needs to show all.
    pub(super) fn height(&self) -> u16 {
        u16::try_from(self.rows.len().max(1)).unwrap_or(u16::MAX / 4).min(u16::MAX / 4) + MARGIN
    }

    /// Draws the rows from `first` on.
    pub(super) fn draw(&self, buffer: &mut Buffer, area: Rect, first: usize, is_chosen: bool, theme: Theme) {
        if area.height == 0 {
            return;
        }
        let room = usize::from(area.height.saturating_sub(MARGIN));
        put(buffer, area, 0, &self.head(first, room, usize::from(area.width)), theme.title(is_chosen));
        if self.rows.is_empty() {
            return put(buffer, area, 1, self.nothing, Theme::quiet());
        }
        let names: Vec<String> = self.columns.iter().map(|column| column.name.to_owned()).collect();
        put(buffer, area, 1, &self.line(&names), Theme::quiet());
        for (y, row) in (MARGIN..area.height).zip(self.rows.iter().skip(first)) {
            let style = if row.mood == Mood::Well { Style::new() } else { theme.of(row.mood) };
            put(buffer, area, y, &self.line(&row.cells), style);
        }
    }

    /// `── Queues 12, from 5 ───`.
    fn head(&self, first: usize, room: usize, width: usize) -> String {
        let count = self.rows.len();
        let part = match count > room && room > 0 {
            true => format!("{}–{} of {count}", first + 1, (first + room).min(count)),
            false => count.to_string(),
        };
        let text = format!("── {} {part} ", self.title);
        format!("{text}{}", "─".repeat(width.saturating_sub(text.width())))
    }

    fn line(&self, cells: &[String]) -> String {
        let padded = self.columns.iter().zip(cells).map(|(column, cell)| {
            let text = fit(cell, column.width);
            let gap = " ".repeat(column.width.saturating_sub(text.width()));
            if column.side == Side::Left { text + &gap } else { gap + &text }
        });
        padded.collect::<Vec<_>>().join(" ")
    }
}
