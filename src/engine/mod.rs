//! The engine: calls tools, seals plans, runs them inside permits, resumes what a crash interrupted, and replies.

pub mod caller;
pub mod reply;

pub use caller::Caller;
pub use reply::Reply;
