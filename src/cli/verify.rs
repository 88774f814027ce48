//! `journeyman doctor verify`.

use std::process::ExitCode;

use clap::Args;
use owo_colors::OwoColorize;
use serde_json::{Value, json};

use super::audit::recorded;
use super::output::{self, Output};
use super::{Failure, Outcome, operations};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::queue::{Class, Finding, Flaw, Repaired, Store, StoreError, Verified};

/// Columns before a message.
const MARGIN: usize = 18;
/// Findings of one flaw that people are told.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// Put right what can be put right without a guess
    #[arg(long)]
    repair: bool,
    /// Only say what --repair would do
    #[arg(long, requires = "repair")]
    dry_run: bool,
    #[arg(long)]
    pub(super) json: bool,
}

/// A look through the store, and how long it took.
struct Look {
    verified: Verified,
    seconds: f64,
}

/// Exit code 1 if anything is wrong, or is left wrong.
pub(super) async fn run(config: Config, options: VerifyOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let store = operations.store();
    let found = look(&**store).await?;
    if !options.repair {
        if output.is_json() {
            output.json(&found.document())?;
        } else {
            tell(&found)?;
        }
        return Ok(code(&found));
    }
    if options.dry_run {
        tell_plan(&found, output)?;
        return Ok(code(&found));
    }
    let repairing = async {
        let (repaired, left) = repair(&**store, found.verified.clone()).await?;
        Ok::<_, StoreError>((repaired, left.unwrap_or(found)))
    };
    let came_to = |(repaired, left): &(Vec<Finding>, Look)| {
        format!("repaired {}, left {}", repaired.len(), left.verified.total())
    };
    let (repaired, left) = recorded(&operations, "repair", None, repairing, came_to).await?;
    if output.is_json() {
        let mut document = left.document();
        document["repaired"] = repaired.iter().map(told).collect();
        output.json(&document)?;
    } else {
        for finding in &repaired {
            show(
                &"DONE".green().to_string(),
                finding.flaw.as_str(),
                &format!("{}{}", about(finding), finding.remedy.as_str()),
            )?;
        }
        tell(&left)?;
    }
    Ok(code(&left))
}

async fn look(store: &dyn Store) -> Result<Look, StoreError> {
    let watch = Stopwatch::start();
    let verified = store.verify().await?;
    Ok(Look { verified, seconds: watch.elapsed().as_secs_f64() })
}

/// Repairs until a look finds nothing more that can be. What was done, and what the last look found, if there was one.
async fn repair(store: &dyn Store, mut verified: Verified) -> Result<(Vec<Finding>, Option<Look>), StoreError> {
    let (mut done, mut last) = (Vec::new(), None);
    loop {
        let before = done.len();
        for finding in verified.findings.iter().filter(|finding| !finding.remedy.is_by_hand()) {
            if store.repair(finding).await? == Repaired::Done {
                done.push(finding.clone());
            }
        }
        if done.len() == before {
            return Ok((done, last));
        }
        let found = look(store).await?;
        verified = found.verified.clone();
        last = Some(found);
    }
}

