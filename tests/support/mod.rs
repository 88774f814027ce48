//! What tests need around the thing they test.

#[allow(dead_code, reason = "for what stands between clients and servers")]
pub mod balancer;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod database;
#[allow(dead_code, reason = "for the tests that roll dice")]
pub mod effort;
#[allow(dead_code, reason = "for the tests of the real binary")]
pub mod http;
#[allow(dead_code, reason = "for what is counted")]
pub mod instructions;
#[allow(dead_code, reason = "for clients that come back")]
pub mod keep_alive;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod mariadb;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod postgres;
#[allow(dead_code, reason = "for the tests of the real binary")]
pub mod process;
#[allow(dead_code, reason = "for what the network does to us")]
pub mod proxy;
#[allow(dead_code, reason = "for what posts to others")]
pub mod receiver;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod redis;
#[allow(dead_code, reason = "for what is live")]
pub mod terminal;
pub mod waiting;

#[allow(unused_imports, reason = "for what happens in tasks of its own")]
pub use waiting::{DEADLINE, eventually, until};

/// Makes each named function a test on each store that servers and workers of several processes can share.
macro_rules! on_each_store {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::sqlite()); })+
        }
        mod redis {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::redis()); })+
        }
        mod mariadb {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::mariadb()); })+
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::postgres()); })+
        }
    };
}

pub(crate) use on_each_store;
