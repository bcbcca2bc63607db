//! Hosts over SSH.

mod diagnose;
mod fixtures;
mod fixtures_faults;
mod releases;
mod trust;
mod tunnels;
