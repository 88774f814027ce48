//! What is drawn, in terminals of several sizes and of whatever texts.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw::{self, Theme};
use super::keys::Key;
use super::look::{FailureLine, Look, QueueLine, WorkerLine};
use super::view::View;
use crate::clock::Timestamp;
use crate::queue::{Counters, WorkerState};
use crate::telemetry::is_obeyed;

const SECOND: Duration = Duration::from_secs(1);
const SIZES: [(u16, u16); 5] = [(80, 24), (40, 12), (160, 50), (20, 5), (3, 1)];
/// Escapes, line breaks, turns of direction, wide and combined letters, and long ones.
const HOSTILE: [&str; 4] = [
    "\u{1b}[2J\u{1b}]0;x\u{7}\n\r\t",
    "\u{202e}evil\u{2028}\u{9b}31m",
    "日本語の長い名前日本語の長い名前日本語の長い名前",
    "e\u{301}👩‍👩‍👧",
];

fn queue(name: &str, pending: u64, processed: u64) -> QueueLine {
    QueueLine {
        name: name.to_owned(),
        pending,
        failed: 3,
        counters: Counters { processed, ..Counters::default() },
        oldest: Some(90 * SECOND),
        ..QueueLine::default()
    }
}

fn worker(name: &str, state: WorkerState) -> WorkerLine {
    WorkerLine {
        name: name.to_owned(),
        host: "web-1".to_owned(),
        state,
        busy: 3,
        slots: 8,
        seen: Some(2 * SECOND),
        queues: "mail, any other".to_owned(),
        runs: "sleep ×3".to_owned(),
    }
}

fn failure(text: &str) -> FailureLine {
    let at = Some(Timestamp::from_micros(1_770_000_000_000_000));
    FailureLine { at, task_type: text.to_owned(), queue: "mail".to_owned(), why: format!("error: {text}") }
}

/// After two looks, a second apart, in which queue `mail` did ten jobs.
fn view(queues: Vec<QueueLine>, workers: Vec<WorkerLine>, failures: Vec<FailureLine>) -> View {
    let mut view = View::new("SQLite data/journeyman.db".to_owned(), SECOND);
    let mut look = Look { at: Timestamp::from_micros(1_770_000_100_000_000), queues, workers, ..Look::default() };
    look.failures.lines = failures;
    view.seen(look.clone());
    look.at = look.at.plus(SECOND);
    look.queues.iter_mut().filter(|queue| queue.name == "mail").for_each(|queue| queue.counters.processed += 10);
    view.seen(look);
    view
}

fn busy() -> View {
    let queues = vec![queue("default", 0, 5), queue("mail", 400, 100)];
    view(queues, vec![worker("web-1-4711-a1b2", WorkerState::Running)], vec![failure("send_mail")])
}

fn many() -> View {
    let queues = (0..40).map(|number| queue(&format!("queue-{number:02}"), number, 0)).collect();
    let workers = (0..40).map(|number| worker(&format!("worker-{number:02}"), WorkerState::Running)).collect();
    view(queues, workers, (0..10).map(|number| failure(&format!("type-{number}"))).collect())
}

fn draw_on(view: &mut View, (width, height): (u16, u16), theme: Theme) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame.buffer_mut(), view, theme)).unwrap();
    terminal
}

fn drawn(view: &mut View, size: (u16, u16)) -> Vec<String> {
    let terminal = draw_on(view, size, Theme::default());
    let cells: Vec<&str> = terminal.backend().buffer().content.iter().map(|cell| cell.symbol()).collect();
    cells.chunks(usize::from(size.0)).map(|row| row.concat().trim_end().to_owned()).collect()
}

fn has(lines: &[String], words: &[&str]) {
    let is_there = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(is_there, "{words:?} in\n{}", lines.join("\n"));
}

fn has_not(lines: &[String], word: &str) {
    assert!(!lines.iter().any(|line| line.contains(word)), "{word:?} in\n{}", lines.join("\n"));
}

#[test]
fn r51_at_80_by_24_all_is_there() {
    let lines = drawn(&mut busy(), (80, 24));
    has(&lines, &["journeyman top", "SQLite data/journeyman.db", "02:41:41 UTC"]);
    has(&lines, &["pending 400", "failed 6", "workers 1", "3 of 8 slots busy"]);
    has(&lines, &["now 10/s, 0/s failed", "last 1 s 10/s", "every 1 s"]);
    has(&lines, &["mail", "running", "400", "10", "90s"]);
    has(&lines, &["web-1-4711-a1b2", "running", "3/8", "2s", "sleep ×3"]);
    has(&lines, &["1m", "send_mail", "mail", "error: send_mail"]);
    assert!(lines[23].starts_with("q quit"), "{lines:?}");
}

