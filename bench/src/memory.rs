//! What a waiting job costs in Redis.

use crate::push;
use crate::stores::{Kind, Stores};

/// Bytes of Redis memory per waiting job.
pub async fn bytes_per_job(stores: &Stores, jobs: u64) -> anyhow::Result<f64> {
    let stand = stores.fresh(Kind::Redis)?;
    let app = stand.open().await?;
    // Scripts, keys and buffers are no cost of the jobs measured.
    push::fill(&app, 100).await?;
    let before = stores.redis.used_memory()?;
    push::fill(&app, jobs).await?;
    let after = stores.redis.used_memory()?;
    Ok((after - before) / jobs as f64)
}
