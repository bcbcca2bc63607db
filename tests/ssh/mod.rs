//! Hosts over SSH.

mod fixtures;
mod trust;
