//! Hosts over SSH.

mod fixtures;
mod releases;