#[test]
fn r51_a_small_terminal_shows_one_panel_and_a_wide_one_more_columns() {
    let mut busy = busy();
    let lines = drawn(&mut busy, (40, 12));
    has(&lines, &["pend 400", "del 0", "run 0"]);
    has(&lines, &["mail", "400"]);
    has_not(&lines, "web-1-4711");
    busy.act(Key::NextPanel);
    let lines = drawn(&mut busy, (40, 12));
    has(&lines, &["web-1-4711-a1b2", "running", "3/8"]);
    has_not(&lines, "oldest");
    let lines = drawn(&mut busy, (160, 50));
    has(&lines, &["mail", "400", "10", "40s", "110"]);
    has(&lines, &["web-1-4711-a1b2", "web-1", "mail, any other"]);
}

#[test]
fn r51_the_chosen_panel_scrolls_and_stops_at_its_ends() {
    let mut many = many();
    has(&drawn(&mut many, (80, 24)), &["Queues", "1–8 of 40"]);
    many.act(Key::Last);
    let lines = drawn(&mut many, (80, 24));
    has(&lines, &["Queues", "33–40 of 40"]);
    has(&lines, &["queue-39"]);
    many.act(Key::Up);
    has(&drawn(&mut many, (80, 24)), &["32–39 of 40"]);
    many.act(Key::PageUp);
    has(&drawn(&mut many, (80, 24)), &["24–31 of 40"]);
    many.act(Key::First);
    many.act(Key::Up);
    has(&drawn(&mut many, (80, 24)), &["1–8 of 40"]);
    many.act(Key::PanelBefore);
    many.act(Key::PanelBefore);
    many.act(Key::Down);
    has(&drawn(&mut many, (80, 24)), &["Workers", "2–9 of 40"]);
}

#[test]
fn r51_a_store_that_is_away_is_told_of_and_what_was_seen_stays() {
    let mut view = busy();
    view.missed(format!("cannot reach Redis at 127.0.0.1:6379: {}", "refused ".repeat(50)));
    let lines = drawn(&mut view, (80, 24));
    has(&lines, &["No answer: cannot reach Redis"]);
    has(&lines, &["mail", "400"]);
    view.seen(Look::default());
    has_not(&drawn(&mut view, (80, 24)), "No answer");
    let mut new = View::new("Redis".to_owned(), SECOND);
    has(&drawn(&mut new, (80, 24)), &["looking …"]);
}

#[test]
fn r51_the_help_comes_and_goes_and_a_held_screen_says_so() {
    let mut view = busy();
    assert!(!view.act(Key::Help) && !view.act(Key::Hold));
    let lines = drawn(&mut view, (80, 24));
    has(&lines, &["q, Ctrl-C, Esc", "quit"]);
    has(&lines, &["HELD"]);
    assert!(!view.act(Key::Back), "out of the help only");
    has(&drawn(&mut view, (80, 24)), &["mail", "400"]);
    assert!(view.act(Key::Back) && view.act(Key::Quit));
}

#[test]
fn r51_no_text_of_others_is_obeyed_or_leaves_its_place_in_any_size() {
    for text in HOSTILE {
        let long = text.repeat(60);
        for text in [text, &long] {
            let mut view = view(vec![queue(text, 1, 1)], vec![worker(text, WorkerState::Lost)], vec![failure(text)]);
            view.look.as_mut().unwrap().workers[0].runs = text.to_owned();
            view.store = text.to_owned();
            view.missed(text.to_owned());
            for size in SIZES {
                let lines = drawn(&mut view, size);
                assert!(!lines.concat().contains(is_obeyed), "{lines:?}");
                if size.0 >= 80 {
                    has(&lines, &["q quit"]);
                    has(&lines, &["lost", "3/8"]);
                }
            }
            for width in [20, 80] {
                let plain = draw::plain(&mut view, width);
                assert!(!plain.replace('\n', "").contains(is_obeyed), "{plain:?}");
                let widest = plain.lines().map(unicode_width::UnicodeWidthStr::width).max();
                assert!(widest <= Some(usize::from(width)), "{plain}");
            }
        }
    }
}

#[test]
fn r51_plain_lines_have_every_row_and_no_key() {
    let plain = draw::plain(&mut many(), 80);
    for word in ["queue-00", "queue-39", "worker-39", "type-9", "now 0/s"] {
        assert!(plain.contains(word), "{word} in\n{plain}");
    }
    assert!(!plain.contains("q quit"));
}

#[test]
fn r51_nothing_is_coloured_where_no_colour_is_wanted() {
    let paint = |is_coloured| {
        let mut view = view(vec![], vec![worker("w", WorkerState::Lost)], vec![]);
        let terminal = draw_on(&mut view, (80, 24), Theme { is_coloured });
        terminal.backend().buffer().content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(paint(true) && !paint(false));
}
