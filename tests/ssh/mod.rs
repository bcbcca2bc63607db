//! Hosts over SSH.

mod deployments;
mod fixtures;
mod fixtures_faults;
mod releases;
mod releases_faults;
mod transfer_speed;
mod trust;
