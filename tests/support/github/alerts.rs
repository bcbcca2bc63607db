//! Security alerts: of dependencies, of code, of secrets that were committed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, shelf::Shelf, token::random};

#[derive(Debug, Default)]
pub(crate) struct Alerts {
    /// Each as the API shows it, in the order of their numbers.
    pub(crate) dependabot: Shelf,
    pub(crate) code: Shelf,
    /// Each holds the secret that was found.
    pub(crate) secret: Shelf,
    /// What is not switched on for the repository answers with a refusal.
    pub(crate) disabled: bool,
}

impl Repository {
    /// An alert about a dependency: `low`, `medium`, `high`, `critical`; `open`, `fixed`, `dismissed`,
    /// `auto_dismissed`.
    pub(crate) fn dependabot_alert(&mut self, severity: &str, state: &str) -> &mut Value {
        let number = self.alerts.dependabot.all().len() + 1;
        let (at, url) = (self.site.stamp(), self.url(&format!("/dependabot/alerts/{number}")));
        let package = json!({ "ecosystem": "npm", "name": format!("left-pad-{number}") });
        self.alerts.dependabot.put(json!({
            "number": number, "state": state, "url": url, "html_url": url, "created_at": at, "updated_at": at,
            "dependency": { "package": package, "manifest_path": "package-lock.json", "scope": "runtime" },
            "security_advisory": {
                "ghsa_id": "GHSA-xxxx-yyyy-zzzz", "cve_id": null, "summary": "Pads too far",
                "description": "Pads too far.",
                "severity": severity, "cvss": { "score": 0.0, "vector_string": null }, "published_at": at,
                "updated_at": at,
            },
            "security_vulnerability": {
                "package": package, "severity": severity, "vulnerable_version_range": "< 2.0.0",
                "first_patched_version": { "identifier": "2.0.0" },
            },
        }))
    }

    /// So many open ones more.
    pub(crate) fn dependabot_alerts(&mut self, count: usize, severity: &str) {
        for _ in 0..count {
            self.dependabot_alert(severity, "open");
        }
    }

    /// An alert about code: `low`, `medium`, `high`, `critical`; `open`, `fixed`, `dismissed`.
    pub(crate) fn code_alert(&mut self, severity: &str, state: &str) -> &mut Value {
        let number = self.alerts.code.all().len() + 1;
        let (at, url) = (self.site.stamp(), self.url(&format!("/code-scanning/alerts/{number}")));
        self.alerts.code.put(json!({
            "number": number, "state": state, "url": url, "html_url": url, "instances_url": url, "created_at": at,
            "updated_at": at,
            "rule": {
                "id": "js/sql-injection", "name": "js/sql-injection", "severity": "error",
                "security_severity_level": severity,
                "description": "A query is built from what users wrote",
            },
            "tool": { "name": "CodeQL", "version": "2.0.0", "guid": null },
            "most_recent_instance": {
                "ref": "refs/heads/main", "state": state, "message": { "text": "This query depends on a user's text." },
                "location": { "path": "src/cart.js", "start_line": 1, "end_line": 1 },
            },
        }))
    }

    /// An alert about a secret that was committed: `open` or `resolved`. The secret, which nothing may ever show.
    pub(crate) fn secret_alert(&mut self, state: &str) -> String {
        let number = self.alerts.secret.all().len() + 1;
        let (at, url) = (self.site.stamp(), self.url(&format!("/secret-scanning/alerts/{number}")));
        let secret = format!("sk_live_{}", random());
        self.alerts.secret.put(json!({
            "number": number, "state": state, "secret": secret, "secret_type": "stripe_api_key",
            "secret_type_display_name": "Stripe API Key", "validity": "active", "url": url, "html_url": url,
            "locations_url": url,
            "created_at": at, "updated_at": at, "resolution": null, "resolved_at": null, "publicly_leaked": false,
        }));
        secret
    }
}

/// What a query may ask for, with where an alert has it.
type Filters = &'static [(&'static str, &'static [&'static str])];

const DEPENDABOT: Filters = &[
    ("state", &["state"]),
    ("severity", &["security_vulnerability", "severity"]),
    ("ecosystem", &["security_vulnerability", "package", "ecosystem"]),
    ("package", &["security_vulnerability", "package", "name"]),
    ("scope", &["dependency", "scope"]),
];
const CODE: Filters =
    &[("state", &["state"]), ("tool_name", &["tool", "name"]), ("ref", &["most_recent_instance", "ref"])];
const SECRET: Filters = &[("state", &["state"]), ("secret_type", &["secret_type"])];

pub(super) fn dependabot(repository: &mut Repository, call: &Call) -> Answer {
    if repository.alerts.disabled {
        return Answer::Refused(403, "Dependabot alerts are disabled for this repository.".to_owned());
    }
    Answer::Cursor(newest_first(&repository.alerts.dependabot, call, DEPENDABOT))
}

pub(super) fn code_scanning(repository: &mut Repository, call: &Call) -> Answer {
    if repository.alerts.disabled {
        return Answer::Refused(404, "no analysis found".to_owned());
    }
    Answer::List(newest_first(&repository.alerts.code, call, CODE))
}

pub(super) fn secret_scanning(repository: &mut Repository, call: &Call) -> Answer {
    if repository.alerts.disabled {
        return Answer::Refused(404, "Secret scanning is disabled on this repository.".to_owned());
    }
    let mut found = newest_first(&repository.alerts.secret, call, SECRET);
    if call.asked("hide_secret") == Some("true") {
        for alert in &mut found {
            Arc::make_mut(alert).as_object_mut().unwrap().remove("secret");
        }
    }
    Answer::List(found)
}

/// What the query asks for. Of many thousands only what it does ask for is looked at.
fn newest_first(shelf: &Shelf, call: &Call, filters: Filters) -> Vec<Arc<Value>> {
    let asked: Vec<_> = filters.iter().filter(|(name, _)| call.asked(name).is_some()).collect();
    let mut found = shelf.select(|alert| {
        asked.iter().all(|(name, path)| call.wants(name, path.iter().fold(alert, |value, key| &value[*key])))
    });
    if call.asked("direction") != Some("asc") {
        found.reverse();
    }
    found
}
