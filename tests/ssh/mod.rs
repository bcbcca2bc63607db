//! Hosts over SSH.

mod fixtures;
mod fixtures_faults;
mod releases;
mod trust;
mod tunnels;
