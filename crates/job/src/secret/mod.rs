//! Payload fields that no store, log or view gets to see.

mod keys;
mod scope;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Dispatch, JobSpec, RawJson};

pub use keys::{KeyRing, KeyRingError, SealError, Unsealed, generate_key};
pub(crate) use scope::{Origin, holds_secrets, reading, remember, writing};

/// What stands in place of a secret wherever people look.
pub const MASK: &str = "[secret]";

const NO_KEY: &str = "it holds a secret and there is no key to seal it with: set security.keys (JOURNEYMAN_KEYS)";

static INSTALLED: OnceLock<KeyRing> = OnceLock::new();

/// A process has one ring of keys, and another one is installed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process has its keys already; other ones need a restart")]
pub struct OtherKeysInstalled;

/// Gives the process the keys that its secrets are sealed and opened with. The same ring again is fine.
pub fn install_keys(ring: &KeyRing) -> Result<(), OtherKeysInstalled> {
    let installed = INSTALLED.get_or_init(|| ring.clone());
    if installed == ring { Ok(()) } else { Err(OtherKeysInstalled) }
}

/// The keys given by [`install_keys`].
pub fn installed_keys() -> Option<&'static KeyRing> {
    INSTALLED.get()
}

/// A payload field that is kept encrypted: a password, a card number, a token.
///
/// Callers give the plain value. It is sealed with XChaCha20-Poly1305 when the job is dispatched, by the first of the keys
/// in the setting `security.keys`, and opened only where the job is decoded to run. `Debug` and `Display` write
/// `[secret]`; [`expose`](Self::expose) gives the value. Dispatching without a key is an error; nothing is stored plain.
///
/// The sealed text is bound to the name of the job's type: in a job of another type it cannot be opened. It is not bound to
/// the field, so two secrets of one type could change places by the hand of someone who can write to the store. A sealed
/// text in a payload from outside is refused, so that no one can hand in what they copied from a store.
///
/// Nothing that `T` holds in memory is wiped when it is dropped.
///
/// ```
/// use journeyman_job::Secret;
/// use journeyman_job::prelude::*;
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// struct ChargeCard {
///     amount: u64,
///     card: Secret<String>,
/// }
///
/// #[job]
/// impl Job for ChargeCard {
///     async fn handle(&self, _ctx: &JobContext) -> JobResult {
///         let number: &str = self.card.expose();
///         println!("{self:?}"); // ChargeCard { amount: 5, card: [secret] }
///         Outcome::with(number.len())
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whatever is made of it is the caller's to keep out of errors, logs and results.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Serialize> Serialize for Secret<T> {
    /// Only as part of a dispatch, which knows the job's type and hence what the text is bound to.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let job_type = scope::writing_type();
        let job_type = job_type.ok_or_else(|| S::Error::custom("a secret is written only by dispatching its job"))?;
        let ring = installed_keys().ok_or_else(|| S::Error::custom(NO_KEY))?;
        // The error of the value's own type might quote it.
        let unwritable = |_| S::Error::custom("the value of a secret cannot be written as JSON");
        let plain = Zeroizing::new(serde_json::to_vec(&self.0).map_err(unwritable)?);
        serializer.serialize_str(&ring.seal_afresh(&job_type, &plain).map_err(S::Error::custom)?)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // The error of the value's own type might quote it.
        let misfit = |_| D::Error::custom("this secret does not have the form its field asks for");
        if !value.as_str().is_some_and(KeyRing::is_sealed) {
            scope::met_plain();
            return serde_json::from_value(value).map(Self).map_err(misfit);
        }
        let sealed = value.as_str().unwrap_or_default();
        let job_type = scope::reading_type().map_err(D::Error::custom)?;
        let opened = match installed_keys() {
            Some(ring) => ring.open(&job_type, sealed),
            None => Err(Unsealed::no_key(sealed)),
        };
        let plain = opened.map_err(|error| {
            scope::met_trouble(&error);
            D::Error::custom(error)
        })?;
        serde_json::from_slice(&plain).map(Self).map_err(misfit)
    }
}

/// That of the value: callers write it plain and never read it.
impl<T: JsonSchema> JsonSchema for Secret<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<T>();
        schema.insert("writeOnly".to_owned(), Value::Bool(true));
        schema
    }
}

