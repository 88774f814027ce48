//! R42: the application's tables, on every database there is: the money is right, and so is what a job may do to a table.

mod credits;
mod operations;
pub mod place;

use journeyman::job::{JobId, QueueName};

/// Makes each named function a test on each database.
macro_rules! on_each_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&$crate::tables::place::Place::sqlite()).await; })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&$crate::tables::place::Place::mariadb()).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(&$crate::tables::place::Place::postgres()).await; })+
        }
    };
}

pub(crate) use on_each_database;

fn job() -> JobId {
    JobId::generate(&QueueName::default())
}
