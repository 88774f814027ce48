//! The job types that this binary knows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use schemars::Schema;
use serde::Deserialize;
use serde::de::{self, IntoDeserializer, value::MapDeserializer};

use crate::Job;

/// One job type as `#[job]` recorded it.
#[derive(Debug)]
pub struct JobType {
    pub name: &'static str,
    /// Path of the Rust type, to tell two types of one name apart.
    pub rust_type: &'static str,
    /// File and line of the `#[job]`.
    pub source: &'static str,
    pub schema: fn() -> Schema,
}

inventory::collect!(JobType);

/// Why a set of job types cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("two job types are named {name:?}: {first} and {second}; give one of them another name")]
    Duplicate { name: String, first: String, second: String },
    #[error(
        "this binary knows no job types; add `use jobs as _;` to the file with `main`, or the compiler leaves the crate out"
    )]
    Empty,
}

/// All recorded types, by name. Types in the plain typetag form are not among them; [`names`] has every one.
pub fn types() -> Vec<&'static JobType> {
    let mut types: Vec<_> = inventory::iter::<JobType>.into_iter().collect();
    types.sort_by_key(|job_type| job_type.name);
    types
}

/// The recorded type of that name.
pub fn find(name: &str) -> Option<&'static JobType> {
    inventory::iter::<JobType>.into_iter().find(|job_type| job_type.name == name)
}

/// Whether a job of this type can be decoded.
pub fn knows(name: &str) -> bool {
    names().binary_search(&name).is_ok()
}

/// Names of every type that can be decoded, sorted, whichever way it was declared.
pub fn names() -> &'static [&'static str] {
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
    for name in names() {
        if let Err(Probe::Other(message)) = probe(name)
            && message.contains("non-unique")
        {
            return Err(RegistryError::Duplicate {
                name: (*name).to_owned(),
                first: find(name).map_or_else(|| "a plain typetag type".to_owned(), described),
                second: "a plain typetag type".to_owned(),
            });
        }
    }
    Ok(())
}

fn described(job_type: &JobType) -> String {
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

impl de::Error for Probe {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Unknown(expected)
    }
}
