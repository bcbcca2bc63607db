//! Hosts over SSH.

mod files;
mod fixtures;
