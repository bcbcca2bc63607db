//! Monitors: what knows whether something is wrong.

use serde::Serialize;
use url::Url;

use super::{
    super::name::{MonitorName, SecretName},
    Way,
};

/// A monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Monitor {
    /// Its name in the inventory.
    pub name: MonitorName,
    /// What it is.
    pub kind: MonitorKind,
    /// The base URL, with the prefix that it is served below.
    pub url: Url,
    /// How it is reached.
    pub way: Way,
    /// Who we are there; none where nobody has to be anybody.
    pub access: Option<MonitorAccess>,
    /// How long each of its answers may take, ms.
    pub timeout_ms: u32,
    /// The label that names the service of an alert.
    pub service_label: String,
    /// The label that names the environment of an alert.
    pub environment_label: String,
    /// The label that says how severe an alert is.
    pub severity_label: String,
    /// The severities of which none may fire, in lower case.
    pub blocks: Vec<String>,
    /// The alert that always fires: without it the alerts of others would not arrive either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchdog: Option<String>,
}

/// What a monitor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorKind {
    /// Prometheus Alertmanager, its API of version 2.
    Alertmanager,
    /// Prometheus itself: the alerts of its own rules. It knows of no silence.
    Prometheus,
    /// Grafana, its built-in Alertmanager.
    Grafana,
    /// Uptime Kuma: the monitors of one status page. One that is down is a critical alert.
    UptimeKuma {
        /// The page's slug.
        page: String,
    },
}

impl MonitorKind {
    /// The word for it in the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Prometheus => "prometheus",
            Self::Grafana => "grafana",
            Self::UptimeKuma { .. } => "uptime_kuma",
        }
    }
}

/// Who we are to a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MonitorAccess {
    /// A bearer token.
    Token(SecretName),
    /// HTTP Basic, as proxies in front of monitors ask for it.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretName,
    },
}

impl MonitorAccess {
    /// The secret that lets us in.
    pub fn secret(&self) -> &SecretName {
        match self {
            Self::Token(secret) | Self::Basic { password: secret, .. } => secret,
        }
    }
}
