//! A release, from tag to report.

use super::{ENVIRONMENT, Guide, SERVICE, VERSION};

pub(super) const GUIDE: Guide = Guide {
    name: "release",
    title: "Release",
    description: "A release from check to report: check, snapshot, deploy, validate, report.",
    arguments: &[SERVICE, ENVIRONMENT, VERSION],
    text: "\
Release {service} {version} to {environment}, from check to report.

1. Check as in the prompt `pre_deployment_check`: `list_services`, `check_readiness`, `run_smoke`, then `deploy_service` with service {service}, environment {environment}, version {version}, mode `dry_run`. Stop at blockers.
2. Show the plan and wait for the user's word; where an approval is needed, they give it in a terminal: `deploy-ops approve PLAN`.
3. `deploy_service` with mode `execute` and the plan's id. Snapshots, deployment, smoke checks and, if it fails, the way back are parts of the plan.
4. `operation_status` with `wait_s` 20 until the state is terminal or awaits a decision.
5. Validate as in the prompt `validate`: `validate_deployment` and `search_logs`.
6. Report from the operation alone, no number of your own: version, duration, verdict with its reasons, metrics, snapshots, ids of plan and operation, the ledger's head. The server has written the report; the resource `deploy-ops://reports/` with the operation's id holds it.
7. Where they are configured: `deployment_issues` with mode `comment` puts the metrics into the issue, `notify_team` tells the channel.",
};
