//! Changes: each one transaction, done again when the server gave it up for the sake of others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::QueueName;

use super::Core;
use super::fault::Fault;
use super::ledger::Ledger;
use super::link::{Link, Row};
use super::positions::Positions;
use super::statements::{Statement, Statements};
use super::value::Value;
use crate::chance;
use crate::clock::Timestamp;
use crate::drivers::store_time::StoreTime;
use crate::queue::StoreError;

/// Further tries of a change that met others.
const TRIES: u32 = 8;
/// Before the first of them at most; doubled for each.
const PAUSE: Duration = Duration::from_millis(2);

/// One thing to do to the store. It may be done again after its transaction was rolled back.
#[async_trait]
pub(super) trait Change: Sync {
    type Answer: Send;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Answer, Fault>;
}

/// An open transaction.
pub(super) struct Transaction<'t> {
    link: &'t mut dyn Link,
    pub(super) sql: &'static Statements,
    /// The store's time when the transaction began.
    pub(super) now: Timestamp,
    pub(super) ledger: Ledger,
    time: &'t StoreTime,
    positions: &'t Positions,
}

impl Transaction<'_> {
    pub(super) async fn run(&mut self, statement: &'static Statement, values: &[Value<'_>]) -> Result<u64, Fault> {
        self.link.run(statement, values).await
    }

    pub(super) async fn rows(
        &mut self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Box<dyn Row>>, Fault> {
        self.link.rows(statement, values).await
    }

    /// The first of `count` places behind all others.
    pub(super) fn positions(&self, count: usize) -> i64 {
        self.positions_at(self.now, count)
    }

    /// The same once it is `now`.
    pub(super) fn positions_at(&self, now: Timestamp, count: usize) -> i64 {
        self.positions.take(now, count)
    }

    /// What counts as now when the server told this time.
    pub(super) fn time_told(&self, told: i64) -> Timestamp {
        self.time.told(told)
    }
}

impl Core {
    /// Makes a change, all or nothing.
    pub(super) async fn change<C: Change>(&self, change: &C) -> Result<C::Answer, StoreError> {
        // While this is set, the server may have done it although no answer comes.
        let is_committing = AtomicBool::new(false);
        let done = tokio::time::timeout(self.call_timeout, self.change_until_done(change, &is_committing)).await;
        let fault = match done {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::too_late(self.call_timeout),
        };
        match fault {
            Fault::Lost(said) if is_committing.into_inner() => Err(StoreError::Unknown(said)),
            fault => Err(fault.into()),
        }
    }

    async fn change_until_done<C: Change>(&self, change: &C, committing: &AtomicBool) -> Result<C::Answer, Fault> {
        let mut tries = 0;
        loop {
            let mut lent = self.pool.take().await?;
            let fault = match self.change_once(lent.link(), change, committing).await {
                Ok((answer, woken)) => {
                    lent.give_back();
                    self.waker.wake(&woken);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let is_lost = matches!(fault, Fault::Lost(_));
            if is_lost && committing.load(Ordering::Relaxed) {
                lent.lose_all();
                return Err(fault);
            }
            // An answer, whatever it says, means that nothing was committed.
            committing.store(false, Ordering::Relaxed);
            if fault.ends_connections() {
                lent.lose_all();
            } else if lent.link().rollback().await.is_ok() {
                lent.give_back();
            }
            if tries == TRIES || !(is_lost || matches!(fault, Fault::Contended(_))) {
                return Err(fault);
            }
            pause(tries).await;
            tries += 1;
        }
    }

    async fn change_once<C: Change>(
        &self,
        link: &mut dyn Link,
        change: &C,
        committing: &AtomicBool,
    ) -> Result<(C::Answer, Vec<QueueName>), Fault> {
        let now = self.time.told(link.begin(&self.sql.begin).await?);
        let (time, positions) = (&self.time, &self.positions);
        let mut tx = Transaction { link, sql: self.sql, now, ledger: Ledger::default(), time, positions };
        let answer = change.apply(&mut tx).await?;
        // Last, so that others wait for these rows no longer than the commit takes.
        if let Some(numbers) = tx.ledger.rows() {
            tx.run(&tx.sql.count, &[Value::Rows(&numbers)]).await?;
        }
        committing.store(true, Ordering::Relaxed);
        tx.link.commit().await?;
        tx.ledger.with_returns().for_each(|queue| self.fronts.forget(queue));
        Ok((answer, tx.ledger.woken()))
    }

    /// Runs one statement that only reads.
    pub(super) async fn read(
        &self,
        statement: &'static Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Box<dyn Row>>, StoreError> {
        let reading = async {
            let mut tries = 0;
            loop {
                let mut lent = self.pool.take().await?;
                match lent.link().rows(statement, values).await {
                    Ok(rows) => {
                        lent.give_back();
                        return Ok(rows);
                    }
                    Err(fault) => {
                        match fault {
                            // It was understood and answered; after anything else a new connection is the safe one.
                            Fault::Refused(_) => lent.give_back(),
                            Fault::Lost(_) | Fault::Demoted(_) => lent.lose_all(),
                            Fault::Contended(_) | Fault::Unavailable(_) | Fault::Full(_) => drop(lent),
                        }
                        if tries == TRIES || !matches!(fault, Fault::Lost(_) | Fault::Contended(_)) {
                            return Err(fault);
                        }
                        pause(tries).await;
                        tries += 1;
                    }
                }
            }
        };
        let done = tokio::time::timeout(self.call_timeout, reading).await;
        done.unwrap_or_else(|_| Err(Fault::too_late(self.call_timeout))).map_err(StoreError::from)
    }
}

/// Waits a little, each time longer and everyone differently.
async fn pause(tries: u32) {
    tokio::time::sleep((PAUSE * 2_u32.pow(tries)).mul_f64(chance::roll())).await;
}
