//! The one test binary: `tests/<name>.rs` each, listed here, so that the library is linked once.
#![allow(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise; it owns processes, environment and time, and helpers are not #[test] functions"
)]

mod cli;
mod conformance;
mod crash;
mod floors;
mod golden;
mod illegal;
mod inspector;
mod layers;
mod ledger;
mod links;
mod server;
mod support;
mod unwind;
mod world;
