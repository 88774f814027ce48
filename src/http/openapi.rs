//! The API's description, OpenAPI 3.1, made from the handlers and the job types of this binary.

mod demands;
mod payloads;
mod rules;

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, tag::TagBuilder};

use super::edge::SECURITY;
use super::offer::Offer;
use super::words::WithinWord;
use super::{resources, yaml};

/// The document of a server with API keys that offers all there is.
pub fn openapi() -> Value {
    complete(&resources(true).into_openapi(), Offer::ALL)
}

/// The document in YAML, as it is kept beside the code.
pub fn openapi_yaml() -> String {
    // People start reading at the top, where the alphabet would put the components.
    openapi()
        .as_object()
        .map_or_else(String::new, |document| yaml::write(document, &["openapi", "info", "tags", "paths"]))
}

/// What the document says before any path.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Journeyman")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "An HTTP job server. Every refusal is `application/problem+json` (RFC 9457) with a stable `code`. Every \
             answer carries `x-request-id`: the caller's own if it sent one of 1 to 128 of `A-Z a-z 0-9 . _ -`.",
        ))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let tag = |name: &str, description: &str| TagBuilder::new().name(name).description(Some(description)).build();
    let keys = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An API key, made with `journeyman key new`. What each operation needs it to be good for stands with it; \
         `admin` is good for all. A server that only its own machine can reach may have no keys and ask for none.",
    ));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(SECURITY, SecurityScheme::Http(keys.build()))
                // Only parameters name it, and what they name is not gathered.
                .schema_from::<WithinWord>()
                .build(),
        ))
        .tags(Some([
            tag("jobs", "Enqueue jobs and follow them."),
            tag("failed", "Failed jobs, and what becomes of them."),
            tag("queues", "Queues in numbers; purge, pause and resume them."),
            tag("workers", "Who runs the jobs: look at them, quiet and stop them."),
            tag("session", "For browsers: show a key once."),
            tag("server", "The server itself: who asks, what it knows, how it does."),
            tag("examples", "Example jobs, where the server is started with them."),
            tag("health", "For whoever decides about restarts and about traffic."),
        ]))
        .build()
}

/// Adds what only the finished JSON can hold, and takes out what this server does not ask for.
///
/// utoipa's own schema type would lose what schemars knows beyond it, and has no word for a rule between members.
pub(super) fn complete(document: &OpenApi, offer: Offer) -> Value {
    // A document of strings, numbers and lists can always be written.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        payloads::add_all(schemas);
        rules::add(schemas, offer);
    }
    demands::strip(&mut document, offer);
    document
}
