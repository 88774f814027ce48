use journeyman_job::prelude::*;

/// Confirms an order to its customer by a job of its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessOrder {
    pub order_id: u64,
    pub customer_email: String,
    pub items: Vec<RawJson>,
}

/// What status shows of a processed order.
#[derive(Serialize)]
struct Processed {
    order_id: u64,
    items: usize,
}

#[job(max_tries = 5)]
impl Job for ProcessOrder {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        if !self.customer_email.contains('@') {
            // No retry will mend an address.
            return Err(JobError::fatal(format!("customer_email {:?} is no address", self.customer_email)));
        }
        tracing::info!(order_id = self.order_id, items = self.items.len(), "order processed");
        Outcome::with(Processed { order_id: self.order_id, items: self.items.len() })
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }
}
