//! Hosts over SSH.

mod cancel;
mod deployments;
mod detached;
mod diagnose;
mod files;
mod fixtures;
mod fixtures_faults;
mod rehearse;
mod releases;
mod releases_faults;
mod scripts;
mod transfer_speed;
mod trust;
mod tunnels;
mod web;
mod workflow;
