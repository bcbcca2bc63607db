//! The door: both transports, in front of a fake engine that leaks on purpose.

mod asking;
pub(crate) mod client;
pub(crate) mod fake;
mod http;
mod kept;
mod leaks;
mod log;
mod sse;
mod stdio;
