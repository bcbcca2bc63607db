//! Alertmanager's API of version 2, which Grafana's own Alertmanager has too
//! (<https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>).

use serde::Deserialize;

use super::{Found, Labels, Session};
use crate::{
    domain::{
        alert::{Alert, AlertState},
        inventory::MonitorKind,
    },
    world::api::Fault,
};

/// Where Grafana serves the API.
const OF_GRAFANA: &str = "api/alertmanager/grafana/";
/// All of them, whatever becomes of them.
const EVERY: &str = "active=true&silenced=true&inhibited=true&unprocessed=true";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gettable {
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    silenced_by: Vec<String>,
    #[serde(default)]
    inhibited_by: Vec<String>,
    /// Time intervals; newer versions say it.
    #[serde(default)]
    muted_by: Vec<String>,
}

impl Status {
    fn means(&self) -> AlertState {
        if !self.silenced_by.is_empty() || !self.muted_by.is_empty() {
            AlertState::Silenced
        } else if !self.inhibited_by.is_empty() {
            AlertState::Inhibited
        } else {
            // Its state in a word says no more: one that is not processed yet is on its way, and one that is suppressed by nothing
            // that we know is not quiet.
            AlertState::Firing
        }
    }
}

/// There is no field for the configuration.
#[derive(Deserialize)]
struct Standing {
    cluster: Cluster,
}

#[derive(Deserialize)]
struct Cluster {
    status: String,
}

#[derive(Deserialize)]
struct Health {
    database: String,
}

pub(super) async fn look(session: &Session<'_>) -> Found {
    let path = path(session);
    let (alerts, doubt) = tokio::join!(session.json::<Vec<Gettable>>(&path, Some(EVERY)), readiness(session));
    match alerts {
        Err(fault) => (Vec::new(), vec![fault.to_string()]),
        Ok(alerts) => (alerts.into_iter().map(|alert| of(session, alert)).collect(), doubt.into_iter().collect()),
    }
}

/// Where the alerts are.
pub(super) fn path(session: &Session<'_>) -> String {
    let prefix = if session.monitor.kind == MonitorKind::Grafana { OF_GRAFANA } else { "" };
    format!("{prefix}api/v2/alerts")
}

fn of(session: &Session<'_>, alert: Gettable) -> Alert {
    session.alert(alert.status.means(), alert.labels, &alert.annotations, alert.starts_at.as_deref())
}

/// Why its list may be empty although something is wrong.
async fn readiness(session: &Session<'_>) -> Option<String> {
    let told = |fault: Fault| match fault {
        Fault::Status(503) => "it is not ready".to_owned(),
        fault => format!("whether it is ready cannot be told: {fault}"),
    };
    if session.monitor.kind == MonitorKind::Grafana {
        return match session.json::<Health>("api/health", None).await {
            Ok(health) if health.database == "ok" => None,
            Ok(_) => Some("its database is not well".to_owned()),
            Err(fault) => Some(told(fault)),
        };
    }
    let (ready, standing) = tokio::join!(session.get("-/ready", None), session.json::<Standing>("api/v2/status", None));
    match (ready, standing) {
        (Err(fault), _) | (_, Err(fault)) => Some(told(fault)),
        // While members of a cluster find each other, none of them has all alerts.
        (Ok(_), Ok(standing)) if !matches!(standing.cluster.status.as_str(), "ready" | "disabled") => {
            Some("its cluster is not settled".to_owned())
        }
        (Ok(_), Ok(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_keeps_quiet_is_quiet() {
        let means = |status: &str| serde_json::from_str::<Status>(status).unwrap().means();
        for (status, wanted) in [
            (r#"{"state":"active","silencedBy":[],"inhibitedBy":[]}"#, AlertState::Firing),
            (r#"{"state":"unprocessed"}"#, AlertState::Firing),
            (r#"{"state":"suppressed","silencedBy":["a"],"inhibitedBy":["b"]}"#, AlertState::Silenced),
            (r#"{"state":"suppressed","silencedBy":[],"inhibitedBy":["b"]}"#, AlertState::Inhibited),
            (r#"{"state":"suppressed","mutedBy":["nights"]}"#, AlertState::Silenced),
            (r#"{"state":"suppressed"}"#, AlertState::Firing),
            ("{}", AlertState::Firing),
        ] {
            assert_eq!(means(status), wanted, "{status}");
        }
    }
}
