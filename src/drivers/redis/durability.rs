//! What the server promises to keep.

use std::collections::HashMap;

use fred::interfaces::{ClientLike, ConfigInterface};
use fred::types::InfoKind;
use tracing::{error, warn};

use super::RedisStore;
use super::connection::meaning;
use crate::queue::StoreError;

/// Oldest server whose scripts can carry flags.
const OLDEST_MAJOR: u32 = 7;

impl RedisStore {
    /// Refuses a server that would lose jobs or cannot run the scripts.
    pub(super) async fn check_server(&self) -> Result<(), StoreError> {
        let info = self.info().await?;
        let version = info.get("redis_version").map_or("", String::as_str);
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major < OLDEST_MAJOR) {
            return Err(StoreError::Refused(format!(
                "Redis is version {version}: {OLDEST_MAJOR}.0 or newer is needed"
            )));
        }
        refuse_replica(&info)?;
        if let Some(policy) = self.evicts(&info)? {
            warn!(policy, "Redis may throw jobs away when it is full, as the settings allow");
        }
        Ok(())
    }

    /// The policy by which the server throws jobs away when it is full, if it does and the settings allow it.
    fn evicts<'a>(&self, info: &'a HashMap<String, String>) -> Result<Option<&'a str>, StoreError> {
        match info.get("maxmemory_policy").map(String::as_str) {
            Some("noeviction") | None => Ok(None),
            Some(policy) if self.allow_eviction => Ok(Some(policy)),
            Some(policy) => Err(StoreError::Refused(format!(
                "Redis may throw jobs away, its maxmemory-policy is {policy}: set it to noeviction \
                 (CONFIG SET maxmemory-policy noeviction, and in redis.conf), or REDIS_ALLOW_EVICTION=true to use it all \
                 the same"
            ))),
        }
    }

    /// How safe stored jobs are, in words.
    pub(super) async fn describe_durability(&self) -> Result<String, StoreError> {
        let info = self.info().await?;
        // The policy can be changed, or the server be another one, while we are connected.
        refuse_replica(&info)?;
        let evicts = self.evicts(&info)?;
        let is = |field: &str, value: &str| info.get(field).is_some_and(|found| found == value);
        let kept = if !info.contains_key("aof_enabled") {
            "unknown: Redis does not tell whether it persists".to_owned()
        } else if is("aof_enabled", "1") {
            describe_fsync(self.setting("appendfsync").await.as_deref())
        } else {
            describe_snapshots(self.setting("save").await.as_deref())
        };
        let replicas = info.get("connected_slaves").and_then(|count| count.parse::<u32>().ok()).unwrap_or(0);
        let kept = if replicas > 0 { format!("{kept}; replicated to {replicas}, asynchronously") } else { kept };
        Ok(match evicts {
            Some(policy) => format!("evicting: a full Redis throws jobs away ({policy}); {kept}"),
            None => kept,
        })
    }

    /// The fields of `INFO`.
    async fn info(&self) -> Result<HashMap<String, String>, StoreError> {
        info(self.connection.client().await?).await
    }

    /// A setting of the server; none if it does not tell, as managed servers do not.
    async fn setting(&self, name: &str) -> Option<String> {
        let client = self.connection.client().await.ok()?;
        let mut found: HashMap<String, String> = client.config_get(name).await.ok()?;
        found.remove(name)
    }
}

/// One that writes nothing takes no jobs either.
fn refuse_replica(info: &HashMap<String, String>) -> Result<(), StoreError> {
    if info.get("role").is_none_or(|role| role != "slave") {
        return Ok(());
    }
    let of = |field: &str| info.get(field).map_or("?", String::as_str);
    Err(StoreError::Unavailable(format!(
        "this Redis is a replica, which takes no jobs: connect to its master, now {}:{}, or by Sentinel",
        of("master_host"),
        of("master_port")
    )))
}

async fn info(client: &impl ClientLike) -> Result<HashMap<String, String>, StoreError> {
    let text: String = client.info(Some(InfoKind::Default)).await.map_err(|error| meaning(&error))?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Ok(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

/// Says so if the server to which a lost connection has come back is one that throws jobs away: readiness fails until it
/// does not, unless the settings allow it.
pub(super) async fn warn_of_eviction(client: &impl ClientLike) {
    let found = info(client).await.unwrap_or_default();
    if let Some(policy) = found.get("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        error!(policy, "Redis may throw jobs away when it is full: set its maxmemory-policy to noeviction");
    }
}

fn describe_fsync(policy: Option<&str>) -> String {
    match policy {
        Some("always") => "fsync: every change is on disk before it is confirmed",
        Some("everysec") => "everysec: a crash of the machine loses at most the last second or so",
        Some("no") => "append-only file without fsync: a crash of the machine loses what the system had not written",
        _ => "append-only file; how often it reaches the disk is unknown",
    }
    .to_owned()
}

fn describe_snapshots(save: Option<&str>) -> String {
    match save {
        Some("") => "memory: jobs are lost when Redis stops (no persistence)".to_owned(),
        Some(rules) => format!("snapshots: what came after the last one is lost in a crash (save {rules})"),
        None => "memory or snapshots: recent jobs are lost in a crash (which of them is unknown)".to_owned(),
    }
}
