//! Hosts over SSH.

mod detached;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod trust;
mod tunnels;
mod web;
mod workflow;
