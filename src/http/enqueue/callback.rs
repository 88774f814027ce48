//! A callback as the API takes it: a name, an https URL, or `{"task_type": …}`.

use std::borrow::Cow;
use std::fmt;

use journeyman_job::Callback;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::super::ApiState;
use super::super::error::Fault;
use super::super::offer::Offer;
use super::request::is_taken;
use crate::queue::callbacks;

/// What runs once the job has ended, and where in the member its name stands.
#[derive(Debug)]
pub struct CallbackGiven {
    callback: Callback,
    /// Pointer inside the member.
    at: &'static str,
}

impl CallbackGiven {
    /// The callback, if it is one that the server could run.
    pub fn checked(self, member: &str, api: &ApiState) -> Result<Callback, Fault> {
        let refuse = |detail: String| Fault::new(format!("/{member}{}", self.at), detail);
        match &self.callback {
            Callback::Job(name) => is_taken(name, Offer::of(api)),
            Callback::Url(url) => api.callbacks.check(url),
        }
        .map_err(refuse)?;
        callbacks::check(&self.callback).map_err(|error| refuse(error.to_string()))?;
        Ok(self.callback)
    }
}

/// The form with room for more than a name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    task_type: String,
}

impl<'de> Deserialize<'de> for CallbackGiven {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Given;

        impl<'de> Visitor<'de> for Given {
            type Value = CallbackGiven;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a job type, an https URL or {\"task_type\": …}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CallbackGiven, E> {
                let callback = Callback::parse(text).map_err(E::custom)?;
                Ok(CallbackGiven { callback, at: "" })
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<CallbackGiven, A::Error> {
                let Named { task_type: name } = Named::deserialize(MapAccessDeserializer::new(members))?;
                match Callback::parse(&name).map_err(A::Error::custom)? {
                    Callback::Job(_) => Ok(CallbackGiven { callback: Callback::Job(name), at: "/task_type" }),
                    Callback::Url(_) => {
                        Err(A::Error::custom("a URL stands for itself: give it in place of the object"))
                    }
                }
            }
        }

        deserializer.deserialize_any(Given)
    }
}

impl PartialSchema for CallbackGiven {
    fn schema() -> RefOr<Schema> {
        // The names that are known are filled in where all is known of the server.
        let name =
            || ObjectBuilder::new().schema_type(Type::String).description(Some("A job type or a registered handler."));
        let url = ObjectBuilder::new()
            .schema_type(Type::String)
            .title(Some("url"))
            .pattern(Some("^[Hh][Tt][Tt][Pp][Ss]://"))
            .max_length(Some(Callback::MAX_CHARS))
            .description(Some("An https URL that the outcome is posted to."));
        let object = ObjectBuilder::new()
            .title(Some("object"))
            .property("task_type", name())
            .required("task_type")
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        OneOfBuilder::new()
            .item(name().title(Some("name")))
            .item(url)
            .item(object)
            .description(Some(
                "A job of its own, with its own tries. Its payload is `{entity, result, operation_id}` after a success \
                 and `{entity, error, operation_id}` after a failure; `entity` is the ended job's payload.",
            ))
            .examples([serde_json::json!("send_notification"), serde_json::json!("https://example.org/done")])
            .into()
    }
}

impl ToSchema for CallbackGiven {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Callback")
    }
}
