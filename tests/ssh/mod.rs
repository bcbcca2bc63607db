//! Hosts over SSH.

mod fixtures;
mod fixtures_faults;
mod trust;
