//! What can be said on the command line, and which setting each flag stands for.

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use journeyman_job::{JobId, QueueName};

use super::cancel::CancelOptions;
use super::completions::CompletionsOptions;
use super::dispatch::DispatchOptions;
use super::doctor::DoctorOptions;
use super::failed::FailedOptions;
use super::flush::FlushOptions;
use super::forget::ForgetOptions;
use super::jobs::JobsOptions;
use super::monitor::MonitorOptions;
use super::pause::PauseOptions;
use super::prune::PruneOptions;
use super::purge::PurgeOptions;
use super::queues::QueuesOptions;
use super::retry::RetryOptions;
use super::size::SizeOptions;
use super::top::TopOptions;
use super::workers::WorkersOptions;

use crate::access::{Scope, checked_name};
use crate::config::Connection;

type Override = (String, String, String);

/// An HTTP job server with Laravel-style job traits.
///
/// Without a command it serves: API and workers in one process, on 127.0.0.1:8080, with its data in `data/`.
#[derive(Debug, Parser)]
#[command(name = "journeyman", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(super) struct Shared {
    /// Settings file (TOML) [default: journeyman.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Folder of the embedded store [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Store to use: sqlite, redis, database, memory, sync or null [default: sqlite]
    #[arg(long, global = true, value_name = "NAME")]
    connection: Option<String>,
    /// What to log: error, warn, info, debug, trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the HTTP API, and run workers in the same process
    Serve(ServeOptions),
    /// Run jobs (also as --queue-work)
    Work(WorkOptions),
    /// Create or update the store's tables
    Migrate(MigrateOptions),
    /// Show one job
    Status {
        /// The job's id (task_id)
        id: JobId,
        #[arg(long)]
        json: bool,
    },
    /// Show the queues in numbers
    Stats {
        /// Only this queue
        queue: Option<QueueName>,
        #[arg(long)]
        json: bool,
    },
    /// List the queues, and how long their oldest jobs wait
    Queues(QueuesOptions),
    /// List the workers, or tell them to be quiet, to resume or to stop
    Workers(WorkersOptions),
    /// Watch queues and workers, live
    Top(TopOptions),
    /// Push a job
    Dispatch(DispatchOptions),
    /// List the failed jobs, the latest first
    Failed(FailedOptions),
    /// Put failed jobs back into their queues
    Retry(RetryOptions),
    /// Remove the records of ended jobs
    Forget(ForgetOptions),
    /// Remove the records of all failed jobs
    Flush(FlushOptions),
    /// Remove records of ended jobs that are kept no longer
    Prune(PruneOptions),
    /// List jobs of every state
    Jobs(JobsOptions),
    /// Take waiting jobs back
    Cancel(CancelOptions),
    /// Remove all waiting jobs of a queue
    Purge(PurgeOptions),
    /// Count the jobs of queues that have not ended
    Size(SizeOptions),
    /// Tell whether queues are too long (exit code 1)
    Monitor(MonitorOptions),
    /// Let workers take nothing from queues
    Pause(PauseOptions),
    /// End the pause of queues
    Resume(PauseOptions),
    /// Tell all workers to stop once their jobs are done
    Restart {
        #[arg(long)]
        json: bool,
    },
    /// Look for what is wrong: settings, store, queues
    Doctor(DoctorOptions),
    /// List the job types that this binary knows
    Types {
        /// With the JSON schema of each payload
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document of the HTTP API
    Openapi(OpenapiOptions),
    /// The settings in force
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Make keys: for the HTTP API, and to seal what is stored
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Print a script that completes this command line
    Completions(CompletionsOptions),
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(ServeOptions::default())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print each setting, its value and where it came from; secrets are masked
    Show {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make an API key: prints it once, and the line to configure
    New {
        /// Whose key it is, for the log
        #[arg(long, value_parser = checked_name)]
        name: String,
        /// What it is good for: enqueue, read, work, operate, or admin for all
        #[arg(long = "scope", value_name = "A,B", required = true, value_delimiter = ',')]
        scopes: Vec<Scope>,
        /// When it ends to be good, such as 2030-01-01T00:00:00Z
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<DateTime<FixedOffset>>,
        #[arg(long)]
        json: bool,
    },
    /// Make a key that seals secrets and stored jobs (JOURNEYMAN_KEYS): prints it once
    Secret {
        #[arg(long)]
        json: bool,
    },
}

fn time(text: &str) -> Result<DateTime<FixedOffset>, String> {
    DateTime::parse_from_rfc3339(text).map_err(|error| format!("{error}; give a time such as 2030-01-01T00:00:00Z"))
}

#[derive(Debug, Default, Args)]
pub(super) struct ServeOptions {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Only the API; run `journeyman work` elsewhere
    #[arg(long)]
    pub(super) no_worker: bool,
    /// Let the API take the trial jobs (noop, echo, flaky, sleep …)
    #[arg(long)]
    examples: bool,
    #[command(flatten)]
    crew: Crew,
}

#[derive(Debug, Args)]
pub(super) struct WorkOptions {
    #[command(flatten)]
    crew: Crew,
    /// Stop after this many jobs
    #[arg(long, value_name = "N")]
    max_jobs: Option<String>,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS")]
    max_time: Option<String>,
    /// Longest wait before an idle worker looks again, seconds [default: 3]
    #[arg(long, value_name = "SECONDS")]
    sleep: Option<String>,
    /// Executions of every job, in place of its own number; 0 = no limit
    #[arg(long, alias = "tries", value_name = "N")]
    max_tries: Option<String>,
    /// Seconds an attempt of any job may run, in place of its own limit; 0 = no limit
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<String>,
    /// Stop once the process has grown to this many MiB
    #[arg(long, value_name = "MIB")]
    memory: Option<String>,
    /// Run one job, if there is one, and stop
    #[arg(long)]
    pub(super) once: bool,
    /// Stop when no job is left
    #[arg(long)]
    pub(super) stop_when_empty: bool,
    /// One JSON object for each event instead of a line for people
    #[arg(long)]
    pub(super) json: bool,
}

/// Flags of whatever runs jobs.
#[derive(Debug, Default, Args)]
struct Crew {
    /// Queues to serve, the most urgent first, and no others [default: all]
    #[arg(long, value_name = "A,B")]
    queue: Option<String>,
    /// Jobs to run at the same time [default: 5]
    #[arg(long, value_name = "N")]
    workers: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MigrateOptions {
    /// Also create what database_operation needs in the application's database (tables.url)
    #[arg(long)]
    pub(super) tables: bool,
    /// The same, and the tables of the credit examples: users, accounts and their ledger
    #[arg(long)]
    pub(super) examples: bool,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct OpenapiOptions {
    /// Compare with this file instead of printing; exit code 1 if it is stale
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "openapi.yaml")]
    pub(super) check: Option<PathBuf>,
    /// JSON instead of YAML
    #[arg(long)]
    pub(super) json: bool,
}

impl Shared {
    pub(super) fn overrides(&self) -> Vec<Override> {
        let mut list = List::default();
        list.add("store.data_dir", "--data-dir", self.data_dir.as_ref());
        list.add("store.connection", "--connection", self.connection.as_ref());
        list.add("logging.level", "--log-level", self.log_level.as_ref());
        list.0
    }
}

impl Command {
    pub(super) fn wants_json(&self) -> bool {
        match self {
            Self::Status { json, .. }
            | Self::Stats { json, .. }
            | Self::Types { json }
            | Self::Restart { json }
            | Self::Config { command: ConfigCommand::Show { json } } => *json,
            Self::Migrate(options) => options.json,
            Self::Dispatch(options) => options.json,
            Self::Failed(options) => options.json,
            Self::Retry(options) => options.json,
            Self::Forget(options) => options.json,
            Self::Flush(options) => options.json,
            Self::Prune(options) => options.json,
            Self::Jobs(options) => options.json,
            Self::Cancel(options) => options.json,
            Self::Purge(options) => options.json,
            Self::Size(options) => options.json,
            Self::Monitor(options) => options.json,
            Self::Pause(options) | Self::Resume(options) => options.json,
            Self::Queues(options) => options.json,
            Self::Workers(options) => options.wants_json(),
            Self::Doctor(options) => options.wants_json(),
            Self::Serve(_)
            | Self::Work(_)
            | Self::Top(_)
            | Self::Openapi(_)
            | Self::Key { .. }
            | Self::Completions(_) => false,
        }
    }

    /// Whether it has the whole terminal to itself, where a log line would spoil the picture.
    pub(super) fn fills_the_terminal(&self) -> bool {
        matches!(self, Self::Top(options) if !options.once)
    }

    /// Whether it looks for what is wrong, its own settings included.
    pub(super) fn is_doctor(&self) -> bool {
        matches!(self, Self::Doctor(options) if !options.is_of_the_store())
    }

    /// Why this command can do nothing with this store.
    pub(super) fn needs_another_store(&self, connection: Connection) -> Option<&'static str> {
        let stands_alone = matches!(
            self,
            Self::Serve(_)
                | Self::Migrate(_)
                | Self::Types { .. }
                | Self::Openapi(_)
                | Self::Config { .. }
                | Self::Key { .. }
                | Self::Completions(_)
        );
        let stands_alone = stands_alone || self.is_doctor();
        let dispatches = matches!(self, Self::Dispatch(_));
        match connection {
            _ if stands_alone => None,
            Connection::Memory => Some("the memory store ends with this process: use it with `serve`"),
            Connection::Sync if !dispatches => {
                Some("the sync connection runs each job where it is dispatched: use it with `serve` or `dispatch`")
            }
            Connection::Null if !dispatches => Some("the null connection drops every job: there is nothing to see"),
            _ => None,
        }
    }

    /// The settings that this command's flags stand for.
    pub(super) fn overrides(&self) -> Vec<Override> {
        let mut list = List::default();
        match self {
            Self::Serve(options) => {
                list.add("http.bind", "--bind", options.bind.as_ref());
                list.add("examples", "--examples", options.examples.then_some(&"true".to_owned()));
                list.crew(&options.crew);
            }
            Self::Work(options) => {
                list.crew(&options.crew);
                list.add("worker.max_jobs", "--once", options.once.then_some(&"1".to_owned()));
                list.add("worker.max_jobs", "--max-jobs", options.max_jobs.as_ref());
                list.add("worker.max_time", "--max-time", options.max_time.as_ref());
                list.add("worker.sleep", "--sleep", options.sleep.as_ref());
                list.add("worker.max_tries", "--max-tries", options.max_tries.as_ref());
                list.add("worker.timeout", "--timeout", options.timeout.as_ref());
                list.add("worker.memory", "--memory", options.memory.as_ref());
            }
            _ => {}
        }
        list.0
    }
}

