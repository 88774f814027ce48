//! What can go wrong between a job and the tables, by what can be done about it.

use std::fmt;

use journeyman_job::JobError;

/// Why a change was not made.
///
/// It does not implement `std::error::Error`: `?` would make each of them a failure that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Given up for the sake of others, or another was faster with a key: the same again may find its way.
    Contended(String),
    /// A row with such a key is there: after another look at the tables it is known which.
    Duplicate(String),
    /// The database cannot be reached, or not now. Whether a change that was being committed is in is not known.
    Passing(String),
    /// Nothing was changed, and trying again is no use.
    Refused(String),
}

impl Fault {
    /// A refusal that names the field at fault by its JSON pointer.
    pub(super) fn of_field(pointer: &str, rule: impl std::fmt::Display) -> Self {
        Self::Refused(format!("{pointer}: {rule}"))
    }

    /// Something in a row that this build did not write.
    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Refused(format!("the tables hold something that cannot be read: {what}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contended(said) => write!(f, "others were changing the same rows: {said}"),
            Self::Duplicate(said) => write!(f, "such a row is there already: {said}"),
            Self::Passing(said) => write!(f, "the tables cannot be reached: {said}"),
            Self::Refused(said) => f.write_str(said),
        }
    }
}

impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(_) | Fault::Duplicate(_) => Self::fatal(fault),
            Fault::Contended(_) | Fault::Passing(_) => Self::new(fault),
        }
    }
}
