//! Workflow 3: does it work?

use super::{ANY_SERVICE, ENVIRONMENT, Guide, OPERATION};

pub(super) const GUIDE: Guide = Guide {
    name: "validate",
    title: "Validate a deployment",
    description: "Does what is live work? The verdict from checks, and nothing is changed.",
    arguments: &[ANY_SERVICE, ENVIRONMENT, OPERATION],
    text: "\
Validate {service} in {environment} after {operation}. Change nothing.

1. `operation_status` for {operation}: the verdict it ended with, its evidence and metrics.
2. `validate_deployment` for {service} in {environment} (for every service: leave `services` out): HTTP, databases, end-to-end tests, Lighthouse \
and monitoring at once; while it runs, `operation_status` with its id.
3. `search_logs` with the level `error` since the operation began: new kinds of errors, counted. Quote sparingly.
4. `diagnose` what failed, and `search_web` with the query that it offers.

Answer with the verdict in the first line: SUCCESS, DEGRADED, FAILED or INCONCLUSIVE, then one line per criterion with its number, then what is not configured. \
What could not be checked is INCONCLUSIVE, never a pass. If it is FAILED, name the rollback that the server offers; do not start it without the user.",
};
