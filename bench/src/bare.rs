//! The ceiling for HTTP: an axum handler that parses the body and answers 201.

use std::io::Write;
use std::net::Ipv4Addr;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Serves until it is killed.
pub async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    Ok(axum::serve(listener, Router::new().route("/api/queue/enqueue", post(accept))).await?)
}

async fn accept(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let known = body.get("task_type").is_some_and(Value::is_string);
    let status = if known { StatusCode::CREATED } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, Json(json!({"status": "pending"})))
}
