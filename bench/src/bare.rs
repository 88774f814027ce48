//! The ceilings for HTTP: an axum handler that parses the body and answers 201, and one that also stores it in Redis, by
//! a call for each.

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::ceiling::Bare;

type Store = Option<(Bare, Arc<AtomicU64>)>;

/// Serves until it is killed.
pub async fn serve(redis: Option<&str>) -> anyhow::Result<()> {
    let store: Store = match redis {
        Some(url) => Some((Bare::connect(url).await?, Arc::default())),
        None => None,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    Ok(axum::serve(listener, Router::new().route("/api/queue/enqueue", post(accept)).with_state(store)).await?)
}

async fn accept(State(store): State<Store>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let known = body.get("task_type").is_some_and(Value::is_string);
    let mut status = if known { StatusCode::CREATED } else { StatusCode::UNPROCESSABLE_ENTITY };
    if let Some((bare, last)) = store {
        let number = last.fetch_add(1, Ordering::Relaxed);
        if bare.push(std::iter::once(number)).await.is_err() {
            status = StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    (status, Json(json!({"status": "pending"})))
}
