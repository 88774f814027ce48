//! Adds up what all processes have written.

use std::collections::BTreeMap;

use super::{Cell, Cells, Percentiles, Scale};
use crate::clock::Timestamp;
use crate::queue::{NoteKey, NoteKind, NoteRange, Store, StoreError};

/// Longest look back, minutes: two weeks.
pub const MOST_MINUTES: u64 = 20_160;
/// Notes read at once.
const PAGE: usize = 100;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// How far back; 60 to [`MOST_MINUTES`].
    pub minutes: u64,
    /// Those of one queue only, or of one type.
    pub queue: Option<String>,
    pub job_type: Option<String>,
}

/// The numbers of a stretch.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    pub processed: u64,
    pub failed: u64,
    pub retried: u64,
    /// Absent where nothing ran, or began.
    pub run: Option<Percentiles>,
    pub wait: Option<Percentiles>,
}

/// The numbers of a type over the whole time.
#[derive(Debug, Clone, PartialEq)]
pub struct OfType {
    pub job_type: String,
    pub processed: u64,
    pub failed: u64,
    pub run: Option<Percentiles>,
}

/// How it was.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub step_seconds: i64,
    /// One for each stretch, the present one last.
    pub points: Vec<Point>,
    /// By name.
    pub types: Vec<OfType>,
}

/// Reads the history up to now.
pub async fn read(store: &dyn Store, wanted: &Wanted) -> Result<History, StoreError> {
    let minutes = wanted.minutes.clamp(1, MOST_MINUTES);
    let scale = Scale::of(minutes);
    let step = scale.seconds();
    let last = scale.begin(store.time().await?);
    let count = (i64::try_from(minutes).unwrap_or(i64::MAX) * 60 + step - 1) / step;
    let first = last - (count - 1) * step;
    let mut points: BTreeMap<i64, Cell> = (0..count).map(|place| (first + place * step, Cell::default())).collect();
    let mut types: BTreeMap<String, Cell> = BTreeMap::new();
    let mut take = |key: &NoteKey, body: &[u8]| {
        let Some(point) = scale.begin_in(key).and_then(|begin| points.get_mut(&begin)) else { return };
        // What cannot be read is no reason to show nothing of the rest.
        for (queue, job_type, cell) in Cells::decode(body).unwrap_or_default().iter() {
            let is_wanted = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|name| name == found);
            if is_wanted(&wanted.queue, queue) && is_wanted(&wanted.job_type, job_type) {
                point.merge(cell);
                types.entry(job_type.to_owned()).or_default().merge(cell);
            }
        }
    };
    each_note(store, scale, first, last, &mut take).await?;
    let point = |(begin, cell): (i64, Cell)| Point {
        at: Timestamp::from_micros(begin * 1_000_000),
        processed: cell.processed,
        failed: cell.failed,
        retried: cell.retried,
        run: cell.run.percentiles(),
        wait: cell.wait.percentiles(),
    };
    let of_type = |(job_type, cell): (String, Cell)| OfType {
        job_type,
        processed: cell.processed,
        failed: cell.failed,
        run: cell.run.percentiles(),
    };
    Ok(History {
        step_seconds: step,
        points: points.into_iter().map(point).collect(),
        types: types.into_iter().map(of_type).collect(),
    })
}

/// Goes through the notes of a scale, page by page.
async fn each_note(
    store: &dyn Store,
    scale: Scale,
    first: i64,
    last: i64,
    take: &mut (dyn FnMut(&NoteKey, &[u8]) + Send),
) -> Result<(), StoreError> {
    let key = |begin| scale.key(begin, "").map_err(|error| StoreError::Refused(error.to_string()));
    let mut range = NoteRange {
        kind: NoteKind::History,
        from: key(first)?,
        to: key(last + scale.seconds())?,
        latest_first: false,
        max: PAGE,
    };
    loop {
        let page = store.read_notes(&range).await?;
        page.iter().for_each(|(key, body)| take(key, body));
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else { return Ok(()) };
        // The next key that there can be.
        let Ok(next) = NoteKey::new(&format!("{last}-")) else { return Ok(()) };
        range.from = next;
    }
}
