//! Reads settings one by one, keeping what `config show` lists and everything that is wrong.

use std::ops::RangeInclusive;

use super::error::{ConfigError, ConfigErrors};
use super::layers::{Layers, Origin, Raw};
use super::show::SettingRow;
use super::value::{Bounded, Value};

/// What is known of a setting besides its kind.
pub(super) struct Setting {
    /// `section.field`.
    pub key: &'static str,
    /// The variable of the environment and of `.env`.
    pub env: &'static str,
    /// Written as a user would; empty for none.
    pub default: &'static str,
    pub doc: &'static str,
}

/// Collects over all settings, so that one start tells all that is wrong.
pub(super) struct Reader<'a> {
    layers: &'a Layers<'a>,
    rows: Vec<SettingRow>,
    errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    /// Starts with the errors that the layers themselves had.
    pub fn new(layers: &'a Layers<'a>, errors: Vec<ConfigError>) -> Self {
        Self { layers, rows: Vec::new(), errors }
    }

    /// The value, or `None` and an error kept.
    pub fn read<T: Value>(&mut self, setting: &Setting) -> Option<T> {
        self.take(setting, T::parse)
    }

    /// The same for a value that has to lie within bounds.
    pub fn read_within<T: Bounded>(&mut self, setting: &Setting, bounds: &RangeInclusive<T::Bound>) -> Option<T> {
        self.take(setting, |text| {
            T::parse(text).ok().filter(|value: &T| value.is_within(bounds)).ok_or_else(|| T::rule(bounds))
        })
    }

    /// Where a setting came from that was read before.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.rows.iter().find(|row| row.key == key).map(|row| row.origin.clone())
    }

    /// Refuses settings that are fine by themselves but not together. `rule` ends the sentence that names them all.
    pub fn conflict(&mut self, keys: &[&str], rule: String) {
        let rows = keys.iter().filter_map(|key| self.rows.iter().find(|row| row.key == *key));
        let given = rows.map(|row| {
            let value = row.value.as_deref().unwrap_or_default();
            format!("{} is {value:?} ({})", row.key, row.origin.in_words())
        });
        self.errors.push(ConfigError::Conflict { given: given.collect(), rule });
    }

    /// The rows, or all errors. Keys that no setting was read for are errors too.
    pub fn finish(mut self) -> Result<Vec<SettingRow>, ConfigErrors> {
        let known: Vec<_> = self.rows.iter().map(|row| (row.key, row.env)).collect();
        self.errors.extend(self.layers.unknown(&known));
        if self.errors.is_empty() { Ok(self.rows) } else { Err(ConfigErrors::new(self.errors)) }
    }

    fn take<T: Value>(&mut self, setting: &Setting, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let Setting { key, env, default, doc } = *setting;
        let by_default = || Raw { text: default.to_owned(), is_list: false, origin: Origin::Default };
        let Raw { text, is_list, origin } = self.layers.find(key, env).unwrap_or_else(by_default);
        let read = if is_list && !T::IS_LIST {
            Err("give one value, not an array".to_owned())
        } else if text.contains(char::REPLACEMENT_CHARACTER) {
            Err("give a text in UTF-8".to_owned())
        } else {
            parse(&text)
        };
        let value = match &read {
            Ok(value) => value.show(),
            Err(_) => Some(shortened(T::mask(&text))),
        };
        self.rows.push(SettingRow { key, value: value.clone(), origin: origin.clone(), env, doc });
        let refuse = |rule| ConfigError::Invalid { key, value: value.unwrap_or_default(), origin, rule };
        read.map_err(|rule| self.errors.push(refuse(rule))).ok()
    }
}

/// A refused value may be anything, a whole file included.
fn shortened(text: String) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Declares the settings of one section, each with its key (`section.field`), variable, default and documentation in
/// one place:
///
/// ```text
/// settings! {
///     /// About the section.
///     pub struct WorkerConfig in "worker" {
///         /// Jobs run at the same time.
///         count: u32 = "5", env "WORKER_COUNT", within 1..=10_000;
///     }
/// }
/// ```
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $kind:ty = $default:literal, env $env:literal $(, within $bounds:expr)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nVariable `", $env, "`, default `\"", $default, "\"`.")]
                pub $field: $kind,
            )+
        }

        impl $name {
            pub(super) fn read(reader: &mut $crate::config::reader::Reader<'_>) -> Option<Self> {
                $(
                    let $field = settings!(@read reader, $kind, $crate::config::reader::Setting {
                        key: concat!($section, ".", stringify!($field)),
                        env: $env,
                        default: $default,
                        doc: concat!($($doc),+).trim_ascii(),
                    } $(, $bounds)?);
                )+
                // Only now, so that a wrong setting does not hide the ones after it.
                Some(Self { $($field: $field?),+ })
            }
        }
    };
    (@read $reader:ident, $kind:ty, $setting:expr) => { $reader.read::<$kind>(&$setting) };
    (@read $reader:ident, $kind:ty, $setting:expr, $bounds:expr) => {
        $reader.read_within::<$kind>(&$setting, &($bounds))
    };
}

pub(super) use settings;
