//! `/openapi.json`, and at `/docs` a page to read it: Swagger UI out of the binary, without any request elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerFile};

use super::code::Code;
use super::error::Problem;

pub(super) fn router<S: Clone + Send + Sync + 'static>(document: &Value) -> Router<S> {
    let document = Bytes::from(document.to_string());
    // Every address is relative, for a router that is nested under another. A validator would be a server elsewhere.
    let config = Arc::new(Config::new(["../openapi.json"]).validator_url("none").try_it_out_enabled(true));
    let index = Arc::clone(&config);
    Router::new()
        .route("/openapi.json", get(move || async { ([(CONTENT_TYPE, "application/json")], document) }))
        .route("/docs", get(|| async { Redirect::temporary("docs/") }))
        .route("/docs/", get(move || async { file("", index) }))
        .route("/docs/{*path}", get(move |Path(path): Path<String>| async move { file(&path, config) }))
}

fn file(path: &str, config: Arc<Config<'static>>) -> Result<Response, Problem> {
    let found = utoipa_swagger_ui::serve(path, config).map_err(|error| Problem::internal(&error))?;
    let SwaggerFile { bytes, content_type, gzpipped, .. } =
        found.ok_or_else(|| Problem::new(Code::RouteNotFound, "the documentation has no such file"))?;
    // They change with the binary only, but under the same names.
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "max-age=3600".to_owned())];
    let coding = gzpipped.then_some([(CONTENT_ENCODING, "gzip")]);
    Ok(match coding {
        Some(coding) => (headers, coding, bytes.into_owned()).into_response(),
        None => (headers, bytes.into_owned()).into_response(),
    })
}
