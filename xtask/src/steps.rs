//! Steps taken in order, each timed, until one fails.

use std::fmt;
use std::time::{Duration, Instant};

/// The steps taken so far.
#[derive(Default)]
pub struct Steps {
    taken: Vec<Step>,
}

struct Step {
    name: &'static str,
    verdict: Verdict,
}

enum Verdict {
    Passed(Duration),
    Failed(Duration),
    /// Why not. Never to be read as passed.
    NotRun(String),
}

impl Steps {
    /// Takes the step, unless one before it failed.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), String>) {
        if !self.succeeded() {
            return self.taken.push(Step { name, verdict: Verdict::NotRun("a step before it failed".to_owned()) });
        }
        println!("\n== {name}");
        let (result, took) = timed(step);
        let verdict = match &result {
            Ok(()) => Verdict::Passed(took),
            Err(_) => Verdict::Failed(took),
        };
        let step = Step { name, verdict };
        println!("{step}");
        if let Err(why) = result {
            println!("{name}: {why}");
        }
        self.taken.push(step);
    }

    /// Says that the step cannot be taken here, which is no failure.
    pub fn not_run(&mut self, name: &'static str, why: &str) {
        let step = Step { name, verdict: Verdict::NotRun(why.to_owned()) };
        if self.succeeded() {
            println!("\n== {name}\n{step}");
        }
        self.taken.push(step);
    }

    pub fn succeeded(&self) -> bool {
        !self.taken.iter().any(|step| matches!(step.verdict, Verdict::Failed(_)))
    }
}

/// One line per step.
impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.taken.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, verdict } = self;
        match verdict {
            Verdict::Passed(took) => write!(f, "passed   {name:<8} {:.1} s", took.as_secs_f64()),
            Verdict::Failed(took) => write!(f, "FAILED   {name:<8} {:.1} s", took.as_secs_f64()),
            Verdict::NotRun(why) => write!(f, "not run  {name:<8} {why}"),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch for people; nothing decides by it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (work(), started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_after_a_failure() {
        let mut steps = Steps::default();
        steps.run("first", || Ok(()));
        steps.run("second", || Err("it broke".to_owned()));
        steps.run("third", || panic!("a step ran after a failure"));
        assert!(!steps.succeeded());
        let summary = steps.to_string();
        let verdicts: Vec<&str> = summary.lines().map(|line| line[..16].trim_end()).collect();
        assert_eq!(verdicts, ["passed   first", "FAILED   second", "not run  third"]);
    }

    #[test]
    fn a_step_that_cannot_run_here_is_neither_passed_nor_failed() {
        let mut steps = Steps::default();
        steps.not_run("deny", "not installed");
        assert!(steps.succeeded());
        assert_eq!(steps.to_string(), "not run  deny     not installed\n");
    }
}
