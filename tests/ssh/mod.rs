//! Hosts over SSH.

mod detached;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod scripts;
mod trust;
mod tunnels;
mod web;
