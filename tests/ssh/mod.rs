//! Hosts over SSH.

mod deployments;
mod detached;
mod files;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod releases_faults;
mod transfer_speed;
mod scripts;
mod trust;
mod tunnels;
mod web;
mod workflow;
