//! Hosts over SSH.

mod cancel;
mod checks;
mod deployments;
mod detached;
mod diagnose;
mod files;
mod fixtures;
mod fixtures_faults;
mod opcache;
mod rehearse;
mod releases;
mod releases_faults;
mod room;
mod scripts;
mod sockets;
mod transfer_speed;
mod trust;
mod tunnels;
mod web;
mod workflow;
