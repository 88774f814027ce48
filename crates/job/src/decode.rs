//! From a type's name and a stored body to a job that can run.

use serde::Deserialize;

use crate::handler::{self, Registered};
use crate::secret::{self, Origin};
use crate::{Integral, Job, RawJson};

/// Why a body is no job of the type that it names.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// JSON pointer of the faulty place inside the payload, empty for the payload itself.
    pub pointer: String,
    pub message: String,
    /// It is sealed with a key that this process does not have: another one may.
    pub is_missing_key: bool,
}

/// Decodes `{"type": …, "data": …}` as the type called `name`, which must be known.
pub(crate) fn decode(name: &str, body: &[u8], origin: Origin) -> Result<Box<dyn Job>, Misfit> {
    let handler = handler::find(name);
    let (decoded, met) = secret::reading(name, origin, || read(handler, body));
    if met.plain && handler.is_some() {
        let message = "a handler's payload cannot hold a secret: make it a typed job".to_owned();
        return Err(Misfit { message, ..Misfit::default() });
    }
    if met.plain {
        secret::remember(name);
    }
    decoded.map_err(|misfit| Misfit { is_missing_key: met.missing_key, ..misfit })
}

fn read(handler: Option<&'static Registered>, body: &[u8]) -> Result<Box<dyn Job>, Misfit> {
    #[derive(Deserialize)]
    struct Tagged {
        data: RawJson,
    }
    match handler {
        // The first step of a path is the member `data` itself.
        None => tracked(body, 1),
        Some(handler) => handler.job(tracked::<Tagged>(body, 1)?.data),
    }
}

/// Reads JSON and tells where it does not fit, without the first `outer` steps of the path.
pub(crate) fn tracked<'de, T: Deserialize<'de>>(text: &'de [u8], outer: usize) -> Result<T, Misfit> {
    // Nearly every text fits. To keep track of the place costs more than reading, so it is done for those that do not.
    if let Ok(value) = T::deserialize(Integral(&mut serde_json::Deserializer::from_slice(text))) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    T::deserialize(serde_path_to_error::Deserializer::new(Integral(&mut deserializer), &mut track)).map_err(|error| {
        let pointer = track.path().iter().skip(outer).filter_map(pointer_step).collect();
        Misfit { pointer, message: without_position(&error.to_string()), is_missing_key: false }
    })
}

fn pointer_step(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment::{Enum, Map, Seq, Unknown};
    match segment {
        Seq { index } => Some(format!("/{index}")),
        Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Enum { .. } | Unknown => None,
    }
}

/// Line and column are those of a text that the caller never saw.
pub(crate) fn without_position(message: &str) -> String {
    message.rfind(" at line ").map_or(message, |end| &message[..end]).to_owned()
}
