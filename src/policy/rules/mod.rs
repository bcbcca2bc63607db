//! The rules, one per file, in the order in which they are asked.

mod approval;
mod backup;
mod drift;
mod dry_run;
mod evidence;
mod expiry;
mod gates;
mod halt;
mod rollback_ready;
mod rolled_back;
mod secrets;
mod tag_name;
pub(super) mod wait;
mod window;

use super::Case;
use crate::domain::{plan::Plan, refusal::Refusal};

/// One rule.
pub(super) struct Rule {
    /// Its name, as the file is called.
    pub(super) name: &'static str,
    /// Says yes, or refuses with the reason and the fix.
    pub(super) check: fn(&Plan, &Case<'_>) -> Result<(), Refusal>,
}

/// All rules. Approval comes last, and then the wait that it begins: a human is asked only for what could run.
pub(super) fn all() -> &'static [Rule] {
    &[
        Rule { name: "halt", check: halt::check },
        Rule { name: "expiry", check: expiry::check },
        Rule { name: "drift", check: drift::check },
        Rule { name: "rolled_back", check: rolled_back::check },
        Rule { name: "tag_name", check: tag_name::check },
        Rule { name: "window", check: window::check },
        Rule { name: "secrets", check: secrets::check },
        Rule { name: "gates", check: gates::check },
        Rule { name: "dry_run", check: dry_run::check },
        Rule { name: "backup", check: backup::check },
        Rule { name: "rollback_ready", check: rollback_ready::check },
        Rule { name: "approval", check: approval::check },
        Rule { name: "wait", check: wait::check },
    ]
}
