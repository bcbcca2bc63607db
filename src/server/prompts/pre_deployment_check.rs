//! Workflow 1: is everything ready?

use super::{ENVIRONMENT, Guide, SERVICE, VERSION};

pub(super) const GUIDE: Guide = Guide {
    name: "pre_deployment_check",
    title: "Pre-deployment check",
    description: "Is everything ready to deploy this version? Blockers with their evidence, and nothing is changed.",
    arguments: &[SERVICE, ENVIRONMENT, VERSION],
    text: "\
Check whether {service} {version} is ready for {environment}. Change nothing.

1. `list_services`: is {service} known in {environment}, which version is live, is an operation still open?
2. `verify_secret` for {service} in {environment}: which required secrets are missing or stale?
3. `run_smoke` for {service} in {environment}: does what is live work now? A deployment onto something broken proves nothing.
4. `snapshot_db` with mode `dry_run` for the service's databases, if it has any: is there room, how long would it take, how old is the newest verified snapshot?
5. `deploy_service` with service {service}, environment {environment}, version {version}, mode `dry_run`: the server collects gates, windows and the way back itself, and answers with a plan or with blockers.

Answer with READY or NOT READY in the first line, then one line per blocker: what, the evidence, what to do. Warnings after that. \
Give the plan's id and until when it is good. Do not execute it.",
};
