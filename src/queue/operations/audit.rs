//! Who has done what: a row of each thing that somebody did to a store by hand, or tried to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use journeyman_job::JobId;
use serde::Serialize;
use serde_json::Value;
use tracing::warn;

use super::Operations;
use crate::chance;
use crate::clock::Timestamp;
use crate::queue::{Note, NoteKey, NoteKind, NoteRange, StoreError};

/// Longest text of a row, characters: what it names may be as long as an address.
const LONGEST: usize = 300;
/// Ids of many that a row names.
const NAMED: usize = 5;
/// How long rows are kept where nothing is said.
pub(super) const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// Something that was done, or tried. Whoever asked has chosen much of it: to be shown as text, and as nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The name of an API key, the address that asked, or `cli:USER@HOST`.
    pub actor: Option<String>,
    /// A word that stays.
    pub action: String,
    /// A job, a queue, a worker, or how many of them. Never what a job holds.
    pub target: Option<String>,
    /// `done`, what it came to in numbers, or why it was not done.
    pub outcome: String,
    /// By which the server's log knows the request.
    pub request_id: Option<String>,
}

/// A deed on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// By the store's clock.
    pub at: Timestamp,
    pub deed: Deed,
}

/// Some of the rows, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    pub rows: Vec<AuditRow>,
    /// The row to go on from; none at the end.
    pub next: Option<AuditPlace>,
}

/// The place of a row: its time, and what tells it from others of that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlace {
    key: NoteKey,
    at: Timestamp,
}

/// What is the place of no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a next_cursor as it was given")]
pub struct NoAuditPlace;

impl Deed {
    /// The same with no text that is longer than what a row takes.
    #[must_use]
    pub fn cut(self) -> Self {
        let Self { actor, action, target, outcome, request_id } = self;
        Self {
            actor: actor.map(cut),
            action: cut(action),
            target: target.map(cut),
            outcome: cut(outcome),
            request_id: request_id.map(cut),
        }
    }

    /// What can be read of it.
    fn read(body: &[u8]) -> Self {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(|text| cut(text.to_owned()));
        Self {
            actor: text("actor"),
            action: text("action").unwrap_or_default(),
            target: text("target"),
            outcome: text("outcome").unwrap_or_default(),
            request_id: text("request_id"),
        }
    }
}

