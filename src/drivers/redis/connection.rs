//! The connections: two for commands, one for wake-ups; and what the errors of the client mean.

use std::sync::LazyLock;
use std::time::Duration;

use fred::clients::{Client, Pool, SubscriberClient};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, EventInterface, LuaInterface, PubsubInterface};
use fred::types::config::{
    Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, Server, TcpConfig, UnresponsiveConfig,
};
use fred::types::scripts::Script;
use fred::types::{ConnectHandle, Message, Value};
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::JoinHandle;
use tracing::warn;

use super::RedisOptions;
use super::durability::warn_of_eviction;
use super::wire::Reply;
use crate::queue::StoreError;

/// More do not help on few cores; two keep a large answer from holding up all others.
const COMMAND_CONNECTIONS: usize = 2;
/// Commands that may wait inside the client; beyond it a call is refused at once.
const MAX_WAITING: usize = 10_000;
/// How long a call waits for a lost connection to come back before it says so.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause before a call is sent again that a node of a cluster turned away, its slot being on the move.
const SLOT_MOVES: Duration = Duration::from_millis(20);
/// How long a call under way waits for an answer of another connection than the one that was lost.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How often at least a connection is asked for a sign of life. With a command's time limit it bounds how long one stays in use whose
/// other end is gone.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// What is heard on the channel of wake-ups, or was not.
#[derive(Debug)]
pub enum Hint {
    /// This queue may have work.
    Queue(String),
    /// Hints came too fast.
    Missed,
    /// A lost connection has come back.
    Outage,
}

/// The clients, and the runtime whose tasks drive them.
#[derive(Debug)]
pub struct Connection {
    pool: Pool,
    subscriber: SubscriberClient,
    /// Counts connections that were lost, and tries to get them back that failed.
    losses: watch::Sender<u64>,
    /// Held by the call that loads a script.
    loading: Mutex<()>,
    tasks: Vec<JoinHandle<()>>,
    runtime: Handle,
    patience: Duration,
    masked_url: String,
}

impl Connection {
    /// Connects all; `hear` is told what is said on the channel.
    pub async fn open(
        options: &RedisOptions,
        channel: &str,
        hear: impl Fn(Hint) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let clients = Clients::of(options)?;
        let pool = clients.pool()?;
        let subscriber = clients.subscriber();
        let mut tasks = Vec::new();
        let connected = async {
            let longest = options.command_timeout;
            for client in pool.clients() {
                tasks.push(tokio::spawn(keep_driven(client.clone(), connect(client, options).await?, longest)));
            }
            let driver = connect(&subscriber, options).await?;
            tasks.push(tokio::spawn(keep_driven(subscriber.clone(), driver, longest)));
            Ok(())
        };
        if let Err(error) = connected.await {
            tasks.iter().for_each(JoinHandle::abort);
            close(pool, subscriber).await;
            return Err(error);
        }
        // Before the store is handed out: a push that follows at once must be heard.
        let messages = subscriber.message_rx();
        subscribe(&subscriber, channel).await;
        let losses = watch::Sender::new(0);
        let count = |client: &Client| tokio::spawn(count_losses(client.error_rx(), losses.clone()));
        tasks.extend(pool.clients().iter().map(count));
        tasks.push(tokio::spawn(listen(subscriber.clone(), pool.clone(), messages, channel.to_owned(), hear)));
        let (runtime, masked_url) = (Handle::current(), options.masked_url());
        let patience = PATIENCE.min(options.command_timeout);
        Ok(Self { pool, subscriber, losses, loading: Mutex::default(), tasks, runtime, patience, masked_url })
    }

