//! Hosts over SSH.

mod fixtures;
