//! `journeyman top`: queues and workers, live.
//!
//! [`look`] asks the store, [`view`] holds what is shown and how, [`draw`] draws it, [`screen`] is the terminal. A look costs
//! what its queues and workers cost, whatever the backlog.

mod draw;
mod keys;
mod look;
mod rates;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use crossterm::event::{Event, EventStream};
use futures::future::{Fuse, FutureExt};
use futures::{StreamExt, pin_mut};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::output;
use super::{Failure, Outcome, operations};
use crate::config::Config;
use crate::queue::operations::Operations;
use look::look;
use screen::Screen;
use view::View;

/// Columns where nothing says how many there are.
const PLAIN: u16 = 80;

#[derive(Debug, Args)]
pub(super) struct TopOptions {
    /// Time between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = in_seconds)]
    interval: Duration,
    /// Print what two looks show as plain lines, and end
    #[arg(long)]
    pub(super) once: bool,
}

fn in_seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| (0.2..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("give 0.2 to 3600")
}

pub(super) async fn run(config: Config, options: TopOptions) -> Outcome {
    let is_terminal = io::stdout().is_terminal();
    if !options.once && !is_terminal {
        let reason = "standard output is no terminal; `top --once` prints one look, `queues` and `workers` have --json";
        return Err(Failure::Other(reason.to_owned()));
    }
    let (operations, store) = operations(&config).await?;
    let view = View::new(store, options.interval);
    if options.once {
        return once(&operations, view, is_terminal).await;
    }
    watch(&operations, view).await?;
    Ok(ExitCode::SUCCESS)
}

/// Two looks, as rates lie between them.
async fn once(operations: &Operations, mut view: View, is_terminal: bool) -> Outcome {
    view.seen(look(operations, None).await?);
    sleep(view.interval).await;
    view.seen(look(operations, view.look.as_ref().map(|look| look.failures.clone())).await?);
    let size = if is_terminal { crossterm::terminal::size().ok() } else { None };
    let width = size.map_or(PLAIN, |(width, _)| width).clamp(draw::LEAST.0, 500);
    output::line(draw::plain(&mut view, width))?;
    Ok(ExitCode::SUCCESS)
}

/// Until somebody has seen enough, or the terminal is gone.
async fn watch(operations: &Operations, mut view: View) -> Result<(), Failure> {
    let stop = told_to_stop()?;
    pin_mut!(stop);
    let refused = |error| Failure::Other(format!("this terminal cannot be drawn on: {error}"));
    let mut screen = Screen::open().map_err(refused)?;
    let mut events = EventStream::new();
    let mut ticks = interval(view.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looking = Fuse::terminated();
    loop {
        screen.draw(&mut view)?;
        let is_looking = !futures::future::FusedFuture::is_terminated(&looking);
        tokio::select! {
            () = &mut stop => return Ok(()),
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if keys::read(&key).is_some_and(|key| view.act(key)) => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            found = &mut looking, if is_looking => match found {
                Ok(found) => view.seen(found),
                Err(error) => view.missed(format!("{error}")),
            },
            _ = ticks.tick(), if !is_looking && !view.is_held => {
                let known = view.look.as_ref().map(|look| look.failures.clone());
                looking = look(operations, known).boxed().fuse();
            }
        }
    }
}

/// Waits for a signal; Ctrl-C is a key as long as the terminal is ours.
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
