//! The first lines: which store, how many, how fast, and what is wrong.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::super::output::wrapped;
use super::super::look::{Look, QueueLine};
use super::super::rates::Pace;
use super::super::view::View;
use super::{Mood, Theme, fit};
use crate::queue::WorkerState;

/// Columns below which words are shortened.
const NARROW: u16 = 60;
/// Lines of a sentence about what is wrong.
const FAULT_LINES: usize = 2;

pub(super) fn lines(view: &View, theme: Theme, width: u16) -> Vec<Line<'static>> {
    let mut lines = vec![title(view, theme, usize::from(width))];
    if let Some(look) = &view.look {
        lines.push(Line::from(packed(&totals(look, width < NARROW), usize::from(width))));
        lines.push(Line::from(packed(&paces(view, width < NARROW), usize::from(width))));
    }
    if let Some(fault) = &view.fault {
        let sentence = fit(&format!("No answer: {fault}"), usize::from(width) * FAULT_LINES);
        let rows = wrapped(&sentence, usize::from(width)).into_iter().take(FAULT_LINES);
        lines.extend(rows.map(|row| Line::styled(fit(&row, usize::from(width)), theme.of(Mood::Bad))));
    }
    lines
}

/// The store, and the time of the look by its clock.
fn title(view: &View, theme: Theme, width: usize) -> Line<'static> {
    let time = view.look.as_ref().map(|look| look.at.to_rfc3339()).unwrap_or_default();
    let time = time.get(11..19).map(|time| format!(" {time} UTC")).unwrap_or_default();
    let (state, style) = match view.is_held {
        true => (" HELD", theme.of(Mood::Odd).add_modifier(Modifier::BOLD)),
        false => ("", Style::new()),
    };
    let left = fit(&format!("journeyman top  {}", view.store), width.saturating_sub(time.len() + state.len()));
    let gap = width.saturating_sub(left.width() + time.len() + state.len());
    Line::from(vec![
        Span::styled(left, Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(" ".repeat(gap)),
        Span::styled(state, style),
        Span::raw(time),
    ])
}

fn totals(look: &Look, is_narrow: bool) -> Vec<String> {
    let sum = |count: fn(&QueueLine) -> u64| super::panels::number(look.queues.iter().map(count).sum());
    let alive = || look.workers.iter().filter(|worker| worker.state != WorkerState::Lost);
    let (busy, slots) = alive().fold((0, 0), |(busy, slots), worker| (busy + worker.busy, slots + worker.slots));
    let words = match is_narrow {
        true => ["pend", "del", "run", "fail", "work"],
        false => ["pending", "delayed", "running", "failed", "workers"],
    };
    let mut items = vec![
        format!("{} {}", words[0], sum(|queue| queue.pending)),
        format!("{} {}", words[1], sum(|queue| queue.delayed)),
        format!("{} {}", words[2], sum(|queue| queue.running)),
        format!("{} {}", words[3], sum(|queue| queue.failed)),
        format!("{} {}", words[4], alive().count()),
    ];
    if !is_narrow {
        items.push(format!("{busy} of {slots} slots busy"));
    }
    items
}

fn paces(view: &View, is_narrow: bool) -> Vec<String> {
    let shown = |pace: Option<Pace>| match pace {
        Some(Pace { processed, failed, .. }) => {
            format!("{}/s, {}/s failed", super::panels::rate(processed), super::panels::rate(failed))
        }
        None => "–".to_owned(),
    };
    let lately = view.rates.lately();
    let stretch = lately.map_or(0, |pace| pace.over.as_secs());
    let mut items = vec![format!("now {}", shown(view.rates.now()))];
    if !is_narrow {
        items.push(format!("last {stretch} s {}", shown(lately)));
        items.push(format!("every {} s", view.interval.as_secs_f64()));
    }
    items
}

/// As many as there is room for.
fn packed(items: &[String], width: usize) -> String {
    let mut line = String::new();
    for item in items {
        let gap = if line.is_empty() { "" } else { "  " };
        if line.width() + gap.len() + item.width() > width {
            break;
        }
        line.push_str(gap);
        line.push_str(item);
    }
    line
}
