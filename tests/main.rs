//! The one test binary: `tests/<name>.rs` each, listed here, so that the library is linked once.
#![allow(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise; it owns processes, environment and time, and helpers are not #[test] functions"
)]

mod approve_by_comment;
mod approve_on_github;
mod bad_input;
mod cancel_operation;
mod check_monitoring;
mod check_readiness;
mod cli;
mod conformance;
mod crash;
mod crash_issues;
mod crash_notices;
mod crash_restore;
mod crash_telling;
mod create_tag;
mod decide;
mod demo;
mod deploy_service;
mod deployment_issues;
mod diagnose;
mod duplicates;
mod e2e_deployments;
mod e2e_playwright;
mod evidence;
mod expiry;
mod fetched_artifacts;
mod floors;
mod github_doctor;
mod github_gates;
mod github_secrets;
mod github_stand_in;
mod golden;
mod illegal;
mod inspect_db;
mod inspector;
mod layers;
mod leaks;
mod ledger;
mod liars;
mod limits;
mod links;
mod list_services;
mod mail;
mod mariadb;
mod metrics;
mod migrations;
mod notify_team;
mod operation_status;
mod outside_doctor;
mod package;
mod page_deployments;
mod place_gates;
mod policy;
mod postgres;
mod prompts;
mod prune;
mod read_file;
mod read_only;
mod remote_tags;
mod rollback;
mod run_e2e;
mod run_lighthouse;
mod run_smoke;
mod search_logs;
mod search_web;
mod security_alerts;
mod server;
mod shared_state;
mod signed_tags;
mod smoke;
mod snapshot_db;
mod ssh;
mod support;
mod take_screenshot;
mod telling;
mod test_reports;
mod token_reach;
mod unfreeze;
mod unwind;
mod validate_deployment;
mod validate_real;
mod verify_secret;
mod world;
mod write_report;
