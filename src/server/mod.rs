//! The door: MCP over stdio, Streamable HTTP and HTTP+SSE. The only home of rmcp, axum and stdout.
//!
//! In reading order:
//!
//! - [`door`]: what stands behind the door, as a trait; the engine implements it.
//! - [`identity`]: who is at the other end.
//! - [`handler`]: one MCP request in, one answer out; the same for every transport.
//! - [`stdio`], [`http`]: the transports.
//! - `written`: answers that leave as they were written before.
//! - [`gate`]: the last look at every outgoing message.
//! - [`log`]: our own log, on stderr.

pub mod aliases;
pub mod ask;
pub mod catalogue;
mod completion;
pub mod door;
mod engine_door;
pub mod gate;
pub mod handler;
pub mod http;
pub mod identity;
pub mod limits;
pub mod log;
mod nonces;
mod progress;
pub mod prompts;
mod resources;
pub mod stdio;
mod written;

pub use door::Door;
pub use handler::Handler;
pub use identity::Identity;
