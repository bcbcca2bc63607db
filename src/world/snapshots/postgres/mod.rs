//! Snapshots of PostgreSQL databases: `pg_dump` in a moment that is pinned beforehand, proven by `pg_restore` into a scratch
//! database.

mod dump;
mod fill;
mod login;
mod moment;
mod names;
mod proof;
mod properties;
mod restore;
mod scratch;
mod swap;
mod tools;

use std::time::Duration;

pub(super) use dump::dump;
pub(super) use proof::restored;
pub(super) use restore::{replace, resume, state, take_back};

/// How long a dump or a restore may take: whoever waits longer has it stopped.
const LONGEST: Duration = Duration::from_hours(24);