    /// Runs a script, loading it first where the server does not know it (any more), and again where a node of a cluster
    /// turned it away, for as long as a slot may take to move.
    pub async fn run(
        &self,
        script: &LazyLock<Script>,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<Reply, StoreError> {
        let mut waits = self.patience.as_millis() / SLOT_MOVES.as_millis();
        loop {
            let client = self.client().await?;
            let copies = || (keys.clone(), args.clone());
            let (of_call, to_it) = copies();
            let mut answer = self.unless_lost(script.evalsha::<Value, _, _, _>(client, of_call, to_it)).await?;
            if answer.as_ref().is_err_and(|error| error.details().starts_with("NOSCRIPT")) {
                // One after the other, so that of the hundreds of first calls there may be only one loads the script.
                let _alone = tokio::time::timeout(self.patience, self.loading.lock()).await;
                let (client, (of_call, to_it)) = (self.client().await?, copies());
                answer = self.unless_lost(script.evalsha_with_reload(client, of_call, to_it)).await?;
                if answer.as_ref().is_err_and(|error| error.details().starts_with("NOSCRIPT")) {
                    // Forgotten again between its load and its run, so it travels whole.
                    let whole = script.lua().cloned().unwrap_or_default();
                    answer = self.unless_lost(client.eval::<Value, _, _, _>(whole, keys.clone(), args.clone())).await?;
                }
            }
            match answer {
                Err(error) if waits > 0 && is_turned_away(&error) => {
                    waits -= 1;
                    tokio::time::sleep(SLOT_MOVES).await;
                }
                answer => return answer.map(Reply::new).map_err(|error| meaning(&error)),
            }
        }
    }

    /// Waits for an answer, but not after the connection was lost: a call that fred took on in that very moment would
    /// wait for the next connection, or until it times out.
    async fn unless_lost<T>(&self, call: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut losses = self.losses.subscribe();
        tokio::pin!(call);
        tokio::select! {
            biased;
            answer = &mut call => Ok(answer),
            _ = losses.changed() => {
                let lost = |_| StoreError::Unknown(format!("the connection to {} was lost", self.masked_url));
                tokio::time::timeout(LAST_WORDS, call).await.map_err(lost)
            }
        }
    }

    /// A connected client. Waiting here, rather than inside fred, keeps "was not sent" apart from "may have been done".
    pub async fn client(&self) -> Result<&Client, StoreError> {
        let client = self.pool.next_connected();
        if client.is_connected() {
            return Ok(client);
        }
        match tokio::time::timeout(self.patience, client.wait_for_connect()).await {
            Ok(Ok(())) => Ok(client),
            _ => Err(StoreError::Unavailable(format!("no connection to {}", self.masked_url))),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        // The tasks of the clients run until told to stop; if the runtime is gone, so are they.
        self.runtime.spawn(close(self.pool.clone(), self.subscriber.clone()));
    }
}

async fn close(pool: Pool, subscriber: SubscriberClient) {
    let _ = pool.quit().await;
    let _ = subscriber.quit().await;
}

/// What an error of the client or the server lets a caller do.
pub fn meaning(error: &Error) -> StoreError {
    let text = error.details().to_owned();
    let code = text.split([' ', ':']).next().unwrap_or_default();
    match code {
        "OOM" => return StoreError::Full(text),
        // The server turned the command down before it did anything.
        "NOPERM" | "NOAUTH" | "WRONGPASS" | "MISCONF" | "READONLY" | "LOADING" | "CLUSTERDOWN" | "MASTERDOWN"
        | "TRYAGAIN" | "BUSY" | "NOREPLICAS" | "NOSCRIPT" => return StoreError::Unavailable(text),
        _ => {}
    }
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::IO | ErrorKind::Canceled => StoreError::Unknown(error.to_string()),
        ErrorKind::Backpressure | ErrorKind::Routing | ErrorKind::Cluster | ErrorKind::Sentinel | ErrorKind::Tls => {
            StoreError::Unavailable(error.to_string())
        }
        // fred's words for a connection that was gone before the command could be written to it.
        ErrorKind::Unknown if text.starts_with("Failed to route command") => StoreError::Unavailable(text),
        // And for a call that was under way on a connection which it gave up: it was sent, and the answer is lost.
        ErrorKind::Unknown if text.starts_with("Too many failed write attempts") => StoreError::Unknown(text),
        // And for one that it forgot with its loop behind the client.
        ErrorKind::Unknown if text == "channel closed" => StoreError::Unknown("the connection was given up".into()),
        _ => StoreError::Refused(text),
    }
}

/// Whether a node of a cluster did nothing because the keys are, or are about to be, another's.
fn is_turned_away(error: &Error) -> bool {
    error.details().starts_with("Too many redirections") || error.details().starts_with("TRYAGAIN")
}

/// Everything about the clients that fred would otherwise decide for us.
struct Clients {
    config: Config,
    performance: PerformanceConfig,
    connection: ConnectionConfig,
    reconnect: ReconnectPolicy,
}

impl Clients {
    fn of(options: &RedisOptions) -> Result<Self, StoreError> {
        let mut config = Config::from_url(&options.url)
            .map_err(|error| StoreError::Refused(format!("{} is no Redis URL: {error}", options.masked_url())))?;
        config.fail_fast = true;
        let timeout = options.command_timeout;
        let performance = PerformanceConfig { default_command_timeout: timeout, ..PerformanceConfig::default() };
        let connection = ConnectionConfig {
            connection_timeout: timeout,
            internal_command_timeout: timeout,
            // Never a blind repeat: the script may have run although its answer was lost.
            max_command_attempts: 1,
            // fred counts a redirected call as a second attempt: at one attempt it fails an ASK by ending its loop. Without
            // any it updates its map of the slots and says so, and the call is ours to repeat.
            max_redirections: 0,
            max_command_buffer_len: MAX_WAITING,
            auto_client_setname: true,
            tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
            // Only where nobody asks any more: each further command puts it off. See `falls_silent`.
            unresponsive: UnresponsiveConfig { max_timeout: Some(timeout * 2), interval: Duration::from_secs(1) },
            ..ConnectionConfig::default()
        };
        Ok(Self { config, performance, connection, reconnect: ReconnectPolicy::new_exponential(0, 50, 2000, 2) })
    }

