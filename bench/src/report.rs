//! The figures, for people and for programs.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::{Arguments, Section};
use crate::figures::{median, range};
use crate::push::PAYLOAD;
use crate::rounds::{BACKLOG, BARE, BARE_PUSH, BARE_REDIS, CLUSTER, DRAIN, FEW, HTTP, MANY, PEERS, PUSH, REQUESTS};
use crate::stores::Kind;
use crate::{backlog, busy, cluster, due, pages};

/// What a figure counts; it decides how it is written.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    PerSecond,
    Millis,
    Mib,
    Micros,
    Seconds,
    Bytes,
}

#[derive(Debug, Clone)]
struct Figure {
    section: &'static str,
    name: String,
    /// None for what no store has part in.
    store: Option<Kind>,
    unit: Unit,
    rounds: Vec<f64>,
}

/// What a figure of ours is to another's, by medians.
#[derive(Debug, Serialize)]
struct Ratio {
    store: &'static str,
    name: String,
    ratio: f64,
    than: String,
}

#[derive(Debug)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
    loads: Vec<String>,
}

impl Report {
    pub fn new(redis: &str, arguments: &Arguments) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let mut notes = vec![
            format!("{} rounds, the stores in turn: median [least-most].", arguments.rounds),
            format!("{cores} cores, shared by everything here; redis-server {redis}, no persistence."),
            format!("Jobs: no-op, {PAYLOAD} bytes of JSON. Every store is created for one figure."),
            "Default settings throughout: at least once, a lease and a token per job, statistics kept, every job's \
             status and record kept (100 000 records, 7 days), all queues served."
                .to_owned(),
            "Redis pushes are atomic scripts; SQLite is in WAL mode, synchronous NORMAL: safe from a crash of the \
             process, not from a power cut."
                .to_owned(),
            "Drain: process start to exit, less the fastest of three empty runs; afterwards the store says completed \
             = jobs and nothing left. Job lines of `work` go to nowhere."
                .to_owned(),
        ];
        let of_sections = [
            (Section::Due, due::NOTE.to_owned()),
            (Section::Busy, busy::NOTE.to_owned()),
            (Section::Backlog, backlog::note(&arguments.sizes())),
            (Section::Pages, pages::note(&arguments.sizes())),
            (Section::Cluster, cluster::NOTE.to_owned()),
        ];
        notes.extend(of_sections.into_iter().filter(|(section, _)| arguments.wants(*section)).map(|(_, note)| note));
        notes.extend(arguments.peers.iter().map(|peer| format!("{}.", peer.caveat())));
        Self { figures: Vec::new(), notes, loads: Vec::new() }
    }

    pub fn round_begins(&mut self, load_average: String) {
        self.loads.push(load_average);
    }

    /// Adds one round's value of a figure.
    pub fn add(&mut self, section: &'static str, name: &str, store: Option<Kind>, unit: Unit, value: f64) {
        let is_same = |figure: &&mut Figure| figure.section == section && figure.name == name && figure.store == store;
        match self.figures.iter_mut().find(is_same) {
            Some(figure) => figure.rounds.push(value),
            None => self.figures.push(Figure { section, name: name.to_owned(), store, unit, rounds: vec![value] }),
        }
    }

    pub fn as_json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            let (least, most) = range(&figure.rounds);
            json!({
                "section": figure.section, "name": figure.name, "store": figure.store.map(Kind::name),
                "unit": figure.unit, "median": median(&figure.rounds), "min": least, "max": most,
                "rounds": figure.rounds,
            })
        });
        let figures: Vec<_> = figures.collect();
        json!({
            "figures": figures, "ratios": self.ratios(), "notes": self.notes, "load_average_by_round": self.loads,
        })
    }

    fn cell(&self, section: &str, name: &str, store: Option<Kind>) -> Option<String> {
        let is_it = |figure: &&Figure| figure.section == section && figure.name == name && figure.store == store;
        let figure = self.figures.iter().find(is_it)?;
        let (least, most) = range(&figure.rounds);
        let write = |value| written(figure.unit, value);
        let middle = write(median(&figure.rounds));
        Some(if figure.rounds.len() > 1 { format!("{middle} [{}-{}]", write(least), write(most)) } else { middle })
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>, [left, right]: [Kind; 2]) -> fmt::Result {
        writeln!(f, "\n{:<35}{:>22}{:>23}", "", left.name(), right.name())?;
        for (section, names) in self.rows() {
            let mut heading = Some(section);
            for name in names {
                let of = |store| self.cell(section, name, store);
                let cells = match of(None) {
                    Some(alone) => [None, Some(alone)],
                    None => [of(Some(left)), of(Some(right))],
                };
                if cells == [None, None] {
                    continue;
                }
                if let Some(heading) = heading.take() {
                    writeln!(f, "{heading}")?;
                }
                let [left, right] = cells.map(|cell| cell.unwrap_or("-".into()));
                writeln!(f, "  {name:<33}{left:>22}{right:>23}")?;
            }
        }
        Ok(())
    }

    /// What our figures are to the ceilings, our drains to those of others on the same store, and jobs among many to jobs
    /// among few; by medians.
    fn ratios(&self) -> Vec<Ratio> {
        let mut ratios = Vec::new();
        let mut add = |name: &str, own: &Figure, other: Option<&Figure>, than: &str| {
            let Some(other) = other else { return };
            let (ratio, store) = (median(&own.rounds) / median(&other.rounds), own.store.map_or("", Kind::name));
            ratios.push(Ratio { store, name: name.to_owned(), ratio, than: than.to_owned() });
        };
        for own in self.of(PUSH) {
            let bare = self.of(BARE_PUSH).find(|bare| bare.name == own.name && bare.store == own.store);
            add(&own.name, own, bare, "a bare store");
        }
        for own in self.of(HTTP).filter(|own| own.name == format!("enqueue{REQUESTS}")) {
            for bare in [BARE, BARE_REDIS] {
                let other = self.of(HTTP).find(|other| other.name == format!("{bare}{REQUESTS}"));
                add(&own.name, own, other, bare);
            }
        }
        for own in self.of(DRAIN).filter(|own| own.name.ends_with("jobs/s")) {
            for peer in self.of(PEERS).filter(|peer| peer.store == own.store) {
                add(&own.name, own, Some(peer), &peer.name);
            }
        }
        let named = |own: &Figure, name: &str| self.of(own.section).find(|of| of.name == name && of.store == own.store);
        for own in self.of(BACKLOG).filter(|own| own.name == MANY) {
            add(MANY, own, named(own, FEW), FEW);
        }
        let first = cluster::CASES[0].name;
        for own in self.of(CLUSTER).filter(|own| !own.name.starts_with(first)) {
            let what = own.name.rsplit_once(": ").map_or("", |(_, what)| what);
            add(&own.name, own, named(own, &format!("{first}: {what}")), first);
        }
        ratios
    }

    fn of(&self, section: &'static str) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(move |figure| figure.section == section)
    }

    /// Section and name of each row, in the order they were first measured.
    fn rows(&self) -> Vec<(&'static str, Vec<&str>)> {
        let mut sections: Vec<(&'static str, Vec<&str>)> = Vec::new();
        for figure in &self.figures {
            let names = match sections.iter_mut().position(|(section, _)| *section == figure.section) {
                Some(at) => &mut sections[at].1,
                None => &mut sections.push_mut((figure.section, Vec::new())).1,
            };
            if !names.contains(&figure.name.as_str()) {
                names.push(&figure.name);
            }
        }
        sections
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pair in [[Kind::Sqlite, Kind::Redis], [Kind::Mariadb, Kind::Postgres]] {
            if self.figures.iter().any(|figure| figure.store.is_some_and(|store| pair.contains(&store))) {
                self.write_table(f, pair)?;
            }
        }
        let ratios = self.ratios();
        if !ratios.is_empty() {
            writeln!(f, "\nRatios of medians")?;
        }
        for Ratio { store, name, ratio, than } in ratios {
            writeln!(f, "{store}, {name} = {ratio:.2} x {than}")?;
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "{}", wrapped(note))?;
        }
        writeln!(f, "{}", wrapped(&format!("Load average at the start of each round: {}.", self.loads.join("; "))))
    }
}

