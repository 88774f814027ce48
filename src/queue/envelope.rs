//! What is frozen at dispatch.

use std::borrow::Cow;

use bytes::Bytes;
use journeyman_job::{Dispatch, JobId, JobOptions, Priority, QueueName, RawJson};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A dispatched job: its id, where it goes, and its body as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    pub id: JobId,
    pub queue: QueueName,
    pub priority: Priority,
    /// The stored form, opaque to every store: see [`Body`].
    pub body: Bytes,
}

/// The stored form, read: `{"type": …, "data": …, "v": 1, "o": {options}}`.
///
/// The first two members are what typetag reads, and it skips the others, so a body is also a serialised job.
#[derive(Debug, Serialize, Deserialize)]
pub struct Body<'a> {
    #[serde(rename = "type", borrow)]
    pub type_name: Cow<'a, str>,
    #[serde(borrow)]
    pub data: &'a RawValue,
    #[serde(rename = "v")]
    pub version: u16,
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub options: JobOptions,
}

fn is_default(options: &JobOptions) -> bool {
    *options == JobOptions::default()
}

impl Envelope {
    /// Version of the stored form that this build writes, and the newest it reads.
    pub const VERSION: u16 = 1;

    /// Freezes a dispatch under the caller's id or a fresh one. `queue_priority` applies where neither the caller nor the job names one.
    pub fn freeze(dispatch: &Dispatch, queue_priority: Option<Priority>) -> Self {
        Self::frozen(dispatch, dispatch.frozen_options(queue_priority))
    }

    /// The same under these options.
    pub fn frozen(dispatch: &Dispatch, options: JobOptions) -> Self {
        let queue = dispatch.queue().clone();
        let priority = options.priority;
        let body = write(&dispatch.spec.type_name, &dispatch.spec.data, options);
        let id = dispatch.options.id.unwrap_or_else(|| JobId::generate(&queue));
        Self { id, queue, priority, body }
    }
}

fn write(type_name: &str, data: &RawJson, options: JobOptions) -> Bytes {
    #[derive(Serialize)]
    struct Written<'a> {
        #[serde(rename = "type")]
        type_name: &'a str,
        data: &'a RawJson,
        v: u16,
        #[serde(rename = "o", skip_serializing_if = "is_default")]
        options: JobOptions,
    }
    let written = Written { type_name, data, v: Envelope::VERSION, options };
    let mut body = Vec::with_capacity(type_name.len() + data.get().len() + 64);
    // Writing strings, numbers and finished JSON into memory cannot fail.
    serde_json::to_writer(&mut body, &written).map(|()| Bytes::from(body)).unwrap_or_default()
}

impl<'a> Body<'a> {
    /// Whether a stored body has options of its own, told without reading it: they come last. What cannot be read may.
    pub fn has_options(body: &[u8]) -> bool {
        !body.ends_with(br#","v":1}"#)
    }

    /// Reads a stored body; the error says why it is none.
    pub fn read(body: &'a [u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if read.version > Envelope::VERSION {
            return Err(format!("written in form {}, this build reads up to {}", read.version, Envelope::VERSION));
        }
        Ok(read)
    }
}

/// What a worker needs of a stored body beside the job itself.
#[derive(Debug)]
pub struct Head<'a> {
    pub type_name: Cow<'a, str>,
    pub options: JobOptions,
}

impl<'a> Head<'a> {
    /// Reads it; the error says why it is none. Of a body without options, as most are, only the name is looked at: whoever
    /// decodes the job reads the rest, and would read it a second time here.
    pub fn read(body: &'a [u8]) -> Result<Self, String> {
        if let Some(name) = plain_name(body) {
            return Ok(Self { type_name: Cow::Borrowed(name), options: JobOptions::default() });
        }
        Body::read(body).map(|Body { type_name, options, .. }| Self { type_name, options })
    }
}

