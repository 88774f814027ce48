//! Keeps apart the jobs under which workers have died.
//!
//! When a worker dies, all that it ran may have killed it. Two deaths may be shared; before the third a job is set apart
//! from the others like it, so that only the killer meets its end.

use std::time::Duration;

use super::LOOK_EVERY;
use super::conclusion::Ended;
use super::executor::{Executor, InHand};
use super::held::Turn;
use super::opening::opened;
use crate::chance;
use crate::queue::Settlement;

/// How long a suspect waits, at least, that has met another one; at most twice as long, so that they part.
const APART: Duration = Duration::from_secs(1);

impl Executor {
    /// Whether the job may run now; if not, it is on its way back to its queue, at no cost.
    pub(super) async fn may_run(&self, hand: &InHand) -> bool {
        // Deaths stand in a job's trail, and most have none.
        if hand.job.trail.is_empty() {
            return true;
        }
        match self.held.turn(hand.job.reservation.job) {
            Turn::Any => true,
            Turn::Own => {
                Box::pin(self.others_gone(hand)).await;
                true
            }
            Turn::Others => {
                Box::pin(self.put_apart(hand)).await;
                false
            }
        }
    }

    /// Waits until the store has the other suspects back: this one may be the killer, and they would die with it.
    async fn others_gone(&self, hand: &InHand) {
        let gone = async {
            while !self.held.is_rid_of_other_suspects() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = gone => {}
            () = hand.revoked.fired() => {}
        }
    }

    async fn put_apart(&self, hand: &InHand) {
        let job_type = match opened(&hand.job) {
            Ok(body) => body.type_name.into_owned(),
            Err(obstacle) => obstacle.job_type().to_owned(),
        };
        let ended = Ended::new(&hand.job, hand.stopwatch.elapsed());
        let settlement = Settlement::Snooze { delay: APART.mul_f64(1.0 + chance::roll()) };
        self.hand_over(hand, &job_type, ended, settlement, None).await;
    }
}
