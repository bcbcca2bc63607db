//! Hosts over SSH.

mod detached;
mod diagnose;
mod files;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod trust;
mod tunnels;
mod web;
