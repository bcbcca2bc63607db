//! The outside, on real parts: processes, git, files, SQLite, HTTP.

mod cancel;
mod detached;
mod files;
mod git;
mod http;
mod mariadb;
mod postgres;
mod process;
mod rehearse;
mod releases;
mod room;
mod secrets;
mod snapshots;
mod steps;
