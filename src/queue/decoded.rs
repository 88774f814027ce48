//! From a stored body to a job that can run.

use journeyman_job::{Job, Misfit, RawJson, registry};

/// Longest name, bytes, that is compared with those that are known.
const LONGEST_HINTED: usize = 100;

/// Why a body or payload is no job of this binary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Another worker may know it: the job is not at fault.
    #[error("unknown job type {name:?}{}", hint(.name))]
    UnknownType { name: String },
    /// `pointer` is the JSON pointer of the faulty place inside the payload, empty for the payload itself.
    #[error("job {name}: {}{message}", at(.pointer))]
    Payload {
        name: String,
        pointer: String,
        message: String,
        /// Another worker may have the key that a secret in it is sealed with: the job is not at fault.
        is_missing_key: bool,
    },
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{pointer}: ") }
}

/// Names the closest known type; the list of all of them is for `journeyman types`.
fn hint(name: &str) -> String {
    // To compare takes as long as both are together, and this one may be as long as a body.
    if name.len() > LONGEST_HINTED {
        return String::new();
    }
    let closest = registry::names()
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    closest.map_or_else(String::new, |(_, known)| format!(" (did you mean {known:?}?)"))
}

/// Decodes the job of a type name and the payload that a caller has given.
pub fn decode_payload(name: &str, data: &RawJson) -> Result<Box<dyn Job>, Undecodable> {
    known(name)?;
    // serde would read a list as the values of the fields in turn, which the type's own schema does not allow.
    if data.get().starts_with('[') && takes_an_object(name) {
        let message = "a list where an object of the job's fields belongs".to_owned();
        return Err(misfitting(name, Misfit { pointer: String::new(), message, is_missing_key: false }));
    }
    registry::decode_given(name, data).map_err(|misfit| misfitting(name, misfit))
}

/// Decodes the job in a stored body whose type name is `name`.
pub fn decode(name: &str, body: &[u8]) -> Result<Box<dyn Job>, Undecodable> {
    known(name)?;
    registry::decode(name, body).map_err(|misfit| misfitting(name, misfit))
}

fn takes_an_object(name: &str) -> bool {
    registry::find(name).is_some_and(|known| (known.schema)().get("type").is_some_and(|kind| kind == "object"))
}

fn known(name: &str) -> Result<(), Undecodable> {
    if registry::knows(name) { Ok(()) } else { Err(Undecodable::UnknownType { name: name.to_owned() }) }
}

fn misfitting(name: &str, misfit: Misfit) -> Undecodable {
    let Misfit { pointer, message, is_missing_key } = misfit;
    Undecodable::Payload { name: name.to_owned(), pointer, message, is_missing_key }
}