/// A JSON text as people may see it: `"[secret]"` in place of every sealed value, all else byte for byte.
pub fn redact(json: &str) -> Cow<'_, str> {
    replace_sealed(json, |_| Some(MASK.to_owned()))
}

/// A dispatch whose body is the same each time it is made again under the same id: without one, or without secrets, it is
/// as it was.
pub fn repeatable(dispatch: &Dispatch) -> Cow<'_, Dispatch> {
    let JobSpec { type_name, data, .. } = &dispatch.spec;
    let Some(id) = dispatch.options.id else { return Cow::Borrowed(dispatch) };
    match resealed(type_name, data, &format!("id {id}")) {
        Cow::Borrowed(_) => Cow::Borrowed(dispatch),
        Cow::Owned(data) => {
            let mut dispatch = dispatch.clone();
            dispatch.spec.data = data;
            Cow::Owned(dispatch)
        }
    }
}

/// A payload for comparing with others of its type: alike if all that it holds is alike, its secrets included. Not to be
/// stored; a hash of it may be.
pub fn comparable<'a>(job_type: &str, data: &'a RawJson) -> Cow<'a, RawJson> {
    resealed(job_type, data, "compare")
}

fn resealed<'a>(job_type: &str, data: &'a RawJson, occasion: &str) -> Cow<'a, RawJson> {
    let Some(ring) = installed_keys() else { return Cow::Borrowed(data) };
    let text = replace_sealed(data.get(), |sealed| {
        let plain = ring.open(job_type, sealed).ok()?;
        ring.seal_on(occasion, job_type, &plain).ok()
    });
    match text {
        Cow::Borrowed(_) => Cow::Borrowed(data),
        Cow::Owned(text) => RawJson::parse(text).map_or(Cow::Borrowed(data), Cow::Owned),
    }
}

/// Puts something else in place of every sealed text, except where there is nothing.
fn replace_sealed(json: &str, replacement: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    let mut written = String::new();
    let mut rest = json;
    // A sealed text holds nothing that JSON escapes, so it ends at the next quotation mark.
    while let Some(start) = rest.find(keys::QUOTED_PREFIX) {
        let (before, sealed) = rest.split_at(start + 1);
        let Some(length) = sealed.find('"') else { break };
        let (sealed, after) = sealed.split_at(length);
        written.push_str(before);
        written.push_str(replacement(sealed).as_deref().unwrap_or(sealed));
        rest = after;
    }
    if written.is_empty() { Cow::Borrowed(json) } else { Cow::Owned(written + rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_neither_form_of_print_shows_the_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:#?}", Some(&secret)), "[secret] [secret] Some(\n    [secret],\n)");
        assert_eq!((*secret.expose(), secret.into_exposed()), ("hunter2", "hunter2"));
    }

    #[test]
    fn r12_the_schema_is_that_of_the_value_for_writing_only() {
        let schema = SchemaGenerator::default().into_root_schema_for::<Secret<String>>();
        assert_eq!((schema.get("type"), schema.get("writeOnly")), (Some(&"string".into()), Some(&true.into())));
        let any = SchemaGenerator::default().into_root_schema_for::<Secret<Value>>();
        assert_eq!(any.get("writeOnly"), Some(&true.into()));
    }

    #[test]
    fn r12_a_view_masks_what_is_sealed_and_keeps_the_rest_byte_for_byte() {
        let ring = KeyRing::parse(&generate_key().unwrap()).unwrap();
        let sealed = ring.seal("pay", b"\"hunter2\"").unwrap();
        let text = format!(r#"{{ "a": [ ], "token":"{sealed}","more":[{{"x":"{sealed}"}}], "n":1e400}}"#);
        let shown = r#"{ "a": [ ], "token":"[secret]","more":[{"x":"[secret]"}], "n":1e400}"#;
        assert_eq!(redact(&text), shown);
        for plain in [r#"{"text":"a secret"}"#, "1", r#""journeyman:"#, r#"["journeyman:secret:"#] {
            assert_eq!(redact(plain), plain);
        }
    }

    #[test]
    fn r12_a_secret_cannot_be_written_outside_a_dispatch() {
        let error = serde_json::to_string(&Secret::new(1)).unwrap_err();
        assert_eq!(error.to_string(), "a secret is written only by dispatching its job");
    }

    #[test]
    fn r12_an_error_about_the_value_does_not_quote_it() {
        let error = serde_json::from_str::<Secret<u32>>(r#""hunter2""#).unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("secret"), "{error}");
    }
}
