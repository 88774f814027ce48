//! From a stored body to a job that can run.

use journeyman_job::{Job, Misfit, RawJson, registry};

/// Why a body or payload is no job of this binary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Another worker may know it: the job is not at fault.
    #[error("unknown job type {name:?}{}", hint(.name))]
    UnknownType { name: String },
    /// `pointer` is the JSON pointer of the faulty place inside the payload, empty for the payload itself.
    #[error("job {name}: {}{message}", at(.pointer))]
    Payload { name: String, pointer: String, message: String },
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{pointer}: ") }
}

/// Names the closest known type; the list of all of them is for `journeyman types`.
fn hint(name: &str) -> String {
    let closest = registry::names()
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    closest.map_or_else(String::new, |(_, known)| format!(" (did you mean {known:?}?)"))
}

/// Decodes the job of a type name and its payload.
pub fn decode_payload(name: &str, data: &RawJson) -> Result<Box<dyn Job>, Undecodable> {
    // Type before data: in that order typetag reads the payload straight from the text, exact numbers and all.
    let quoted = serde_json::Value::from(name);
    decode(name, format!(r#"{{"type":{quoted},"data":{}}}"#, data.get()).as_bytes())
}

/// Decodes the job in a stored body whose type name is `name`.
pub fn decode(name: &str, body: &[u8]) -> Result<Box<dyn Job>, Undecodable> {
    if !registry::knows(name) {
        return Err(Undecodable::UnknownType { name: name.to_owned() });
    }
    registry::decode(name, body).map_err(|Misfit { pointer, message }| {
        let name = name.to_owned();
        Undecodable::Payload { name, pointer, message }
    })
}
