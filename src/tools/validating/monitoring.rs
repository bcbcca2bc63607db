//! Is monitoring silent about the services? All monitors are asked once.

use serde_json::json;

use super::{Seen, Subject};
use crate::{
    domain::{
        alert::{Scope, judge},
        evidence::Outcome,
        inventory::Monitor,
        name::ServiceName,
        refusal::{Code, NextCall, Refusal},
    },
    tools::UNTIL_STAMPED,
};

pub(super) async fn look(subjects: &[Subject<'_>]) -> Vec<Seen> {
    let Some(first) = subjects.first() else { return Vec::new() };
    let reader = first.context.reader;
    let monitors: Vec<&Monitor> = reader.inventory().monitors.values().collect();
    if monitors.is_empty() {
        return Vec::new();
    }
    let services: Vec<ServiceName> = subjects.iter().map(|subject| subject.service.name.clone()).collect();
    let scope = Scope { services: &services, environment: Some(first.environment) };
    let standing = judge(reader.read_monitors(monitors.iter().copied()).await, scope);
    let evidence = reader.monitoring_evidence(monitors.len(), &standing, first.environment.as_str(), UNTIL_STAMPED);
    let blocker = (evidence.outcome != Outcome::Pass).then(|| {
        let environment = first.environment;
        let arguments = match services.as_slice() {
            [service] => json!({ "service": service, "environment": environment }),
            _ => json!({ "environment": environment }),
        };
        let next = NextCall::new("check_monitoring", arguments, "see the alerts");
        let fix = "End what the alerts are about, or mend the monitor that cannot be read.";
        Refusal::new(Code::NotHealthy, evidence.summary.clone(), fix).with_next(next)
    });
    vec![Seen { evidence, blocker, wrote: None }]
}
