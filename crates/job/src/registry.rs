//! The job types that this binary knows: typed ones, collected when it is linked, and handlers, registered while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use schemars::Schema;
use serde::Deserialize;
use serde::de::{Error, IntoDeserializer, value::MapDeserializer};

use crate::decode::{self, Misfit};
use crate::secret::Origin;
use crate::{Job, RawJson, handler};

/// One job type, as `#[job]` recorded it or as it was registered.
#[derive(Debug)]
pub struct JobType {
    pub name: &'static str,
    /// Path of the Rust type, to tell two types of one name apart; `a handler` for a function.
    pub rust_type: &'static str,
    /// File and line of the `#[job]` or of the registration.
    pub source: &'static str,
    pub schema: fn() -> Schema,
}

inventory::collect!(JobType);

/// Why a set of job types cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("two job types are named {name:?}: {first} and {second}; give one of them another name")]
    Duplicate { name: String, first: String, second: String },
    #[error("a job type cannot be named {0:?}: give 1 to 255 characters of A-Z a-z 0-9 . _ -")]
    Name(String),
    #[error("handler {name}: {message}")]
    Queue { name: String, message: String },
    #[error(
        "this binary knows no job types; add `use jobs as _;` to the file with `main`, or the compiler leaves the crate out"
    )]
    Empty,
}

/// The types that `#[job]` recorded, by name: what is known of this binary before it runs. Types in the plain typetag
/// form and handlers are not among them; [`names`] has every one.
pub fn types() -> Vec<&'static JobType> {
    let mut types: Vec<_> = inventory::iter::<JobType>.into_iter().collect();
    types.sort_by_key(|job_type| job_type.name);
    types
}

/// What is known of the type of that name; nothing of one in the plain typetag form.
pub fn find(name: &str) -> Option<&'static JobType> {
    recorded(name).or_else(|| handler::find(name).map(|found| &found.job_type))
}

fn recorded(name: &str) -> Option<&'static JobType> {
    inventory::iter::<JobType>.into_iter().find(|job_type| job_type.name == name)
}

/// Whether a job of this type can be decoded.
pub fn knows(name: &str) -> bool {
    typed_names().binary_search(&name).is_ok() || handler::find(name).is_some()
}

/// Names of every type that can be decoded, sorted, whichever way it was declared.
pub fn names() -> Vec<&'static str> {
    let mut names = typed_names().to_vec();
    names.extend(handler::names());
    names.sort_unstable();
    names
}

/// Decodes a stored body `{"type": …, "data": …}` as the type called `name`, which it must name itself. Sealed secrets in
/// it are opened.
pub fn decode(name: &str, body: &[u8]) -> Result<Box<dyn Job>, Misfit> {
    decode::decode(name, body, Origin::Store)
}

/// Decodes a payload that a caller has given for the type called `name`. Sealed secrets in it are refused.
pub fn decode_given(name: &str, data: &RawJson) -> Result<Box<dyn Job>, Misfit> {
    // Type before data: in that order typetag reads the payload straight from the text, exact numbers and all.
    let quoted = serde_json::Value::from(name).to_string();
    let body = [r#"{"type":"#, &quoted, r#","data":"#, data.get(), "}"].concat();
    decode::decode(name, body.as_bytes(), Origin::Caller)
}

fn typed_names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        // typetag keeps its list to itself, but hands it to the error of an unknown name.
        let mut names = match probe("") {
            Err(Probe::Unknown(names)) => names.to_vec(),
            Ok(()) | Err(Probe::Other(_)) => Vec::new(),
        };
        names.sort_unstable();
        names
    })
}

/// Refuses an empty set and two types of one name, naming both.
pub fn check() -> Result<(), RegistryError> {
    let mut seen: BTreeMap<&str, &JobType> = BTreeMap::new();
    for job_type in inventory::iter::<JobType> {
        if let Some(first) = seen.insert(job_type.name, job_type) {
            return Err(RegistryError::Duplicate {
                name: job_type.name.to_owned(),
                first: described(first),
                second: described(job_type),
            });
        }
    }
    if names().is_empty() {
        return Err(RegistryError::Empty);
    }
    // Of two plain typetag types of one name, typetag tells only when the name is used.
    for name in typed_names() {
        if let Err(Probe::Other(message)) = probe(name)
            && message.contains("non-unique")
        {
            return Err(RegistryError::Duplicate {
                name: (*name).to_owned(),
                first: recorded(name).map_or_else(|| PLAIN.to_owned(), described),
                second: PLAIN.to_owned(),
            });
        }
    }
    Ok(())
}

/// Refuses what `#[job]` would refuse as a name.
pub(crate) fn check_name(name: &str) -> Result<(), RegistryError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=255).contains(&name.len()) && name.chars().all(allowed);
    if fits { Ok(()) } else { Err(RegistryError::Name(name.to_owned())) }
}

/// The typed job of that name, in words.
pub(crate) fn typed(name: &str) -> Option<String> {
    let is_typed = typed_names().binary_search(&name).is_ok();
    is_typed.then(|| recorded(name).map_or_else(|| PLAIN.to_owned(), described))
}

const PLAIN: &str = "a plain typetag type";

pub(crate) fn described(job_type: &JobType) -> String {
    format!("{} ({})", job_type.rust_type, job_type.source)
}

fn probe(name: &str) -> Result<(), Probe> {
    let tagged = MapDeserializer::new(std::iter::once(("type", name.into_deserializer())));
    <Box<dyn Job>>::deserialize(tagged).map(|_| ())
}

/// A deserialisation error that keeps the list of known names.
#[derive(Debug)]
enum Probe {
    Unknown(&'static [&'static str]),
    Other(String),
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Probe {}

impl Error for Probe {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Unknown(expected)
    }
}
