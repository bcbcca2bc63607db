//! What `validate_deployment` looks at, one thing per file. What a service has nothing configured for is not looked at, and that is
//! said: it is never green.

mod databases;
mod e2e;
mod lighthouse;
mod monitoring;
mod smoke;

use std::collections::BTreeMap;

use futures::future::join_all;

use super::{Context, drafting::way_back, readiness::Seen};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Service, Target},
    name::{EnvironmentName, ServiceName},
    refusal::{NextCall, Refusal},
    release::{Deployment, DeploymentState},
};

/// A service that is validated.
#[derive(Clone, Copy)]
pub(super) struct Subject<'c> {
    pub(super) context: Context<'c>,
    pub(super) service: &'c Service,
    pub(super) environment: &'c EnvironmentName,
    pub(super) target: &'c Target,
    /// What is live, as far as this server deployed it.
    pub(super) live: Option<&'c Deployment>,
    /// What was live before it.
    pub(super) previous: Option<&'c Deployment>,
}

/// What was seen of all services.
pub(super) struct Looked {
    pub(super) seen: Vec<Seen>,
    /// What is not configured, with the services that lack it.
    pub(super) lacks: BTreeMap<&'static str, Vec<ServiceName>>,
}

/// What is live of a service, and what was before.
pub(super) async fn history(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
) -> Result<(Option<Deployment>, Option<Deployment>), Refusal> {
    let live = way_back::live(context, service, environment).await?;
    let all = context.records.deployments(&service.name, environment).await?;
    let previous = all.into_iter().find(|deployment| {
        deployment.state == DeploymentState::Replaced
            && live.as_ref().is_none_or(|live| live.version != deployment.version)
    });
    Ok((live, previous))
}

/// Looks at everything: what is light at once for all services, what fills the machine one after the other beside it.
pub(super) async fn look(subjects: &[Subject<'_>]) -> Looked {
    let light = async {
        let (smoke, databases, monitoring) = tokio::join!(
            join_all(subjects.iter().map(|subject| smoke::look(*subject))),
            databases::look(subjects),
            monitoring::look(subjects),
        );
        smoke.into_iter().flatten().chain(databases).chain(monitoring).collect::<Vec<Seen>>()
    };
    let heavy = async {
        let mut seen = Vec::new();
        for subject in subjects {
            seen.extend(e2e::look(*subject).await);
            seen.extend(lighthouse::look(*subject).await);
        }
        seen
    };
    let (mut seen, heavy) = tokio::join!(light, heavy);
    seen.extend(heavy);
    let mut lacks: BTreeMap<&'static str, Vec<ServiceName>> = BTreeMap::new();
    for subject in subjects {
        for what in subject.lacks() {
            lacks.entry(what).or_default().push(subject.service.name.clone());
        }
    }
    Looked { seen, lacks }
}

impl Subject<'_> {
    /// What could be looked at and is not configured.
    fn lacks(&self) -> Vec<&'static str> {
        let (service, target) = (self.service, self.target);
        [
            (target.url.is_none() && service.smoke.is_empty(), "smoke checks"),
            (service.e2e.is_empty(), "end-to-end tests"),
            (!self.measures_pages(), "Lighthouse"),
            (self.context.reader.inventory().monitors.is_empty(), "monitoring"),
        ]
        .into_iter()
        .filter_map(|(lacks, what)| lacks.then_some(what))
        .collect()
    }

    /// Whether its pages are measured.
    fn measures_pages(&self) -> bool {
        let configured = self.context.reader.inventory().lighthouse.is_some();
        configured && self.target.url.is_some() && !self.service.pages.is_empty()
    }

    /// Evidence about the service.
    fn evidence(&self, kind: EvidenceKind, outcome: Outcome, summary: String) -> Evidence {
        let subject = format!("{} in {}", self.service.name, self.environment);
        Evidence {
            summary,
            collector: "validate_deployment".to_owned(),
            ..self.context.reader.evidence(kind, &subject, outcome, super::UNTIL_STAMPED)
        }
    }

    /// The calls that make sense when the service is not well: why, and the way back.
    fn next(&self) -> Vec<NextCall> {
        let service = &self.service.name;
        let place = serde_json::json!({ "service": service, "environment": self.environment });
        let why = NextCall::new("diagnose", place, "find out why");
        let back = self.previous.map(|previous| {
            let arguments =
                serde_json::json!({ "service": service, "environment": self.environment, "version": previous.version });
            NextCall::new("rollback", arguments, "see what going back would do")
        });
        std::iter::once(why).chain(back).collect()
    }
}
