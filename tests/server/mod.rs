//! The door: both transports, in front of a fake engine that leaks on purpose.

mod asking;
mod client;
mod fake;
mod http;
mod leaks;
mod sse;
mod stdio;
