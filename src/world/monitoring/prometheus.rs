//! The alerts of Prometheus's own rules (<https://prometheus.io/docs/prometheus/latest/querying/api/#rules>).

use serde::Deserialize;

use super::{Found, Labels, Session};
use crate::{domain::alert::AlertState, world::api::Fault};

#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Data,
    /// Parts of the answer are missing.
    #[serde(default)]
    warnings: Vec<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    groups: Vec<Group>,
    /// There are further groups.
    #[serde(default)]
    group_next_token: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    health: String,
    #[serde(default)]
    alerts: Vec<Active>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    state: String,
    #[serde(default)]
    active_at: Option<String>,
}

pub(super) async fn look(session: &Session<'_>) -> Found {
    let (rules, ready) =
        tokio::join!(session.json::<Envelope>("api/v1/rules", Some("type=alert")), session.get("-/ready", None));
    let envelope = match rules {
        Ok(envelope) if envelope.status == "success" => envelope,
        Ok(_) => return (Vec::new(), vec![Fault::Unreadable.to_string()]),
        Err(fault) => return (Vec::new(), vec![fault.to_string()]),
    };
    let mut doubts = Vec::new();
    match ready {
        Ok(_) => {}
        Err(Fault::Status(503)) => doubts.push("it is not ready".to_owned()),
        Err(fault) => doubts.push(format!("whether it is ready cannot be told: {fault}")),
    }
    if !envelope.warnings.is_empty() || envelope.data.group_next_token.is_some() {
        doubts.push("it did not say all".to_owned());
    }
    let rules: Vec<Rule> = envelope.data.groups.into_iter().flat_map(|group| group.rules).collect();
    if rules.is_empty() {
        doubts.push("it has no alerting rule".to_owned());
    }
    // A rule that was not evaluated, or cannot be, says nothing.
    let unwell = rules.iter().filter(|rule| rule.health != "ok").count();
    if unwell > 0 {
        doubts.push(format!("{unwell} of {} rules are not evaluated", rules.len()));
    }
    let active = rules.into_iter().flat_map(|rule| rule.alerts);
    let alerts = active.filter_map(|active| {
        let state = match active.state.as_str() {
            "inactive" => return None,
            "pending" => AlertState::Pending,
            _ => AlertState::Firing,
        };
        Some(session.alert(state, active.labels, &active.annotations, active.active_at.as_deref()))
    });
    (alerts.collect(), doubts)
}
