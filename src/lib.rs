//! `deploy-ops-mcp`: the MCP server that an operator trusts with production.
//!
//! Tools plan, steps act. A tool reads the world and returns a plan; a step does, proves and undoes one thing; one engine runs
//! plans, and only inside a permit. In reading order:
//!
//! - [`domain`]: the nouns as values: names, versions, plans, steps, evidence, verdicts, operations.
//! - [`policy`]: decides, purely, whether a plan may run; the only maker of a `Permit`.
//! - [`redact`]: the only maker of `Redacted`; in front of every exit.
//! - [`config`]: `deploy-ops.toml`, from the file as it is written to the inventory and the settings as they are meant.
//! - [`world`]: the outside; reading is free, changing wants a `&Permit`.
//! - [`tools`]: what clients call; each reads and answers, or drafts a plan.
//! - [`steps`]: what plans are made of; each does, proves and undoes one thing.
//! - [`ledger`]: what happened, append-only and hash-chained.
//! - [`engine`]: proposes, executes, resumes, replies.
//! - [`server`]: the door: MCP over stdio and HTTP; all that clients see.
//! - [`cli`]: what the operator types.
//! - [`demo`]: a sandbox, and the whole story played in it.

pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod ledger;
pub mod policy;
pub mod redact;
pub mod server;
pub mod steps;
pub mod tools;
pub mod world;
