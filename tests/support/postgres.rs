//! PostgreSQL, as the tests run it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::database::{Care, DatabaseServer, Engine, block_on, is_root, program, succeed};

/// Whom the server runs as where we are root, which it refuses to be.
const USER: &str = "postgres";

/// The one that the tests of this process share, each with a schema of its own.
pub fn shared() -> &'static DatabaseServer {
    static SHARED: OnceLock<DatabaseServer> = OnceLock::new();
    SHARED.get_or_init(|| DatabaseServer::start(Engine::Postgres, Care::None))
}

/// Debian keeps each version apart; the newest one first.
fn folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    folders
}

/// The beginning of a command that must not run as root.
fn unprivileged() -> Vec<String> {
    let words = if is_root() { format!("setpriv --reuid={USER} --regid={USER} --clear-groups") } else { String::new() };
    words.split_whitespace().map(str::to_owned).collect()
}

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

pub fn prepare(dir: &Path) {
    if is_root() {
        succeed(Command::new("chown").arg(USER).arg(dir));
    }
    let mut words = unprivileged();
    words.push(program("initdb", &folders()).display().to_string());
    let data = data(dir).display().to_string();
    let options = ["-D", &data, "-U", "journeyman", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    succeed(Command::new(&words[0]).args(&words[1..]).args(options).current_dir("/"));
}

pub fn command(dir: &Path, port: u16, care: Care) -> Vec<String> {
    let on = if care == Care::Durable { "on" } else { "off" };
    let mut command = unprivileged();
    command.push(program("postgres", &folders()).display().to_string());
    let (data, port) = (data(dir).display().to_string(), port.to_string());
    let sockets = dir.display().to_string();
    let options = ["-D", &data, "-p", &port, "-h", "127.0.0.1", "-k", &sockets];
    command.extend(options.map(str::to_owned));
    let settings =
        format!("fsync={on} synchronous_commit={on} full_page_writes={on} max_connections=600 shared_buffers=64MB");
    command.extend(settings.split_whitespace().flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
    command
}

pub fn answers(port: u16) -> bool {
    block_on(async move { PgConnection::connect(&url(port)).await.is_ok() })
}

pub fn create(port: u16, number: u64) -> String {
    let name = format!("case_{number}");
    let statement = format!("CREATE SCHEMA {name}");
    block_on(async move {
        let mut connection = PgConnection::connect(&url(port)).await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    });
    format!("{}?options=-c%20search_path%3D{name}", url(port))
}

fn url(port: u16) -> String {
    format!("postgres://journeyman@127.0.0.1:{port}/postgres")
}
