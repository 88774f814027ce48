//! R58: stores that keep jobs sealed.

use journeyman::app::{App, Setup};
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::job::JobId;
use journeyman::queue::{Codec, CodecError, Found, Inspector, State};

use super::{app, callback, config, job, queue, record, until};

/// All tests of one process share its keys.
const KEY: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

async fn stored_bytes(directory: &str, id: JobId) -> bytes::Bytes {
    let clock = std::sync::Arc::new(journeyman::clock::SystemClock::default());
    let store = SqliteStore::open(&std::path::Path::new(directory).join("journeyman.db"), clock).unwrap();
    match store.find(id).await.unwrap() {
        Found::Here(record) => record.body,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_a_sealed_store_shows_no_type_and_no_payload_and_runs_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let app = app(&[("JOURNEYMAN_DATA_DIR", path), ("QUEUE_CODEC", "sealed"), ("JOURNEYMAN_KEYS", KEY)]).await;
    let dispatch = job("echo", r#"{"value": "canary"}"#).on_success(callback("record_callback"));
    let sent = app.manager.send(dispatch).await.unwrap();
    let stored = stored_bytes(path, sent.id).await;
    let text = String::from_utf8(stored.to_vec()).unwrap();
    assert!(!text.contains("canary") && !text.contains("echo"), "{text}");
    assert!(String::from_utf8_lossy(&record(&app.manager, sent.id).await.body).contains("canary"));

    let worker = app.work(false, None).unwrap();
    let done = until(&app.manager, sent.id, State::Completed).await;
    let follower = done.trail.callbacks[0].id;
    until(&app.manager, follower, State::Completed).await;
    assert!(
        !String::from_utf8_lossy(&stored_bytes(path, follower).await).contains("canary"),
        "callbacks are sealed too"
    );
    worker.stop().await;
}

/// R58, R28: a worker without the keys, whose own jobs are not sealed at all, must not fail what others have sealed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_a_process_without_the_keys_leaves_sealed_jobs_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let sealing = app(&[("JOURNEYMAN_DATA_DIR", path), ("QUEUE_CODEC", "sealed"), ("JOURNEYMAN_KEYS", KEY)]).await;
    let sealed = sealing.manager.send(job("echo", r#"{"value": 1}"#)).await.unwrap();
    let plain = app(&[("JOURNEYMAN_DATA_DIR", path)]).await;
    let own = plain.manager.send(job("echo", r#"{"value": 2}"#)).await.unwrap();
    let worker = plain.work(false, None).unwrap();
    until(&plain.manager, own.id, State::Completed).await;
    let parked = until(&sealing.manager, sealed.id, State::Delayed).await;
    assert_eq!(parked.attempts, 0);
    worker.stop().await;
}

#[tokio::test]
async fn r24_a_repeated_dispatch_is_known_in_a_sealed_store() {
    let app = app(&[("QUEUE_CONNECTION", "memory"), ("QUEUE_CODEC", "sealed"), ("JOURNEYMAN_KEYS", KEY)]).await;
    let id = JobId::generate(&queue("default"));
    for is_repeat in [false, true] {
        let sent = app.manager.send(job("echo", r#"{"value": 1}"#).id(id)).await.unwrap();
        assert_eq!((sent.id, sent.is_repeat), (id, is_repeat));
    }
    assert!(app.manager.send(job("echo", r#"{"value": 2}"#).id(id)).await.is_err());
}

#[test]
fn r58_sealing_without_a_key_is_refused_at_the_start() {
    let environment = vec![("QUEUE_CODEC".to_owned(), "sealed".to_owned())];
    let sources = journeyman::config::Sources { environment, ..Default::default() };
    let error = journeyman::config::Config::load(&sources).unwrap_err().to_string();
    assert!(error.contains("store.codec") && error.contains("security.keys"), "{error}");
}

/// A user's own codec.
#[derive(Debug)]
struct Reversed;

impl Codec for Reversed {
    fn encode(&self, _: JobId, body: &bytes::Bytes) -> bytes::Bytes {
        body.iter().rev().copied().collect()
    }

    fn decode(&self, _: JobId, stored: &bytes::Bytes) -> Result<bytes::Bytes, CodecError> {
        Ok(stored.iter().rev().copied().collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_a_program_can_bring_its_own_codec() {
    let setup = Setup { codec: Some(std::sync::Arc::new(Reversed)), ..Setup::default() };
    let app = App::start_with(config(&[("QUEUE_CONNECTION", "memory")]), setup).await.unwrap();
    let sent = app.manager.send(job("echo", r#"{"value": 7}"#)).await.unwrap();
    let worker = app.work(false, None).unwrap();
    assert_eq!(until(&app.manager, sent.id, State::Completed).await.trail.result.unwrap().get(), "7");
    worker.stop().await;
}
