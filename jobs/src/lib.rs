//! The jobs that this server knows: one file each. To add one, write its file and add its line here.

mod aborts_process;
mod always_fails;
mod blocking_sleep;
mod echo;
mod flaky;
mod generate_report;
mod noop;
mod panics;
mod process_order;
mod record_callback;
mod send_notification;
mod sleep;

pub use aborts_process::AbortsProcess;
pub use always_fails::AlwaysFails;
pub use blocking_sleep::BlockingSleep;
pub use echo::Echo;
pub use flaky::Flaky;
pub use generate_report::GenerateReport;
pub use noop::Noop;
pub use panics::Panics;
pub use process_order::ProcessOrder;
pub use record_callback::RecordCallback;
pub use send_notification::SendNotification;
pub use sleep::Sleep;
