use std::process::Command;

use journeyman_job::prelude::*;

/// Takes its whole worker process down, as a fault in foreign code would.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortsProcess {
    #[serde(default)]
    pub by: Death,
}

/// How a process can end that did not mean to.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    #[default]
    Abort,
    /// As if all were well.
    Exit,
    /// As by a system that is short of memory.
    Kill,
    StackOverflow,
}

#[job]
impl Job for AbortsProcess {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        match self.by {
            Death::Abort => std::process::abort(),
            Death::Exit => std::process::exit(0),
            Death::Kill => {
                Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;
                std::future::pending().await
            }
            Death::StackOverflow => Ok(Outcome::with(endless(0))?),
        }
    }
}

#[expect(unconditional_recursion, reason = "this is how a stack overflows")]
fn endless(depth: u64) -> u64 {
    std::hint::black_box(endless(depth + 1)) + depth
}