    fn pool(&self) -> Result<Pool, StoreError> {
        let (performance, connection) = (Some(self.performance.clone()), Some(self.connection.clone()));
        Pool::new(self.config.clone(), performance, connection, Some(self.reconnect.clone()), COMMAND_CONNECTIONS)
            .map_err(|error| StoreError::Refused(error.to_string()))
    }

    fn subscriber(&self) -> SubscriberClient {
        let (performance, connection) = (Some(self.performance.clone()), Some(self.connection.clone()));
        SubscriberClient::new(self.config.clone(), performance, connection, Some(self.reconnect.clone()))
    }
}

/// Connects for the first time. fred gives up at the first failure here; the further tries are ours.
async fn connect(client: &impl ClientLike, options: &RedisOptions) -> Result<ConnectHandle, StoreError> {
    let (mut wait, longest) = (Duration::from_millis(50), Duration::from_secs(2));
    let mut tries = 0;
    loop {
        let cause = match client.init().await {
            Ok(driver) => return Ok(driver),
            Err(error) => error,
        };
        let message = format!("cannot connect to {}: {}", options.masked_url(), plain(cause.details()));
        let is_passing = !matches!(cause.kind(), ErrorKind::Auth | ErrorKind::Config | ErrorKind::Url);
        if !is_passing {
            return Err(StoreError::Refused(message));
        }
        if tries == options.max_connection_retries {
            return Err(StoreError::Unavailable(message));
        }
        tries += 1;
        tokio::time::sleep(wait).await;
        wait = (wait * 4).min(longest);
    }
}

/// fred's loop behind a client ends for good at an error it was not made for, and every later call would time out. Starts it
/// again, until aborted.
async fn keep_driven(client: impl SignOfLife, mut driver: ConnectHandle, longest: Duration) {
    loop {
        tokio::select! {
            end = &mut driver => warn!(?end, "a connection to Redis has ended for good and is opened anew"),
            () = drop_when_silent(&client, longest) => {
                // It hangs in the middle of a write. Who waits for an answer is told that there will be none.
                warn!("a connection to Redis does not even close and is opened anew");
                driver.abort();
            }
        }
        driver = loop {
            match client.init().await {
                Ok(driver) => break driver,
                Err(_) => tokio::time::sleep(PATIENCE).await,
            }
        };
    }
}

/// Has a connection opened again whose other end is gone. fred would only notice it if there were no calls: each one that
/// goes out puts off its check, and all of them time out. Returns if fred does not do even that.
async fn drop_when_silent(client: &impl SignOfLife, longest: Duration) {
    loop {
        tokio::time::sleep(SIGN_OF_LIFE.min(longest)).await;
        // One that is being opened again has time limits of its own.
        if !client.is_connected() || !is_silent(client, longest).await || !client.is_connected() {
            continue;
        }
        warn!(seconds = longest.as_secs_f64(), "a connection to Redis shows no sign of life and is opened anew");
        if tokio::time::timeout(longest * 3, client.force_reconnection()).await.is_err() && client.is_connected() {
            return;
        }
    }
}

/// Whether it has not answered for `longest`, not even with an error.
async fn is_silent(client: &impl SignOfLife, longest: Duration) -> bool {
    match tokio::time::timeout(longest, client.ask()).await {
        Ok(answer) => answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout),
        Err(_) => true,
    }
}