/// Jobs as a row names them: one by its id, of many how many they are and the first.
pub fn named(ids: &[JobId]) -> String {
    if let [id] = ids {
        return id.to_string();
    }
    let first: Vec<String> = ids.iter().take(NAMED).map(JobId::to_string).collect();
    let rest = if ids.len() > NAMED { ", …" } else { "" };
    format!("{} jobs: {}{rest}", ids.len(), first.join(", "))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

impl AuditPlace {
    /// Digits enough for the year 5000, so that keys sort by time.
    fn fresh(at: Timestamp) -> Result<Self, StoreError> {
        let key = format!("{:017}.{}", at.as_micros().max(0), chance::suffix());
        let key = NoteKey::new(&key).map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(Self { key, at })
    }
}

impl FromStr for AuditPlace {
    type Err = NoAuditPlace;

    fn from_str(text: &str) -> Result<Self, NoAuditPlace> {
        let (micros, rest) = text.split_once('.').ok_or(NoAuditPlace)?;
        let are_digits = micros.len() == 17 && micros.bytes().all(|byte| byte.is_ascii_digit());
        let is_hex = rest.len() == 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let micros = micros.parse().ok().filter(|_| are_digits && is_hex).ok_or(NoAuditPlace)?;
        let key = NoteKey::new(text).map_err(|_| NoAuditPlace)?;
        Ok(Self { key, at: Timestamp::from_micros(micros) })
    }
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl Operations {
    /// The same, keeping rows of what is done for that long; not at all if it is zero.
    #[must_use]
    pub fn with_audit_kept(self, audit_kept: Duration) -> Self {
        Self { audit_kept, ..self }
    }

    /// Leaves a row of what was done. What was done stays done if that fails: then the log says so.
    pub async fn put_on_record(&self, deed: Deed) {
        if self.audit_kept.is_zero() {
            return;
        }
        let deed = deed.cut();
        if let Err(error) = self.write_row(&deed).await {
            let Deed { actor, action, target, outcome, request_id } = &deed;
            warn!(actor, action, on = target, outcome, request.id = request_id, %error, "what was done is not on record");
        }
    }

    async fn write_row(&self, deed: &Deed) -> Result<(), StoreError> {
        let AuditPlace { key, .. } = AuditPlace::fresh(self.store.time().await?)?;
        let body = serde_json::to_vec(deed).map_err(|error| StoreError::Refused(error.to_string()))?;
        let note = Note { kind: NoteKind::Audit, key, body: body.into(), keep: self.audit_kept };
        self.store.write_notes(&[note]).await
    }

    /// The latest rows, from `start` on if it is given, at most `max`.
    pub async fn audit(&self, start: Option<AuditPlace>, max: usize) -> Result<Audited, StoreError> {
        // One more than is shown: the first of the next page.
        let all = NoteRange::all(NoteKind::Audit, max.saturating_add(1)).latest_first();
        let range = match start {
            Some(start) => NoteRange { to: start.key, ..all },
            None => all,
        };
        let mut notes = self.store.read_notes(&range).await?;
        let surplus = notes.split_off(notes.len().min(max));
        // What somebody else has put there under another name is none of ours.
        let next = surplus.first().and_then(|(key, _)| key.as_str().parse().ok());
        let row = |(key, body): &(NoteKey, bytes::Bytes)| {
            let AuditPlace { at, .. } = key.as_str().parse().ok()?;
            Some(AuditRow { at, deed: Deed::read(body) })
        };
        Ok(Audited { rows: notes.iter().filter_map(row).collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed() -> Deed {
        Deed {
            actor: Some("ann".to_owned()),
            action: "v1RunJob".to_owned(),
            target: None,
            outcome: "done".to_owned(),
            request_id: Some("r-1".to_owned()),
        }
    }

    #[test]
    fn places_sort_by_time_and_are_read_as_they_were_written() {
        let at = |micros| AuditPlace::fresh(Timestamp::from_micros(micros)).unwrap();
        let (first, later) = (at(999_999_999_999_999), at(1_770_000_000_000_000));
        assert!(first.key < later.key);
        assert_eq!(later.to_string().parse(), Ok(later));
        let wrong = ["", ".", "1.00000000", "00000000000000001.0000000g", "+0000000000000001.00000000"];
        for text in wrong.map(str::to_owned).into_iter().chain([format!("{first}0"), format!("0{first}")]) {
            assert_eq!(text.parse::<AuditPlace>(), Err(NoAuditPlace), "{text}");
        }
    }

    #[test]
    fn a_deed_is_read_as_it_was_written_and_of_a_damaged_one_what_is_left() {
        assert_eq!(Deed::read(&serde_json::to_vec(&deed()).unwrap()), deed());
        let nothing =
            Deed { actor: None, action: String::new(), target: None, outcome: String::new(), request_id: None };
        for body in [&b""[..], b"{", b"[1]", b"\xff", br#"{"actor":7,"action":{}}"#] {
            assert_eq!(Deed::read(body), nothing);
        }
        let some = Deed::read(br#"{"action":"retry","target":null,"outcome":3}"#);
        assert_eq!(some, Deed { action: "retry".to_owned(), ..nothing });
    }

    #[test]
    fn no_text_of_a_row_is_long() {
        let long = Deed { target: Some("ü".repeat(10_000)), ..deed() }.cut();
        assert_eq!(long.target.unwrap().chars().count(), LONGEST + 1);
        assert_eq!(Deed { outcome: "x".repeat(LONGEST), ..deed() }.cut().outcome.len(), LONGEST);
        let ids = vec!["0198c0de-7a11-7000-8000-00000000c8e5".parse::<JobId>().unwrap(); 1000];
        assert!(named(&ids).starts_with("1000 jobs: 0198c0de-"));
        assert!(named(&ids).len() < LONGEST);
        assert_eq!(named(&ids[..1]), ids[0].to_string());
    }
}
