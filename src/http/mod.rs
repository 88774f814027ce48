pub mod body;
pub mod server;
