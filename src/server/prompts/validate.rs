//! Workflow 3: does it work?

use super::{ENVIRONMENT, Guide, OPERATION, SERVICE};

pub(super) const GUIDE: Guide = Guide {
    name: "validate",
    title: "Validate a deployment",
    description: "Does what is live work? The verdict from checks, and nothing is changed.",
    arguments: &[SERVICE, ENVIRONMENT, OPERATION],
    text: "\
Validate {service} in {environment} after {operation}. Change nothing.

1. `operation_status` for {operation}: the verdict it ended with, its evidence and metrics.
2. `run_smoke` for {service} in {environment}: the checks again, now.
3. `search_logs` for {service} with the pattern `error` since the operation began: new kinds of errors, counted. Quote sparingly.
4. `verify_secret` for {service} in {environment} if a check failed on credentials.

Answer with the verdict in the first line: SUCCESS, DEGRADED, FAILED or INCONCLUSIVE, then one line per criterion with its number. \
What could not be checked is INCONCLUSIVE, never a pass. If it is FAILED, name the rollback that the server offers; do not start it without the user.",
};
