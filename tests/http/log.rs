//! One line for each request, and nothing in it that was sent in confidence.

use std::io;
use std::sync::{Arc, Mutex};

use journeyman::queue::StoreError;
use serde_json::json;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::api::{Api, anything};
use super::faulty::Fault;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines written since the last call.
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Wants everything and writes nothing. Without it `tracing` remembers for the whole process what was wanted when a line of
/// code was first reached, which another test may have done.
struct Deaf;

impl Subscriber for Deaf {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_request_is_one_line_at_debug_and_a_failed_one_at_error() {
    tracing::subscriber::set_global_default(Deaf).unwrap();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let api = Api::new();
    let body = anything(json!({"task_data": {"value": "hunter2"}})).to_string();

    let id = api.post(body.clone()).await.header("x-request-id").to_owned();
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["DEBUG", "request answered", &id, "POST", "/api/queue/enqueue", "status=201"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!lines[0].contains("hunter2"), "{}", lines[0]);

    api.get("/nowhere?token=hunter2").await;
    let lines = log.lines();
    assert!(lines.len() == 1 && lines[0].contains("DEBUG") && lines[0].contains("route_not_found"), "{lines:#?}");
    assert!(!lines[0].contains("hunter2"), "{}", lines[0]);

    api.store.break_with(Fault::Fails(StoreError::Unavailable("10.1.2.3 refused".into())));
    api.post(body).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["ERROR", "request failed", "status=503", "store_unavailable", "10.1.2.3 refused"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    assert!(!lines[0].contains("hunter2"), "{}", lines[0]);
}
