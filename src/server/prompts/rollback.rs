//! Workflow 4: go back.

use super::{ENVIRONMENT, Guide, SERVICE};

pub(super) const GUIDE: Guide = Guide {
    name: "rollback",
    title: "Roll back",
    description: "Back to the version before, with what happens to the data said first.",
    arguments: &[SERVICE, ENVIRONMENT],
    text: "\
Roll {service} in {environment} back.

1. `list_services` and `operation_status` for {service}: what is live, what was live before, and does the server roll back already? If so, follow that operation and start none.
2. `rollback` with service {service}, environment {environment}, mode `dry_run`. It names the target version and how databases come back.
3. Tell the user, before anything else, what is lost: with a restore, every write since the snapshot. Restoring data always needs their explicit decision.
4. If the plan needs an approval, ask the user for `deploy-ops approve PLAN` in a terminal.
5. `rollback` with mode `execute` and the plan's id. Windows and freezes never block a rollback.
6. `operation_status` with `wait_s` 20 until it is terminal, then `run_smoke`. Report whether the previous version answers. \
On ROLLBACK_FAILED say so in the first line: the service is frozen and a human has to look.",
};
