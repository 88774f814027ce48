//! The command line: one file per command.

mod api;
mod arguments;
mod audit;
mod by_id;
mod cancel;
mod completions;
mod config_show;
mod crew;
mod dispatch;
mod doctor;
mod edge;
mod failed;
mod filter;
mod flush;
mod forget;
mod jobs;
mod key;
mod migrate;
mod monitor;
mod openapi;
mod output;
mod pause;
mod probes;
mod prune;
mod purge;
mod queues;
mod restart;
mod retry;
mod serve;
mod size;
mod stats;
mod status;
mod top;
mod types;
mod verify;
mod when;
mod work;
mod work_lines;
mod workers;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use journeyman_job::registry;
use tokio::runtime::Runtime;

use crate::app;
use crate::config::{Config, Loaded, Sources};
use crate::queue::StoreError;
use crate::queue::operations::{OperationError, Operations};
use crate::telemetry;
use arguments::{Arguments, Command, Shared};
use output::Output;

/// What a command ends with: the exit code, or one sentence for standard error and exit code 1.
type Outcome = Result<ExitCode, Failure>;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Config(#[from] crate::config::ConfigErrors),
    #[error("{0}")]
    Registry(#[from] registry::RegistryError),
    #[error("{0}; check QUEUE_CONNECTION and the store's settings with `journeyman config show`")]
    Store(#[from] StoreError),
    #[error("{0}; check QUEUE_CONNECTION and the store's settings with `journeyman config show`")]
    App(#[from] crate::app::AppError),
    #[error("{0}")]
    Operation(OperationError),
    #[error("{0}")]
    Start(#[from] crate::app::StartError),
    #[error("{0}")]
    Dispatch(#[from] journeyman_job::DispatchError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
    #[error("{0}")]
    Other(String),
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Store(error) => error.into(),
            other => Self::Operation(other),
        }
    }
}

/// Runs the command in `arguments` and returns the process's exit code: 0 done, 1 failed, 2 wrong usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no failure; clap knows which is which.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match execute(arguments) {
        Ok(code) => code,
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            match failure {
                Failure::Config(errors) if errors.are_of_flags() => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn execute(arguments: Arguments) -> Outcome {
    let Arguments { command, shared } = arguments;
    let command = command.unwrap_or_default();
    if let Command::Openapi(options) = &command {
        return openapi::run(options);
    }
    if let Command::Completions(options) = &command {
        return completions::run(options);
    }
    if let Command::Key { command } = command {
        return key::run(command);
    }
    let output = Output::new(command.wants_json());
    let Loaded { config, rows } = match load(&command, &shared) {
        Err(Failure::Config(errors)) if command.is_doctor() => {
            return doctor::without_config(&errors, output);
        }
        loaded => loaded?,
    };
    if let Some(reason) = command.needs_another_store(config.store.connection) {
        return Err(Failure::Other(format!("{reason}, or name another with --connection")));
    }
    if !(command.fills_the_terminal() && std::io::stderr().is_terminal()) {
        telemetry::start(&config.logging);
    }
    match command {
        Command::Serve(options) => block_on(serve::run(config, options))?,
        Command::Work(options) => block_on(work::run(config, options))?,
        Command::Migrate(options) => block_on(migrate::run(config, options, output))?,
        Command::Status { id, .. } => block_on(status::run(config, id, output))?,
        Command::Stats { queue, .. } => block_on(stats::run(config, queue, output))?,
        Command::Queues(options) => block_on(queues::run(config, options, output))?,
        Command::Workers(options) => block_on(workers::run(config, options, output))?,
        Command::Top(options) => block_on(top::run(config, options))?,
        Command::Dispatch(options) => block_on(dispatch::run(config, options, output))?,
        Command::Types { .. } => types::run(&output),
        Command::Config { .. } => config_show::run(&rows, &output),
        Command::Openapi(options) => openapi::run(&options),
        Command::Failed(options) => block_on(failed::run(config, options, output))?,
        Command::Retry(options) => block_on(retry::run(config, options, output))?,
        Command::Forget(options) => block_on(forget::run(config, options, output))?,
        Command::Flush(options) => block_on(flush::run(config, options, output))?,
        Command::Prune(options) => block_on(prune::run(config, options, output))?,
        Command::Jobs(options) => block_on(jobs::run(config, options, output))?,
        Command::Cancel(options) => block_on(cancel::run(config, options, output))?,
        Command::Purge(options) => block_on(purge::run(config, options, output))?,
        Command::Size(options) => block_on(size::run(config, options, output))?,
        Command::Monitor(options) => block_on(monitor::run(config, options, output))?,
        Command::Pause(options) => block_on(pause::pause(config, options, output))?,
        Command::Resume(options) => block_on(pause::resume(config, options, output))?,
        Command::Restart { .. } => block_on(restart::run(config, output))?,
        Command::Doctor(options) => block_on(doctor::run(config, options, output))?,
        Command::Completions(options) => completions::run(&options),
        Command::Key { command } => key::run(command),
    }
}

/// The operator's hand on the configured store, and the store's name.
async fn operations(config: &Config) -> Result<(Operations, String), StoreError> {
    let connected = app::open(config).await?;
    Ok((app::operations(config, &connected), connected.name))
}

fn load(command: &Command, shared: &Shared) -> Result<Loaded, Failure> {
    let mut flags = shared.overrides();
    flags.extend(command.overrides());
    let sources = Sources::from_process(shared.config.clone(), flags)?;
    Ok(Config::load(&sources)?)
}

/// Runs a command on a runtime of its own and lets nothing that still blocks a thread hold up the end.
fn block_on<T>(command: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    Ok(outcome)
}
