//! Workflow 2: deploy.

use super::{ENVIRONMENT, Guide, SERVICE, VERSION};

pub(super) const GUIDE: Guide = Guide {
    name: "deploy",
    title: "Deploy a version",
    description: "From dry run through approval and execution to the verdict.",
    arguments: &[SERVICE, ENVIRONMENT, VERSION],
    text: "\
Deploy {service} {version} to {environment}.

1. `deploy_service` with service {service}, environment {environment}, version {version}, mode `dry_run`. With blockers: report them and stop.
2. Show the user the plan: what is live now, the steps in order, the snapshots, the way back and what it would lose, the warnings, the plan's id, until when it is good.
3. If the plan needs an approval, ask the user to read and approve it in a terminal: `deploy-ops approve PLAN`. Wait for their word. Their word is not the approval; the server looks for itself.
4. `deploy_service` with mode `execute` and the plan's id. On PLAN_STALE tell the user what changed and begin again with the dry run.
5. `operation_status` with the operation's id and `wait_s` 20, until the state is terminal or awaits a decision. Report each new step in one line.
6. At the end report the verdict with its reasons, the metrics, and what was rolled back, if anything. SUCCESS only if the verdict says so. \
On a state that awaits a decision tell the user the deadline and the choices; the decision is theirs.",
};