fn written(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PerSecond if value >= 1000.0 => format!("{:.1}k", value / 1000.0),
        Unit::PerSecond | Unit::Bytes => format!("{value:.0}"),
        // A tenth of a microsecond is nothing beside a millisecond, and it would not fit.
        Unit::Micros if value >= 100.0 => format!("{value:.0}"),
        Unit::Mib | Unit::Micros => format!("{value:.1}"),
        Unit::Millis | Unit::Seconds => format!("{value:.2}"),
    }
}

/// Broken between words to 80 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() > 78 => lines.push(word.to_owned()),
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => {}
        }
    }
    format!("- {}", lines.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::Peer;
    use clap::{Parser, ValueEnum};

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut report = Report::new("7.0.15", &Arguments::parse_from(["bench"]));
        for value in [112_345.0, 98_765.0, 123_456.0] {
            report.add("S", "no job lines, 256 slots, jobs/s", Some(Kind::Sqlite), Unit::PerSecond, value);
            report.add("S", "no job lines, 256 slots, jobs/s", Some(Kind::Redis), Unit::PerSecond, value);
            for peer in Peer::value_variants() {
                let store = Some(peer.store());
                report.add(DRAIN, "no job lines, 256 slots, jobs/s", store, Unit::PerSecond, value);
                report.add(PEERS, peer.name(), store, Unit::PerSecond, value / 10.0);
            }
            for store in [Kind::Sqlite, Kind::Redis, Kind::Mariadb] {
                report.add("S", "the handler alone", Some(store), Unit::Micros, value / 100.0);
                report.add(BACKLOG, FEW, Some(store), Unit::Micros, value / 1000.0);
                report.add(BACKLOG, MANY, Some(store), Unit::Micros, value / 10.0);
            }
            for case in cluster::CASES {
                let name = format!("{}: workers", case.name);
                report.add(CLUSTER, &name, Some(Kind::Redis), Unit::Micros, value / 100.0);
            }
        }
        let text = report.to_string();
        assert!(text.contains("112.3k [98.8k-123.5k]"), "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn the_rounds_of_a_figure_are_one_row() {
        let mut report = Report::new("7.0.15", &Arguments::parse_from(["bench"]));
        for value in [3.0, 1.0, 2.0] {
            report.add("S", "n", Some(Kind::Redis), Unit::Millis, value);
        }
        let figure = &report.as_json()["figures"][0];
        assert_eq!((&figure["median"], &figure["min"], &figure["store"]), (&json!(2.0), &json!(1.0), &json!("Redis")));
    }

    #[test]
    fn a_peer_is_compared_with_our_drains_on_its_store() {
        let mut report = Report::new("7.0.15", &Arguments::parse_from(["bench"]));
        for store in [Kind::Redis, Kind::Postgres] {
            report.add(DRAIN, "work, jobs/s", Some(store), Unit::PerSecond, 300.0);
        }
        report.add(PEERS, "other", Some(Kind::Postgres), Unit::PerSecond, 200.0);
        let expected = json!([{"store": "PostgreSQL", "name": "work, jobs/s", "ratio": 1.5, "than": "other"}]);
        assert_eq!(report.as_json()["ratios"], expected);
        assert!(report.to_string().contains("PostgreSQL, work, jobs/s = 1.50 x other"));
    }

    #[test]
    fn jobs_among_many_are_compared_with_jobs_among_few() {
        let mut report = Report::new("7.0.15", &Arguments::parse_from(["bench"]));
        for (name, value) in [(FEW, 20.0), (MANY, 22.0)] {
            report.add(BACKLOG, name, Some(Kind::Sqlite), Unit::Micros, value);
        }
        for case in cluster::CASES {
            for (who, value) in [("workers", 10.0), ("Redis", 8.0)] {
                report.add(CLUSTER, &format!("{}: {who}", case.name), Some(Kind::Redis), Unit::Micros, value);
            }
        }
        let text = report.to_string();
        assert!(text.contains("SQLite, many waiting = 1.10 x few waiting"), "{text}");
        assert!(text.contains("Redis, 4 x 3, cluster: workers = 1.00 x 1 x 1, one server"), "{text}");
        assert_eq!(report.ratios().len(), 1 + 2 * (cluster::CASES.len() - 1), "{text}");
    }

    #[test]
    fn a_section_is_explained_where_it_is_measured() {
        let notes = |line: &str| Report::new("7.0.15", &Arguments::parse_from(line.split(' '))).to_string();
        assert!(notes("bench --only backlog --quick").contains("Backlog: 100000 jobs waiting"));
        assert!(!notes("bench --only drain").contains("Backlog:"));
    }
}
