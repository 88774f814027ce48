//! `/dashboard/`: the pages, out of the binary. They hold nothing of the store; what they show they ask the API for, under
//! the key of whoever looks.

use std::io::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::code::Code;
use super::error::Problem;

/// No script but our own files, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

struct File {
    content_type: &'static str,
    plain: &'static [u8],
    packed: LazyLock<Packed>,
}

/// A file as it is sent, made once it is first asked for.
struct Packed {
    gzip: Bytes,
    etag: String,
}

macro_rules! file {
    ($name:literal, $content_type:literal) => {{
        const PLAIN: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist/", $name));
        File { content_type: $content_type, plain: PLAIN, packed: LazyLock::new(|| Packed::of(PLAIN)) }
    }};
}

static PAGE: File = file!("index.html", "text/html; charset=utf-8");
static SCRIPT: File = file!("app.js", "text/javascript; charset=utf-8");
static STYLE: File = file!("app.css", "text/css; charset=utf-8");

/// Every address is relative, for a router that is nested under another.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("dashboard/") }))
        .route("/dashboard", get(|| async { Redirect::temporary("dashboard/") }))
        .route("/dashboard/", get(|headers: HeaderMap| async move { PAGE.answer(&headers) }))
        .route("/dashboard/{file}", get(other))
}

async fn other(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    match name.as_str() {
        "app.js" => Ok(SCRIPT.answer(&headers)),
        "app.css" => Ok(STYLE.answer(&headers)),
        _ => Err(Problem::new(Code::RouteNotFound, "the dashboard has no such file; its pages begin at /dashboard/")),
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let Packed { gzip, etag } = &*self.packed;
        let same = [
            (CACHE_CONTROL, "no-cache"),
            (ETAG, etag),
            (VARY, "accept-encoding"),
            (CONTENT_TYPE, self.content_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            (REFERRER_POLICY, "no-referrer"),
            (X_FRAME_OPTIONS, "DENY"),
            (OPENER_POLICY, "same-origin"),
        ];
        if lists(headers, &IF_NONE_MATCH, |known| known.trim_start_matches("W/") == etag) {
            return (StatusCode::NOT_MODIFIED, same).into_response();
        }
        if lists(headers, &ACCEPT_ENCODING, is_gzip) {
            return (same, [(CONTENT_ENCODING, "gzip")], gzip.clone()).into_response();
        }
        (same, self.plain).into_response()
    }
}

/// Whether one of the header's values, of which commas part several, is the one.
fn lists(headers: &HeaderMap, name: &HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|value| is_it(value.trim()))
}

fn is_gzip(coding: &str) -> bool {
    let mut parts = coding.split(';').map(str::trim);
    let is_refused = |weight: &str| weight.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
    parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(is_refused)
}

impl Packed {
    fn of(plain: &[u8]) -> Self {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        // Writing into memory cannot fail.
        let _ = packer.write_all(plain);
        let digest = Sha256::digest(plain);
        let etag = digest.iter().take(16).fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
        Self { gzip: packer.finish().unwrap_or_default().into(), etag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_together_is_small() {
        let size: usize = [&PAGE, &SCRIPT, &STYLE].iter().map(|file| file.packed.gzip.len()).sum();
        assert!((1_000..50_000).contains(&size), "{size} bytes");
    }

    #[test]
    fn a_client_that_takes_no_gzip_gets_none() {
        for (coding, is_taken) in
            [("gzip", true), ("GZIP;q=0.5", true), ("gzip; q=0", false), ("br", false), ("", false)]
        {
            assert_eq!(is_gzip(coding), is_taken, "{coding}");
        }
    }

    #[test]
    fn the_page_asks_for_nothing_elsewhere_and_has_no_script_of_its_own() {
        let page = std::str::from_utf8(PAGE.plain).unwrap();
        assert!(page.contains(r#"src="./app.js""#) && page.contains(r#"href="./app.css""#), "{page}");
        assert!(!page.contains("://") || page.matches("://").count() == page.matches("http://www.w3.org/").count());
        assert!(!page.contains("<style") && !page.contains(" style=") && page.matches("<script").count() == 1);
    }
}
