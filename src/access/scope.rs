//! What a key may be good for.

use std::fmt;
use std::str::FromStr;

/// One kind of thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Put jobs into queues.
    Enqueue,
    /// Look at jobs, queues and metrics.
    Read,
    /// Take jobs and hand in their results: workers elsewhere.
    Work,
    /// Change what is in the queues: cancel, retry, purge, pause.
    Operate,
    /// All of the others too.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Enqueue, Self::Read, Self::Work, Self::Operate, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Read => "read",
            Self::Work => "work",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no scope. Quoted only if it is short and plain: it could be a key in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no scope: give enqueue, read, work, operate or admin")]
pub struct NoScope(String);

impl NoScope {
    fn new(word: &str) -> Self {
        let is_plain = word.len() <= 16 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        Self(if is_plain { format!("{word:?}") } else { "what is given".to_owned() })
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| NoScope::new(text))
    }
}

/// A set of scopes, at least one. Written `enqueue+read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub const ALL: Self = Self(1 << Scope::Admin as u8);

    /// `None` if there is none among them.
    pub fn new(scopes: &[Scope]) -> Option<Self> {
        let bits = scopes.iter().fold(0, |bits, scope| bits | 1 << *scope as u8);
        (bits != 0).then_some(Self(bits))
    }

    /// Whether `scope` is among them, by its name or by `admin`.
    pub fn allow(self, scope: Scope) -> bool {
        self.has(scope) || self.has(Scope::Admin)
    }

    fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(Scope::as_str).collect();
        f.write_str(&names.join("+"))
    }
}

impl FromStr for Scopes {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let scopes: Vec<Scope> = text.split('+').map(|word| word.trim().parse()).collect::<Result<_, _>>()?;
        Self::new(&scopes).ok_or_else(|| NoScope::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r45_admin_implies_every_scope_and_no_other_implies_any() {
        for given in Scope::ALL {
            let scopes = Scopes::new(&[given]).unwrap();
            for asked in Scope::ALL {
                assert_eq!(scopes.allow(asked), given == asked || given == Scope::Admin, "{given} {asked}");
            }
        }
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::ALL.allow(scope)));
    }

    #[test]
    fn scopes_read_back_as_they_are_written() {
        let scopes: Scopes = "read+enqueue+read".parse().unwrap();
        assert_eq!(scopes.to_string(), "enqueue+read");
        for bad in ["", "read+", "Read", "all", "read,enqueue"] {
            assert!(bad.parse::<Scopes>().is_err(), "{bad}");
        }
    }
}
