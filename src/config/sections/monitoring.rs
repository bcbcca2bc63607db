//! `[monitoring.<name>]`

use std::collections::BTreeMap;

use super::{api_url, way};
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, Monitor, MonitorAccess, MonitorKind},
        name::{HostName, MonitorName},
    },
};

const KEYS: &[&str] = &[
    "kind",
    "url",
    "via",
    "ca",
    "token",
    "user",
    "password",
    "service_label",
    "environment_label",
    "severity_label",
    "blocks",
    "watchdog",
    "timeout_ms",
];
const UPTIME_KUMA_KEYS: &[&str] =
    &["kind", "url", "via", "ca", "page", "service_label", "environment_label", "timeout_ms"];

/// The severity of what is down, where no label says how severe it is.
const CRITICAL: &str = "critical";

#[derive(Clone, Copy)]
enum Kind {
    Alertmanager,
    Prometheus,
    Grafana,
    UptimeKuma,
}

pub(super) fn read(
    monitors: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> BTreeMap<MonitorName, Monitor> {
    let entries = monitors.entries::<MonitorName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), monitor(name, &item, names, hosts)?))).collect()
}

fn monitor(name: MonitorName, item: &Item<'_>, names: &Names, hosts: &BTreeMap<HostName, Host>) -> Option<Monitor> {
    let kinds = [
        ("alertmanager", Kind::Alertmanager),
        ("prometheus", Kind::Prometheus),
        ("grafana", Kind::Grafana),
        ("uptime_kuma", Kind::UptimeKuma),
    ];
    let kind = item.member("kind")?.choice(&kinds)?;
    let uptime_kuma = matches!(kind, Kind::UptimeKuma);
    let section = item.section(if uptime_kuma { UPTIME_KUMA_KEYS } else { KEYS })?;
    let kind = match kind {
        Kind::Alertmanager => Some(MonitorKind::Alertmanager),
        Kind::Prometheus => Some(MonitorKind::Prometheus),
        Kind::Grafana => Some(MonitorKind::Grafana),
        Kind::UptimeKuma => {
            section.required("page").and_then(|item| slug(&item)).map(|page| MonitorKind::UptimeKuma { page })
        }
    };
    let access = if uptime_kuma { Ok(None) } else { access(&section, names) };
    let url = section.required("url").and_then(|item| match access {
        Ok(None) => item.web_url(),
        _ => api_url::read(&item, "https://alertmanager.example.org/"),
    });
    let way = way::to_interface(&section, names, hosts);
    if let (Some(item), Some("http")) = (section.optional("ca"), url.as_ref().map(url::Url::scheme)) {
        item.error("names authorities, but the url is without TLS", "write the url as https, or remove it");
    }
    let label = |key, default: &str| match section.optional(key) {
        Some(item) => label(&item),
        None => Some(default.to_owned()),
    };
    let (service_label, environment_label) =
        (label("service_label", "service"), label("environment_label", "environment"));
    let (severity_label, blocks, watchdog) = if uptime_kuma {
        (Some("severity".to_owned()), vec![CRITICAL.to_owned()], None)
    } else {
        (label("severity_label", "severity"), blocks(&section), section.optional("watchdog"))
    };
    let watchdog = watchdog.map_or(Some(None), |item| item.text().map(|text| Some(text.to_owned())));
    Some(Monitor {
        name,
        kind: kind?,
        url: url?,
        way: way?,
        access: access.ok()?,
        timeout_ms: section.number("timeout_ms", defaults::MONITORING_TIMEOUT_MS),
        service_label: service_label?,
        environment_label: environment_label?,
        severity_label: severity_label?,
        blocks,
        watchdog: watchdog?,
    })
}

/// What is wrong was recorded.
struct Told;

