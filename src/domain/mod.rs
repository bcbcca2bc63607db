//! The nouns of a deployment as plain values: no I/O, no clock, no secrets.
//!
//! Everything here can be shown, compared, hashed and stored. Behaviour that reads the outside world lives in
//! `world`, behaviour that decides in `policy`, behaviour that acts in `steps`.

pub mod address;
pub mod alert;
pub mod announcement;
pub mod approval;
pub mod canonical;
pub mod capabilities;
pub mod check;
pub mod clean;
pub mod codeowners;
pub mod digest;
pub mod e2e;
pub mod effect;
pub mod evidence;
pub mod facts;
pub mod github_deployment;
pub mod inventory;
pub mod issue;
pub mod lighthouse;
pub mod look;
pub mod migration;
pub mod name;
pub mod notice;
pub mod operation;
pub mod pattern;
pub mod plan;
pub mod principal;
pub mod query;
pub mod reach;
pub mod refusal;
pub mod release;
pub mod report;
pub mod results;
pub mod signed_answer;
pub mod snapshot;
pub mod space;
pub mod step;
pub mod telemetry;
pub mod time;
pub mod verdict;
pub mod version;
pub mod workflow;
