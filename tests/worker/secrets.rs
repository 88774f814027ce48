//! R12: what a store and its readers see of a secret, and what a worker without the key does.

use journeyman::job::secret::{KeyRing, install_keys, redact};
use journeyman::job::{Callback, Dispatch, DispatchError, JobId, QueueName, RawJson, Secret, Unique, prelude::*};
use journeyman::queue::{Body, State};
use serde_json::{Value, json};

use super::Rig;
use super::handlers::{api, enqueue, status};
use super::jobs::Diary;
use crate::support::eventually;

/// Notes its token, which a real job must not.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Login {
    user: String,
    token: Secret<String>,
}

#[job(name = "secret.login", max_tries = 1)]
impl Job for Login {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        ctx.require::<Diary>()?.note(self.token.expose());
        Err(JobError::new(format!("{self:?} was refused")))
    }
}

/// The ring of this whole test process; the tests of the app name the same one.
fn keys() {
    install_keys(&KeyRing::parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()).unwrap();
}

#[tokio::test]
async fn r12_a_plain_secret_from_the_api_is_stored_sealed_and_reaches_only_its_job() {
    keys();
    let rig = Rig::new();
    let id = enqueue(&api(&rig), "secret.login", r#"{"user":"ann","token":"hunter2"}"#).await;
    let record = rig.record(id).await;
    let body = String::from_utf8(record.body.to_vec()).unwrap();
    assert!(!body.contains("hunter2") && body.contains("ann"), "{body}");
    let shown = redact(Body::read(&record.body).unwrap().data.get()).into_owned();
    assert_eq!(shown, r#"{"user":"ann","token":"[secret]"}"#);

    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    assert_eq!(rig.diary.notes(), ["hunter2"]);
    let told = record.trail.error.as_ref().unwrap().message().to_owned();
    assert_eq!(told, r#"Login { user: "ann", token: [secret] } was refused"#);
    let trail = String::from_utf8(record.trail.encode().to_vec()).unwrap();
    assert!(!trail.contains("hunter2"), "{trail}");
    worker.stop().await;
}

#[tokio::test]
async fn r12_a_worker_without_the_key_leaves_the_job_to_one_that_has_it() {
    keys();
    let rig = Rig::new();
    let other = KeyRing::parse("other:CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=").unwrap();
    let sealed = other.seal("secret.login", b"\"hunter2\"").unwrap();
    let mut dispatch = Dispatch::new(&Login { user: "ann".into(), token: "x".to_owned().into() }).unwrap();
    dispatch.spec.data = RawJson::encode(&serde_json::json!({"user": "ann", "token": sealed})).unwrap();
    let worker = rig.start();
    let id = rig.send(dispatch).await;
    let record = rig.until(id, State::Delayed).await;
    assert_eq!((record.attempts, rig.diary.notes().len()), (0, 0));
    eventually("it stays", async || rig.record(id).await.state == State::Delayed).await;
    worker.stop().await;
}

fn login(token: &str) -> Dispatch {
    Dispatch::new(&Login { user: "ann".into(), token: token.to_owned().into() }).unwrap()
}

/// R24: that each sealing makes another text must not make a repeat a conflict.
#[tokio::test]
async fn r12_the_same_secret_under_the_same_id_is_a_repeat_and_another_one_a_conflict() {
    keys();
    let rig = Rig::new();
    let id = JobId::generate(&QueueName::default());
    assert!(!rig.manager.send(login("hunter2").id(id)).await.unwrap().is_repeat);
    assert!(rig.manager.send(login("hunter2").id(id)).await.unwrap().is_repeat);
    let conflict = rig.manager.send(login("hunter3").id(id)).await.unwrap_err();
    assert!(matches!(conflict, DispatchError::Conflict(_)), "{conflict}");

    let other = rig.send(login("hunter2").id(JobId::generate(&QueueName::default()))).await;
    let (one, other) = (rig.record(id).await.body, rig.record(other).await.body);
    assert_ne!(one, other, "nobody sees that two jobs hold the same secret");
    let worker = rig.start();
    eventually("both are opened", async || rig.diary.count("hunter2") == 2).await;
    worker.stop().await;
}

/// R23: the automatic key is of what is sealed, not of the text that seals it.
#[tokio::test]
async fn r12_the_same_work_is_known_by_its_secret_too() {
    keys();
    let rig = Rig::new();
    let first = rig.send(login("hunter2").unique(Unique::Auto)).await;
    assert_eq!(rig.send(login("hunter2").unique(Unique::Auto)).await, first);
    assert_ne!(rig.send(login("hunter3").unique(Unique::Auto)).await, first);
}

#[test]
fn r12_the_schema_of_a_secret_is_for_writing_only() {
    let schema = (journeyman::job::registry::find("secret.login").unwrap().schema)().to_value();
    assert_eq!(schema["properties"]["token"]["writeOnly"], Value::Bool(true));
}

#[tokio::test]
async fn r12_a_status_shows_no_sealed_text_and_a_url_callback_gets_none() {
    keys();
    let rig = Rig::new();
    let url = Callback::parse("https://example.org/hook").unwrap();
    let id = rig.send(login("hunter2").on_failure(url)).await;
    let shown = json!({"user": "ann", "token": "[secret]"});
    assert_eq!(status(&api(&rig), id).await["task_data"], shown);

    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    let posted = rig.record(record.trail.callbacks[0].id).await;
    let posted: Value = serde_json::from_str(Body::read(&posted.body).unwrap().data.get()).unwrap();
    assert_eq!(posted["body"]["entity"], shown);
    worker.stop().await;
}