/// The type's name in a body as [`write`] makes it, if that has no options and the name needs no escapes.
fn plain_name(body: &[u8]) -> Option<&str> {
    let rest = body.strip_prefix(br#"{"type":""#)?;
    let end = rest.iter().position(|&byte| byte == b'"' || byte == b'\\')?;
    let (name, data) = rest.split_at(end);
    let is_plain = data.starts_with(br#"","data":"#) && !Body::has_options(body);
    is_plain.then(|| std::str::from_utf8(name).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::JobSpec;

    fn dispatch() -> Dispatch {
        Dispatch::from(JobSpec {
            type_name: "echo".into(),
            data: RawJson::parse(r#"{"value": [ ], "n":9007199254740993}"#.into()).unwrap(),
            queue: QueueName::default(),
            options: JobOptions::default(),
            has_priority: false,
            unique: None,
        })
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let plain = Envelope::freeze(&dispatch(), None);
        assert_eq!(plain.body, r#"{"type":"echo","data":{"value": [ ], "n":9007199254740993},"v":1}"#);
        let urgent = Envelope::freeze(&dispatch().priority(Priority::High).max_tries(7), None);
        assert!(urgent.body.ends_with(br#","v":1,"o":{"p":"high","m":7}}"#), "{:?}", urgent.body);
    }

    #[test]
    fn a_queues_priority_yields_to_the_jobs_and_the_callers() {
        let frozen = |dispatch: &Dispatch| Envelope::freeze(dispatch, Some(Priority::Low)).priority;
        assert_eq!(frozen(&dispatch()), Priority::Low);
        assert_eq!(frozen(&dispatch().priority(Priority::High)), Priority::High);
        let mut own = dispatch();
        own.spec.has_priority = true;
        assert_eq!(frozen(&own), Priority::Normal);
    }

    #[test]
    fn a_body_without_options_is_known_by_its_end() {
        let with_options = dispatch().max_tries(7);
        for (dispatch, expected) in [(dispatch(), false), (with_options, true)] {
            let body = Envelope::freeze(&dispatch, None).body;
            assert_eq!(Body::has_options(&body), expected, "{body:?}");
            assert_eq!(Body::read(&body).unwrap().options != JobOptions::default(), expected, "{body:?}");
        }
        // Payloads end before it, whatever is in them.
        let end: &[u8] = br#"{"type":"echo","data":{"a":","v":1}"},"v":1,"o":{"m":7}}"#;
        assert!(Body::has_options(end) && Body::has_options(b""));
    }

    #[test]
    fn a_head_is_that_of_the_whole_body_however_it_is_written() {
        let bodies = [
            r#"{"type":"echo","data":{"value":1},"v":1}"#,
            r#"{"type":"echo","data":{"value":1},"v":1,"o":{"m":7}}"#,
            r#"{"type":"echo","v":1,"data":{"a":","v":1}"},"v":1}"#,
            r#"{"type":"ec\u0068o","data":{},"v":1}"#,
            r#"{ "type":"echo","data":{},"v":1}"#,
            r#"{"v":1,"type":"echo","data":{}}"#,
            r#"{"type":"echo","data":{},"v":2}"#,
        ];
        for body in bodies {
            let told = |read: Result<(String, JobOptions), String>| read.map_err(|_| ());
            let head = Head::read(body.as_bytes()).map(|head| (head.type_name.into_owned(), head.options));
            let whole = Body::read(body.as_bytes()).map(|body| (body.type_name.into_owned(), body.options));
            assert_eq!(told(head), told(whole), "{body}");
        }
        assert!(plain_name(bodies[0].as_bytes()).is_some());
        assert!(bodies[1..].iter().all(|body| plain_name(body.as_bytes()).is_none()));
    }

    #[test]
    fn a_newer_form_is_refused_by_name() {
        let error = Body::read(br#"{"type":"echo","data":{},"v":2}"#).unwrap_err();
        assert_eq!(error, "written in form 2, this build reads up to 1");
    }
}
