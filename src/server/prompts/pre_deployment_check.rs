//! Workflow 1: is everything ready?

use super::{ENVIRONMENT, Guide, SERVICE, VERSION};

pub(super) const GUIDE: Guide = Guide {
    name: "pre_deployment_check",
    title: "Pre-deployment check",
    description: "Is everything ready to deploy this version? Blockers with their evidence, and nothing is changed.",
    arguments: &[SERVICE, ENVIRONMENT, VERSION],
    text: "\
Check whether {service} {version} is ready for {environment}. Change nothing.

1. `list_services`: is {service} known in {environment}, which version is live?
2. `check_readiness` for {service} in {environment} with version {version}; while it runs, `operation_status` with its id. It looks at gates, \
secrets, .env keys, backups, room, the way back, the window and open operations, and names blockers first.
3. `run_smoke` for {service} in {environment}: does what is live work now? A deployment onto something broken proves nothing.
4. When nothing stands in the way: `deploy_service` with service {service}, environment {environment}, version {version}, mode `dry_run`: \
it rehearses the deployment and answers with a plan or with blockers.

Answer with READY or NOT READY in the first line, then one line per blocker: what, the evidence, what to do. Warnings after that. \
Give the plan's id and until when it is good. Do not execute it.",
};
