//! What one route asks of a caller, and what its description says of that.

use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tower::Service;
use tower::layer::layer_fn;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, ResponseBuilder, Type};
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};

use super::super::Api;
use super::super::code::Code;
use super::super::error::{PROBLEM_JSON, Problem};
use super::Edge;
use super::admit::Admitted;
use super::record::Record;
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
pub(in crate::http) fn needs(scope: Scope, routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    needs_unless(|_| false, scope, routes)
}

/// The same, for all but those that the server has opened.
pub(in crate::http) fn needs_unless(
    is_open: fn(&Edge) -> bool,
    scope: Scope,
    routes: UtoipaMethodRouter<Api>,
) -> UtoipaMethodRouter<Api> {
    guarded(is_open, Some(scope), routes)
}

/// The same, for a key that need not be good for anything.
pub(in crate::http) fn needs_key(routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    guarded(|_| false, None, routes)
}

fn guarded(
    is_open: fn(&Edge) -> bool,
    scope: Option<Scope>,
    (schemas, mut paths, router): UtoipaMethodRouter<Api>,
) -> UtoipaMethodRouter<Api> {
    for operation in paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(vec![SecurityRequirement::new(SECURITY, scope.map(Scope::as_str))]);
        GUARDED.iter().for_each(|(status, description)| add_response(operation, status, description));
    }
    // Whoever enqueues leaves a job, and whoever looks leaves nothing.
    let is_recorded = !matches!(scope, Some(Scope::Enqueue | Scope::Read));
    let recorded: Arc<[_]> = if is_recorded { changes(&paths) } else { Vec::new() }.into();
    let guard = layer_fn(move |route| Guard { is_open, scope, recorded: Arc::clone(&recorded), route });
    (schemas, paths, router).map(|router| router.route_layer(guard))
}

/// Describes what the layer around all routes may answer at one that needs no key.
pub(in crate::http) fn open(mut routes: UtoipaMethodRouter<Api>) -> UtoipaMethodRouter<Api> {
    for operation in routes.1.paths.values_mut().flat_map(operations) {
        OPEN.iter().for_each(|(status, description)| add_response(operation, status, description));
    }
    routes
}

/// The layer around one guarded route.
#[derive(Debug, Clone)]
struct Guard<S> {
    is_open: fn(&Edge) -> bool,
    /// None where any key will do.
    scope: Option<Scope>,
    /// The methods whose requests leave a row, and what they are called in it.
    recorded: Arc<[(Method, Arc<str>)]>,
    route: S,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response, Error: Send + 'static, Future: Send + 'static>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.route.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.enter(&request) {
            Ok(place) => {
                let (record, request) = match self.recorded.iter().find(|(method, _)| method == request.method()) {
                    Some((_, action)) => Record::of(action, request),
                    None => (None, request),
                };
                let answering = self.route.call(request);
                match record {
                    Some(record) => Box::pin(record.of_answer(answering, place)),
                    None => Box::pin(async move {
                        let answer = answering.await;
                        drop(place);
                        answer
                    }),
                }
            }
            Err(problem) => Box::pin(ready(Ok(problem.into_response()))),
        }
    }
}

impl<S> Guard<S> {
    /// A place among the requests that are worked on, for a caller who may have it.
    fn enter(&self, request: &Request) -> Result<OwnedSemaphorePermit, Problem> {
        // Nobody is let in whom the layer around has not seen.
        let Some(Admitted { api, caller }) = request.extensions().get() else {
            return Err(Problem::internal(&"a guarded route without the layer that admits"));
        };
        if !(self.is_open)(&api.edge) {
            caller.may(self.scope)?;
        }
        Arc::clone(&api.edge.0.in_flight).try_acquire_owned().map_err(|_| {
            Problem::new(Code::Overloaded, "as many requests are under way as this server takes; try again")
        })
    }
}

/// The methods that change something, and the ids of their operations.
fn changes(paths: &Paths) -> Vec<(Method, Arc<str>)> {
    let of = |method: Method, operation: &Option<Operation>| {
        let id = operation.as_ref()?.operation_id.as_deref();
        Some((method, id.unwrap_or_default().into()))
    };
    let items = paths.paths.values();
    let all = items.flat_map(|PathItem { put, post, delete, patch, .. }| {
        [of(Method::PUT, put), of(Method::POST, post), of(Method::DELETE, delete), of(Method::PATCH, patch)]
    });
    all.flatten().collect()
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
