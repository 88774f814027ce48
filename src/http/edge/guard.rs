//! What one route asks of a caller, and what its description says of that.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, ResponseBuilder, Type};
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};

use super::super::ApiState;
use super::super::code::Code;
use super::super::error::{PROBLEM_JSON, Problem};
use super::Edge;
use super::admit::Admitted;
use crate::access::Scope;

/// What the description calls the API keys.
pub(in crate::http) const SECURITY: &str = "api_key";

/// What any guarded route may answer besides its own.
const GUARDED: [(&str, &str); 5] = [
    ("401", "No API key, or one that is none; where the server has keys."),
    ("403", "The key lacks the scope; or, without keys, the request comes from another site."),
    ("429", "Too many requests of one client."),
    ("500", "A fault of the server."),
    ("503", "The store is away or slow, or the server is too busy; try again after `Retry-After`."),
];
/// The same of one that is open.
const OPEN: [(&str, &str); 2] = [
    ("403", "Without API keys: the request comes under another host's name."),
    ("429", "Too many requests of one address."),
];

/// Guards routes with a scope, and describes it: 401, 403, 429, 500 and 503 need no word at the route.
pub(in crate::http) fn needs(scope: Scope, routes: UtoipaMethodRouter<ApiState>) -> UtoipaMethodRouter<ApiState> {
    needs_unless(|_| false, scope, routes)
}

/// The same, for all but those that the server has opened.
pub(in crate::http) fn needs_unless(
    is_open: fn(&Edge) -> bool,
    scope: Scope,
    (schemas, mut paths, router): UtoipaMethodRouter<ApiState>,
) -> UtoipaMethodRouter<ApiState> {
    for operation in paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(vec![SecurityRequirement::new(SECURITY, [scope.as_str()])]);
        GUARDED.iter().for_each(|(status, description)| add_response(operation, status, description));
    }
    let guard = from_fn(move |request, next| guard(is_open, scope, request, next));
    (schemas, paths, router).map(|router| router.route_layer(guard))
}

/// Describes what the layer around all routes may answer at one that needs no key.
pub(in crate::http) fn open(mut routes: UtoipaMethodRouter<ApiState>) -> UtoipaMethodRouter<ApiState> {
    for operation in routes.1.paths.values_mut().flat_map(operations) {
        OPEN.iter().for_each(|(status, description)| add_response(operation, status, description));
    }
    routes
}

async fn guard(is_open: fn(&Edge) -> bool, scope: Scope, request: Request, next: Next) -> Response {
    // Nobody is let in whom the layer around has not seen.
    let Some(Admitted { edge, caller }) = request.extensions().get().cloned() else {
        return Problem::internal(&"a guarded route without the layer that admits").into_response();
    };
    if !is_open(&edge)
        && let Err(problem) = caller.may(scope)
    {
        return problem.into_response();
    }
    let Ok(_place) = edge.0.in_flight.try_acquire() else {
        return Problem::new(Code::Overloaded, "as many requests are under way as this server takes; try again")
            .into_response();
    };
    next.run(request).await
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, head, options, trace, .. } = item;
    [get, put, post, delete, patch, head, options, trace].into_iter().flatten()
}

/// What the route says itself stays.
fn add_response(operation: &mut Operation, status: &str, description: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response = ResponseBuilder::new().description(description).content(PROBLEM_JSON, content);
    if matches!(status, "429" | "503") {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait."));
        response = response.header("Retry-After", header.build());
    }
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
}
