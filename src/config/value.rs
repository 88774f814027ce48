//! What a kind of value has to be able to do, and the kinds that are made of others: choices, lists, optional values.

use std::ops::RangeInclusive;

use super::secret::MASK;

/// A kind of value.
pub(super) trait Value: Sized {
    /// Whether an array of the file may give it. Its elements arrive joined by commas.
    const IS_LIST: bool = false;

    /// Reads the text. The error is the rule the text breaks, as the end of a sentence: "give a whole number".
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as people may see it, in a form that `parse` takes unless something is masked; `None` if there is none.
    fn show(&self) -> Option<String>;

    /// A text that `parse` may have refused, with what must not be seen left out: whatever the kind, it may be the address
    /// of a server, put there by mistake and with its password.
    fn mask(text: &str) -> String {
        if text.contains('@') || text.contains("://") { MASK.to_owned() } else { text.to_owned() }
    }
}

/// A kind of value that a setting can hold within bounds.
pub(super) trait Bounded: Value {
    type Bound;

    fn is_within(&self, bounds: &RangeInclusive<Self::Bound>) -> bool;

    /// What both an unreadable value and one out of bounds are answered with.
    fn rule(bounds: &RangeInclusive<Self::Bound>) -> String;
}

/// A kind of value that is one of a few names.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const CHOICES: &'static [(&'static str, Self)];

    /// Why a name that people may well try is none of them.
    fn refusal(_name: &str) -> Option<&'static str> {
        None
    }
}

impl<T: Choice> Value for T {
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim().to_ascii_lowercase();
        if let Some((_, choice)) = T::CHOICES.iter().find(|(known, _)| *known == name) {
            return Ok(*choice);
        }
        let names: Vec<&str> = T::CHOICES.iter().map(|(known, _)| *known).collect();
        let rule = format!("give one of {}", names.join(", "));
        Err(T::refusal(&name).map_or_else(|| rule.clone(), |refusal| format!("{refusal}, {rule}")))
    }

    fn show(&self) -> Option<String> {
        T::CHOICES.iter().find(|(_, choice)| choice == self).map(|(name, _)| (*name).to_owned())
    }
}

/// Comma separated. A value given twice counts once, where it came first.
impl<T: Value + PartialEq> Value for Vec<T> {
    const IS_LIST: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let mut list = Self::new();
        for item in text.split(',') {
            let item = T::parse(item)?;
            if !list.contains(&item) {
                list.push(item);
            }
        }
        Ok(list)
    }

    fn show(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(T::show).collect();
        Some(items.join(","))
    }

    fn mask(text: &str) -> String {
        T::mask(text)
    }
}

/// An empty text is no value, so that a higher layer can take away what a lower one gave.
impl<T: Value> Value for Option<T> {
    const IS_LIST: bool = T::IS_LIST;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }

    fn mask(text: &str) -> String {
        T::mask(text)
    }
}

impl<T: Bounded> Bounded for Option<T> {
    type Bound = T::Bound;

    fn is_within(&self, bounds: &RangeInclusive<T::Bound>) -> bool {
        self.as_ref().is_none_or(|value| value.is_within(bounds))
    }

    fn rule(bounds: &RangeInclusive<T::Bound>) -> String {
        T::rule(bounds)
    }
}