fn code(look: &Look) -> ExitCode {
    if look.verified.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Look {
    fn document(&self) -> Value {
        let checked: serde_json::Map<String, Value> =
            Class::ALL.iter().map(|class| (class.as_str().to_owned(), self.verified.checked(*class).into())).collect();
        let totals: serde_json::Map<String, Value> =
            self.verified.totals.iter().map(|(flaw, total)| (flaw.to_string(), (*total).into())).collect();
        json!({
            "checked": checked,
            "findings": self.verified.findings.iter().map(told).collect::<Vec<_>>(),
            "totals": totals,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
        })
    }
}

/// A finding for programs.
fn told(finding: &Finding) -> Value {
    let Finding { flaw, queue, job, what, remedy, .. } = finding;
    json!({
        "code": flaw,
        "queue": Some(queue).filter(|queue| !queue.is_empty()),
        "job": job,
        "what": what,
        "remedy": remedy.as_str(),
        "by_hand": remedy.is_by_hand(),
    })
}

/// A line for each class, or for each of its findings.
fn tell(look: &Look) -> Result<(), Failure> {
    let verified = &look.verified;
    for class in Class::ALL {
        let flaws: Vec<Flaw> = Flaw::ALL.into_iter().filter(|flaw| flaw.class() == class).collect();
        if flaws.iter().all(|flaw| !verified.totals.contains_key(flaw)) {
            let message = format!("{} {}", verified.checked(class), class.promise());
            show(&"OK  ".green().to_string(), class.as_str(), &message)?;
        }
        flaws.into_iter().try_for_each(|flaw| tell_flaw(verified, flaw, |finding| finding.what.clone(), true))?;
    }
    output::line(sentence(look))?;
    Ok(())
}

fn sentence(look: &Look) -> String {
    let (total, seconds) = (look.verified.total(), look.seconds);
    let jobs = look.verified.checked(Class::Jobs);
    match total {
        0 => format!("nothing is wrong: {jobs} jobs looked at in {seconds:.1} s"),
        _ => {
            let by_hand = look.verified.findings.iter().any(|finding| finding.remedy.is_by_hand());
            let can = look.verified.findings.iter().any(|finding| !finding.remedy.is_by_hand());
            let repair = if can { "; `journeyman doctor verify --repair` puts right what it can" } else { "" };
            let hand = if by_hand && !can { "; the rest has to be put right by hand" } else { "" };
            let text = format!("{total} findings, {jobs} jobs looked at in {seconds:.1} s{repair}{hand}");
            output::wrapped(&text, 80).join("\n")
        }
    }
}

fn tell_plan(look: &Look, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return Ok(output.json(&look.document())?);
    }
    for flaw in Flaw::ALL {
        tell_flaw(&look.verified, flaw, |finding| finding.remedy.as_str().to_owned(), false)?;
    }
    let repairs = look.verified.findings.iter().filter(|finding| !finding.remedy.is_by_hand()).count();
    output::line(format_args!(
        "{repairs} repairs planned, {} by hand; nothing was written",
        look.verified.findings.len() - repairs
    ))?;
    Ok(())
}

/// Some of the findings of one flaw, and how many there are.
fn tell_flaw(
    verified: &Verified,
    flaw: Flaw,
    words: impl Fn(&Finding) -> String,
    with_remedy: bool,
) -> Result<(), Failure> {
    let Some(total) = verified.totals.get(&flaw) else { return Ok(()) };
    let of_flaw = verified.findings.iter().filter(|finding| finding.flaw == flaw);
    for finding in of_flaw.take(SHOWN) {
        let word = if finding.remedy.is_by_hand() { "HAND" } else { "FAIL" };
        let word = if with_remedy { "FAIL".red().bold().to_string() } else { word.yellow().bold().to_string() };
        let mut message = format!("{}{}", about(finding), words(finding));
        if with_remedy && finding.remedy.is_by_hand() {
            message = format!("{message}; by hand: {}", finding.remedy.as_str());
        }
        show(&word, flaw.as_str(), &message)?;
    }
    let more = usize::try_from(*total).unwrap_or(usize::MAX).saturating_sub(SHOWN);
    if more > 0 {
        show("    ", flaw.as_str(), &format!("and {more} more: {total} in all"))?;
    }
    Ok(())
}

fn about(finding: &Finding) -> String {
    let queue = output::one_line(&finding.queue);
    match (&finding.job, queue.is_empty()) {
        (Some(job), true) => format!("job {job}: "),
        (Some(job), false) => format!("job {job} of {queue}: "),
        (None, false) => format!("queue {queue}: "),
        (None, true) => String::new(),
    }
}

fn show(word: &str, name: &str, message: &str) -> Result<(), Failure> {
    let message = output::wrapped(&output::bare(message), 80 - MARGIN).join(&format!("\n{:MARGIN$}", ""));
    if name.len() > MARGIN - 8 {
        output::line(format_args!("{word}  {name}\n{:MARGIN$}{message}", ""))?;
    } else {
        output::line(format_args!("{word}  {name:<10}  {message}"))?;
    }
    Ok(())
}