#[derive(Default)]
struct List(Vec<Override>);

impl List {
    fn add(&mut self, key: &str, flag: &str, value: Option<&String>) {
        self.0.extend(value.map(|value| (key.to_owned(), flag.to_owned(), value.clone())));
    }

    fn crew(&mut self, crew: &Crew) {
        self.add("worker.queues", "--queue", crew.queue.as_ref());
        self.add("worker.all_queues", "--queue", crew.queue.as_ref().map(|_| "false".to_owned()).as_ref());
        self.add("worker.count", "--workers", crew.workers.as_ref());
    }
}

/// Reads the command line; flags without a command are those of `serve`.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut arguments = with_work_flag(arguments);
    let first_error = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => return Ok(parsed),
        Err(error) => error,
    };
    let starts_with_flag = arguments.get(1).is_some_and(|first| first.as_encoded_bytes().starts_with(b"--"));
    if first_error.kind() != ErrorKind::UnknownArgument || !starts_with_flag {
        return Err(first_error);
    }
    arguments.insert(1, "serve".into());
    Arguments::try_parse_from(&arguments)
}

/// `--queue-work`, the documents' way to start a worker, stands for the command `work`.
fn with_work_flag(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--queue-work") {
        arguments.remove(at);
        arguments.insert(1.min(arguments.len()), "work".into());
    }
    arguments
}

#[cfg(test)]
mod tests;
