//! One connection to a server of either family.

use async_trait::async_trait;

use crate::tables::fault::Fault;
use crate::tables::session::Session;

/// A connection out of the pool.
#[async_trait]
pub(super) trait Link: Session {
    async fn begin(&mut self) -> Result<(), Fault>;

    async fn commit(&mut self) -> Result<(), Fault>;

    async fn rollback(&mut self) -> Result<(), Fault>;

    /// It goes back to the pool no more.
    fn close(&mut self);

    fn session(&mut self) -> &mut dyn Session;
}
