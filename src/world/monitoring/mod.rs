//! Monitors: which alerts they know. What cannot be asked, or is answered in part, is a doubt and never silence.
//!
//! Each kind has a file with what its interface promises. Nothing is asked for but alerts and whether the monitor is ready; its
//! configuration, which holds credentials, is never read.

mod alertmanager;
mod prometheus;
mod uptime_kuma;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::join_all;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::{
    Reader,
    api::{Answer, Call, Fault, below, sensitive},
};
use crate::domain::{
    alert::{Alert, AlertState, Reading, Standing},
    evidence::{Evidence, EvidenceKind},
    inventory::{Monitor, MonitorAccess, MonitorKind},
    time::Time,
};

/// How much of an answer is read, bytes: some ten thousand alerts.
const BODY: usize = 8 * 1024 * 1024;
/// How often is asked after an answer that may be better the next time.
const ATTEMPTS: u32 = 3;
/// The pause before the second attempt; each further one is longer by as much.
const PAUSE: Duration = Duration::from_millis(100);
/// How much of a doubt stands in the summary of evidence, at most.
const DOUBTS: usize = 3;

/// Alerts, and why there may be more.
type Found = (Vec<Alert>, Vec<String>);

impl Reader<'_> {
    /// What each of these monitors says, all asked at once, in their order.
    pub async fn read_monitors<'m>(&self, monitors: impl IntoIterator<Item = &'m Monitor>) -> Vec<Reading> {
        join_all(monitors.into_iter().map(|monitor| self.read_monitor(monitor))).await
    }

    async fn read_monitor(&self, monitor: &Monitor) -> Reading {
        let found = match Session::new(*self, monitor).await {
            Ok(session) => session.look().await,
            Err(fault) => (Vec::new(), vec![fault.to_string()]),
        };
        let (mut alerts, mut doubts) = found;
        if let Some(watchdog) = &monitor.watchdog {
            let before = alerts.len();
            alerts.retain(|alert| alert.name != *watchdog);
            // What is not known to be there is told only once: a monitor that is silent altogether says so itself.
            if alerts.len() == before && doubts.is_empty() {
                doubts.push("its watchdog does not fire, so no alert would come".to_owned());
            }
        }
        Reading { monitor: monitor.name.clone(), blocks: monitor.blocks.clone(), alerts, doubts }
    }

    /// Whether a monitor lets us in by our credential, and nobody without one.
    ///
    /// # Errors
    /// It refuses the credential, or there is no answer.
    pub(in crate::world) async fn monitor_lets_in(&self, monitor: &Monitor) -> Result<bool, Fault> {
        let session = Session::new(*self, monitor).await?;
        session.guarded().await?;
        let nobody = Session { headers: HeaderMap::new(), ..session };
        Ok(matches!(nobody.guarded().await, Err(Fault::Refused(_) | Fault::Moved(_))))
    }

    /// What monitors prove. Counters: `monitors`, `critical` (alerts that block), `firing`, `pending`, `silenced`, `inhibited`.
    pub fn monitoring_evidence(&self, monitors: usize, standing: &Standing, subject: &str, valid_s: u32) -> Evidence {
        let (blocking, firing) = (standing.blocking(), standing.count(AlertState::Firing));
        let mut summary = if firing == 0 {
            "No alert fires".to_owned()
        } else {
            format!("{firing} alerts fire, {blocking} of them block")
        };
        if !standing.doubts.is_empty() {
            let told: Vec<&str> = standing.doubts.iter().take(DOUBTS).map(String::as_str).collect();
            summary += &format!("; not certain: {}", told.join("; "));
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let state = |state| count(standing.count(state));
        Evidence {
            summary: format!("{summary}."),
            collector: "check_monitoring".to_owned(),
            counters: [
                ("monitors", count(monitors)),
                ("critical", count(blocking)),
                ("firing", count(firing)),
                ("pending", state(AlertState::Pending)),
                ("silenced", state(AlertState::Silenced)),
                ("inhibited", state(AlertState::Inhibited)),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            ..self.evidence(EvidenceKind::Monitoring, subject, standing.outcome, valid_s)
        }
    }
}

/// A monitor that is being asked.
struct Session<'w> {
    reader: Reader<'w>,
    monitor: &'w Monitor,
    headers: HeaderMap,
}

impl<'w> Session<'w> {
    async fn new(reader: Reader<'w>, monitor: &'w Monitor) -> Result<Self, Fault> {
        let mut headers = HeaderMap::new();
        let value = match &monitor.access {
            None => None,
            Some(MonitorAccess::Token(token)) => Some(format!("Bearer {}", reader.secret_value(token).await?.expose())),
            Some(MonitorAccess::Basic { user, password }) => {
                let password = reader.secret_value(password).await?;
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
            }
        };
        if let Some(value) = value {
            headers.insert(header::AUTHORIZATION, sensitive(&value)?);
        }
        Ok(Self { reader, monitor, headers })
    }

    async fn look(&self) -> Found {
        match &self.monitor.kind {
            MonitorKind::Alertmanager | MonitorKind::Grafana => alertmanager::look(self).await,
            MonitorKind::Prometheus => prometheus::look(self).await,
            MonitorKind::UptimeKuma { page } => uptime_kuma::look(self, page).await,
        }
    }

    /// Asks for what a credential guards: the alerts.
    async fn guarded(&self) -> Result<(), Fault> {
        let (path, query) = match &self.monitor.kind {
            MonitorKind::Alertmanager | MonitorKind::Grafana => (alertmanager::path(self), None),
            MonitorKind::Prometheus => ("api/v1/rules".to_owned(), Some("type=alert")),
            MonitorKind::UptimeKuma { page } => (format!("api/status-page/{page}"), None),
        };
        self.get(&path, query).await.map(drop)
    }

    /// Asks for something below the monitor's URL; more than once, where that may help.
    async fn get(&self, path: &str, query: Option<&str>) -> Result<Answer, Fault> {
        let mut url = below(&self.monitor.url, path);
        url.set_query(query);
        let mut attempt = 1;
        loop {
            let timeout = Duration::from_millis(u64::from(self.monitor.timeout_ms));
            let (headers, way) = (self.headers.clone(), Some(&self.monitor.way));
            let call = Call { url: &url, way, headers, body: None, timeout, most: BODY };
            match self.reader.call_api(call).await.and_then(Answer::success) {
                // Who was waited for once is not waited for again.
                Err(fault) if fault.passes() && !matches!(fault, Fault::Late(_)) && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn json<T: DeserializeOwned>(&self, path: &str, query: Option<&str>) -> Result<T, Fault> {
        self.get(path, query).await?.json()
    }

    /// An alert from its labels and what people are told about it.
    fn alert(&self, state: AlertState, labels: Labels, annotations: &Labels, since: Option<&str>) -> Alert {
        let monitor = self.monitor;
        let label = |name: &str| labels.get(name).filter(|value| !value.is_empty()).cloned();
        let told = ["summary", "description", "message", "title"];
        Alert {
            state,
            name: label("alertname").unwrap_or_default(),
            severity: label(&monitor.severity_label).and_then(|word| plain_word(&word)),
            service: label(&monitor.service_label),
            environment: label(&monitor.environment_label),
            since: since.and_then(|text| text.parse::<Time>().ok()),
            about: told.iter().find_map(|name| annotations.get(*name)).cloned().unwrap_or_default(),
        }
    }
}

type Labels = BTreeMap<String, String>;

/// A severity that is one: a short word.
fn plain_word(text: &str) -> Option<String> {
    let plain = (1..=30).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    plain.then(|| text.to_lowercase())
}
