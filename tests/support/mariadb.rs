//! MariaDB, as the tests run it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};

use super::database::{Care, DatabaseServer, Engine, block_on, is_root, program, succeed};

/// The one that the tests of this process share, each with a database of its own.
pub fn shared() -> &'static DatabaseServer {
    static SHARED: OnceLock<DatabaseServer> = OnceLock::new();
    SHARED.get_or_init(|| DatabaseServer::start(Engine::MariaDb, Care::None))
}

fn folders() -> Vec<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from).into()
}

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

pub fn prepare(dir: &Path) {
    let mut install = Command::new(program("mariadb-install-db", &folders()));
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.arg(format!("--datadir={}", data(dir).display()));
    // A server that starts removes what others have in its directory for temporary tables.
    install.env("TMPDIR", dir);
    if is_root() {
        install.arg("--user=root");
    }
    succeed(&mut install);
}

pub fn command(dir: &Path, port: u16, care: Care) -> Vec<String> {
    let (flush, doublewrite) = if care == Care::Durable { (1, 1) } else { (0, 0) };
    let mut command = vec![
        program("mariadbd", &folders()).display().to_string(),
        "--no-defaults".to_owned(),
        format!("--datadir={}", data(dir).display()),
        format!("--socket={}", dir.join("socket").display()),
        format!("--tmpdir={}", dir.display()),
        format!("--port={port}"),
        format!("--innodb-flush-log-at-trx-commit={flush}"),
        format!("--innodb-doublewrite={doublewrite}"),
    ];
    // Many small databases, for a short time.
    let settings = "--bind-address=127.0.0.1 --skip-name-resolve --max-connections=1000 --innodb-buffer-pool-size=64M \
        --innodb-file-per-table=0 --performance-schema=0 --skip-log-bin";
    command.extend(settings.split_whitespace().map(str::to_owned));
    if is_root() {
        command.push("--user=root".to_owned());
    }
    command
}

pub fn answers(port: u16) -> bool {
    block_on(async move { MySqlConnection::connect(&url(port, "mysql")).await.is_ok() })
}

pub fn create(port: u16, number: u64) -> String {
    let name = format!("case_{number}");
    let statement = format!("CREATE DATABASE {name}");
    block_on(async move {
        let mut connection = MySqlConnection::connect(&url(port, "mysql")).await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    });
    url(port, &name)
}

fn url(port: u16, database: &str) -> String {
    format!("mysql://root@127.0.0.1:{port}/{database}")
}
