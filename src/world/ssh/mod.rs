//! Hosts over SSH: which keys are theirs, and what proves to them that it is us.
#![allow(dead_code, reason = "the connection that uses all of it stands beside it")]

mod identity;
mod known_hosts;
mod scan;
#[cfg(test)]
mod testing;
mod trust;

pub(in crate::world) use identity::keys_in_files;
pub use scan::{ShownKey, Standing};