/// A token, or a user with a password, or nothing.
fn access(section: &Section<'_>, names: &Names) -> Result<Option<MonitorAccess>, Told> {
    let secret = |item: &Item<'_>| item.reference("entry of [secrets]", &names.secrets).ok_or(Told);
    match (section.optional("token"), section.optional("user"), section.optional("password")) {
        (None, None, None) => Ok(None),
        (Some(token), None, None) => Ok(Some(MonitorAccess::Token(secret(&token)?))),
        (None, Some(user), Some(password)) => {
            let (user, password) = (user.text().map(str::to_owned), secret(&password));
            Ok(Some(MonitorAccess::Basic { user: user.ok_or(Told)?, password: password? }))
        }
        (Some(token), ..) => {
            token.error("is given besides a user or a password", "keep the token, or user and password");
            Err(Told)
        }
        (None, Some(lone), None) | (None, None, Some(lone)) => {
            lone.error("needs both user and password", "add the other one, or give a token");
            Err(Told)
        }
    }
}

/// The severities that block. They are compared without regard to case.
fn blocks(section: &Section<'_>) -> Vec<String> {
    let Some(item) = section.optional("blocks") else { return vec![CRITICAL.to_owned()] };
    let words = item.list();
    if words.is_empty() && item.is_array() {
        item.error("is empty, so no alert would ever block", "leave it out for critical, or name severities");
    }
    words.iter().filter_map(Item::text).map(str::to_lowercase).collect()
}

/// The name of a label, as Prometheus has them.
fn label(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 100
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !ok {
        item.error("is not the name of a label", "use letters, digits and '_'");
    }
    ok.then(|| text.to_owned())
}

/// The last part of a status page's address.
fn slug(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !ok {
        item.error("is not the slug of a status page", "write what stands behind /status/ in its address");
    }
    ok.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[monitoring.a]", 1, "monitoring.a: kind is missing", "add kind"),
            ("[monitoring.a]\nkind = \"nagios\"", 2, "monitoring.a.kind: is not one of the words", "write one of"),
            ("[monitoring.a]\nkind = \"prometheus\"", 1, "monitoring.a: url is missing", "add url"),
            (
                "[monitoring.a]\nkind = \"grafana\"\nurl = \"http://grafana.example.org/\"\ntoken = \"CRM_DB_PASSWORD\"",
                3,
                "monitoring.a.url: must be https",
                "write it as",
            ),
            (
                "[monitoring.a]\nkind = \"grafana\"\nurl = \"https://grafana.example.org/\"\ntoken = \"CRM_DB_PASSWORT\"",
                4,
                "monitoring.a.token: there is no entry of [secrets]",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                "[monitoring.a]\nkind = \"alertmanager\"\nurl = \"https://a.example.org/\"\nuser = \"ops\"",
                4,
                "monitoring.a.user: needs both",
                "add the other",
            ),
            (
                "[monitoring.a]\nkind = \"alertmanager\"\nurl = \"http://a.example.org/\"\nblocks = []",
                4,
                "monitoring.a.blocks: is empty",
                "leave it out",
            ),
            (
                "[monitoring.a]\nkind = \"alertmanager\"\nurl = \"http://a.example.org/\"\nservice_label = \"a-b\"",
                4,
                "monitoring.a.service_label: is not the name of a label",
                "use letters",
            ),
            (
                "[monitoring.a]\nkind = \"prometheus\"\nurl = \"http://a.example.org/\"\nca = \"ca.pem\"",
                4,
                "monitoring.a.ca: names authorities, but",
                "write the url as https",
            ),
            (
                "[monitoring.a]\nkind = \"prometheus\"\nurl = \"http://a.example.org/\"\nvia = \"wbe\"",
                4,
                "monitoring.a.via: there is no host of this name",
                "did you mean web",
            ),
            (
                "[monitoring.a]\nkind = \"uptime_kuma\"\nurl = \"https://up.example.org/\"\npage = \"../x\"",
                4,
                "monitoring.a.page: is not the slug",
                "write what",
            ),
            (
                "[monitoring.a]\nkind = \"uptime_kuma\"\nurl = \"https://up.example.org/\"\npage = \"all\"\nwatchdog = \"W\"",
                5,
                "unknown key in monitoring.a",
                "Known keys",
            ),
            (
                "[environments.e]\nmonitoring = [\"alert\"]\n[monitoring.alerts]\nkind = \"alertmanager\"\nurl = \"http://a.example.org/\"",
                2,
                "environments.e.monitoring: there is no entry of [monitoring]",
                "did you mean alerts",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
