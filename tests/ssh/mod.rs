//! Hosts over SSH.

mod diagnose;
mod detached;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod trust;
mod tunnels;
mod web;