/// A client that can be asked whether the other ends of its connections are there.
trait SignOfLife: ClientLike {
    fn ask(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

impl SignOfLife for Client {
    async fn ask(&self) -> Result<(), Error> {
        if !self.is_clustered() {
            return self.ping::<Value>(None).await.map(drop);
        }
        for node in self.active_connections() {
            self.with_cluster_node(node).ping::<Value>(None).await?;
        }
        Ok(())
    }
}

impl SignOfLife for SubscriberClient {
    async fn ask(&self) -> Result<(), Error> {
        self.ping::<Value>(None).await.map(drop)
    }
}

/// fred tells an error of the system in its `Debug` form; what people want of it is its message.
fn plain(details: &str) -> &str {
    let message = details.split_once("message: \"").and_then(|(_, rest)| rest.split_once('"'));
    message.map_or(details, |(message, _)| message)
}

/// Tells calls under way of each error of a connection until aborted.
async fn count_losses(mut errors: broadcast::Receiver<(Error, Option<Server>)>, losses: watch::Sender<u64>) {
    while !matches!(errors.recv().await, Err(RecvError::Closed)) {
        losses.send_modify(|losses| *losses += 1);
    }
}

/// Passes hints on until aborted, and subscribes anew after each outage.
async fn listen(
    subscriber: SubscriberClient,
    pool: Pool,
    mut messages: broadcast::Receiver<Message>,
    channel: String,
    hear: impl Fn(Hint) + Send + 'static,
) {
    let mut reconnects = subscriber.reconnect_rx();
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => {
                    if let Some(queue) = message.value.as_string() {
                        hear(Hint::Queue(queue));
                    }
                }
                Err(RecvError::Lagged(_)) => hear(Hint::Missed),
                Err(RecvError::Closed) => return,
            },
            reconnect = reconnects.recv() => {
                if matches!(reconnect, Err(RecvError::Closed)) {
                    return;
                }
                subscribe(&subscriber, &channel).await;
                hear(Hint::Outage);
                warn_of_eviction(&pool).await;
            }
        }
    }
}

/// Without hints workers still poll, so a refusal is worth a warning and no more.
async fn subscribe(subscriber: &SubscriberClient, channel: &str) {
    if let Err(error) = subscriber.subscribe(channel).await {
        warn!(%error, channel, "cannot listen for wake-ups; workers poll instead");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_error_is_told_in_its_own_words() {
        let debug = r#"Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }"#;
        assert_eq!(plain(debug), "Connection refused");
        assert_eq!(plain("WRONGPASS invalid"), "WRONGPASS invalid");
    }

    #[test]
    fn an_error_says_whether_the_call_may_have_been_done() {
        let of = |kind, text: &'static str| meaning(&Error::new(kind, text));
        assert!(matches!(of(ErrorKind::Unknown, "OOM command not allowed"), StoreError::Full(_)));
        assert!(matches!(of(ErrorKind::Unknown, "READONLY You can't write"), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Cluster, "CLUSTERDOWN Hash slot"), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Backpressure, "Max buffer"), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Unknown, "Failed to route command."), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Routing, "Too many redirections."), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Unknown, "Too many failed write attempts."), StoreError::Unknown(_)));
        assert!(matches!(of(ErrorKind::Unknown, "channel closed"), StoreError::Unknown(_)));
        assert!(matches!(of(ErrorKind::Timeout, "Request timed out."), StoreError::Unknown(_)));
        assert!(matches!(of(ErrorKind::IO, "Connection closed."), StoreError::Unknown(_)));
        assert!(matches!(of(ErrorKind::InvalidArgument, "WRONGTYPE Operation"), StoreError::Refused(_)));
        assert!(matches!(of(ErrorKind::Auth, "NOAUTH"), StoreError::Unavailable(_)));
        assert!(matches!(of(ErrorKind::Auth, "NOPERM this user"), StoreError::Unavailable(_)));
    }
}
