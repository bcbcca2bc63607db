//! Open security alerts. What GitHub knows of a leaked secret besides its kind is neither asked for nor read.

use serde::Deserialize;

use super::{GitHubError, Listed, Repository, Trouble};
use crate::domain::{
    clean::clean_line,
    inventory::{AlertSeverity, AlertSource},
    time::Time,
};

/// How much of each thing that others wrote is kept, characters.
const KEPT: usize = 200;

/// An open alert. Others wrote its name, its path and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Who raised it.
    pub source: AlertSource,
    /// How severe it is; none when GitHub uses a word that is not known here.
    pub severity: Option<AlertSeverity>,
    /// Its number, within its source.
    pub number: u64,
    /// Since when it is open (UTC).
    pub since: Option<Time>,
    /// The package, the rule, or the kind of secret.
    pub name: String,
    /// The file it is about.
    pub path: Option<String>,
    /// The first version of the package without the vulnerability.
    pub fixed_in: Option<String>,
    /// Where people look at it.
    pub page: Option<String>,
}

#[derive(Deserialize)]
struct Dependabot {
    number: u64,
    #[serde(default)]
    created_at: Option<Time>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    dependency: Dependency,
    #[serde(default)]
    security_vulnerability: Vulnerability,
}

#[derive(Default, Deserialize)]
struct Dependency {
    #[serde(default)]
    manifest_path: Option<String>,
}

#[derive(Default, Deserialize)]
struct Vulnerability {
    #[serde(default)]
    package: Package,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    first_patched_version: Option<Patched>,
}

#[derive(Default, Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Patched {
    identifier: String,
}

#[derive(Deserialize)]
struct CodeScanning {
    number: u64,
    #[serde(default)]
    created_at: Option<Time>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    rule: Rule,
    #[serde(default)]
    most_recent_instance: Option<Instance>,
}

#[derive(Default, Deserialize)]
struct Rule {
    #[serde(default)]
    id: Option<String>,
    /// Of the tool, not always there.
    #[serde(default)]
    severity: Option<String>,
    /// Of the weakness, only for rules about security.
    #[serde(default)]
    security_severity_level: Option<String>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default)]
    path: Option<String>,
}

/// There is no field for the secret.
#[derive(Deserialize)]
struct SecretScanning {
    number: u64,
    #[serde(default)]
    created_at: Option<Time>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    secret_type: String,
}

impl Repository<'_> {
    /// The open alerts of a source, over all pages.
    ///
    /// # Errors
    /// A source that is switched off there is an error too: nobody looked.
    pub async fn alerts(&self, source: AlertSource) -> Result<Vec<Alert>, GitHubError> {
        match source {
            AlertSource::Dependabot => {
                let list = self.list("list the alerts of Dependabot", "/dependabot/alerts?state=open", Listed::Plain);
                Ok(list.await?.into_iter().map(Dependabot::into).collect())
            }
            AlertSource::CodeScanning => {
                let below = "/code-scanning/alerts?state=open";
                let list = self.list("list the alerts of code scanning", below, Listed::Plain);
                Ok(list.await?.into_iter().map(CodeScanning::into).collect())
            }
            AlertSource::SecretScanning => {
                let below = "/secret-scanning/alerts?state=open&hide_secret=true";
                let list = self.list("list the alerts of secret scanning", below, Listed::Plain);
                Ok(list.await?.into_iter().map(SecretScanning::into).collect())
            }
        }
    }
}

/// What an error means when alerts were asked for: GitHub answers 403 or 404 when a source is switched off there.
pub fn unseen(source: AlertSource, error: &GitHubError) -> String {
    match (source, &error.trouble) {
        (AlertSource::Dependabot | AlertSource::CodeScanning, Trouble::Forbidden { .. }) => {
            format!("{}, or it is switched off there (HTTP 403)", error.trouble.lasting())
        }
        (AlertSource::CodeScanning, Trouble::NotFound) => {
            "it is switched off there, never ran, or the token may not see it (HTTP 404)".to_owned()
        }
        (AlertSource::SecretScanning, Trouble::NotFound) => {
            "it is switched off there, or the token may not see it (HTTP 404)".to_owned()
        }
        _ => error.trouble.lasting(),
    }
}

impl From<Dependabot> for Alert {
    fn from(found: Dependabot) -> Self {
        let vulnerability = found.security_vulnerability;
        Self {
            source: AlertSource::Dependabot,
            severity: severity(&vulnerability.severity),
            number: found.number,
            since: found.created_at,
            name: kept(&vulnerability.package.name),
            path: found.dependency.manifest_path.as_deref().map(kept),
            fixed_in: vulnerability.first_patched_version.map(|patched| kept(&patched.identifier)),
            page: page(&found.html_url),
        }
    }
}

impl From<CodeScanning> for Alert {
    fn from(found: CodeScanning) -> Self {
        let Rule { id, severity: of_tool, security_severity_level: of_weakness } = found.rule;
        let location = found.most_recent_instance.and_then(|instance| instance.location);
        Self {
            source: AlertSource::CodeScanning,
            severity: match (of_weakness.as_deref(), of_tool.as_deref()) {
                (Some(word), _) => severity(word),
                (None, Some("error")) => Some(AlertSeverity::High),
                (None, Some("warning")) => Some(AlertSeverity::Medium),
                (None, Some("note" | "none")) => Some(AlertSeverity::Low),
                (None, _) => None,
            },
            number: found.number,
            since: found.created_at,
            name: kept(id.as_deref().unwrap_or_default()),
            path: location.and_then(|location| location.path).as_deref().map(kept),
            fixed_in: None,
            page: page(&found.html_url),
        }
    }
}

impl From<SecretScanning> for Alert {
    fn from(found: SecretScanning) -> Self {
        Self {
            source: AlertSource::SecretScanning,
            severity: Some(AlertSeverity::Critical),
            number: found.number,
            since: found.created_at,
            name: kept(&found.secret_type),
            path: None,
            fixed_in: None,
            page: page(&found.html_url),
        }
    }
}

fn severity(word: &str) -> Option<AlertSeverity> {
    match word {
        "low" => Some(AlertSeverity::Low),
        "medium" | "moderate" => Some(AlertSeverity::Medium),
        "high" => Some(AlertSeverity::High),
        "critical" => Some(AlertSeverity::Critical),
        _ => None,
    }
}

/// One line of what others wrote.
fn kept(text: &str) -> String {
    let line = clean_line(text);
    match line.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// An address that is one, without anybody's name in it.
fn page(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
    (plain && url.query().is_none() && url.as_str().len() <= 300).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_of_all_sources_are_the_same_words() {
        let of = |rule: &str| -> Option<AlertSeverity> {
            let alert: CodeScanning = serde_json::from_str(&format!(r#"{{"number":1,"rule":{rule}}}"#)).unwrap();
            Alert::from(alert).severity
        };
        for (rule, wanted) in [
            (r#"{"severity":"note","security_severity_level":"critical"}"#, Some(AlertSeverity::Critical)),
            (r#"{"severity":"error","security_severity_level":null}"#, Some(AlertSeverity::High)),
            (r#"{"severity":"warning"}"#, Some(AlertSeverity::Medium)),
            (r#"{"severity":"none"}"#, Some(AlertSeverity::Low)),
            (r#"{"severity":"error","security_severity_level":"severe"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(of(rule), wanted, "{rule}");
        }
    }

    #[test]
    fn nothing_of_a_leaked_secret_is_kept() {
        let text = r#"{"number":7,"secret":"sk_live_canary","secret_type":"stripe_api_key","html_url":"https://github.example.org/a"}"#;
        let alert: Alert = serde_json::from_str::<SecretScanning>(text).unwrap().into();
        assert!(!format!("{alert:?}").contains("canary"));
        assert_eq!((alert.severity, alert.name.as_str()), (Some(AlertSeverity::Critical), "stripe_api_key"));
    }

    #[test]
    fn what_others_wrote_is_one_short_line_and_an_address_is_an_address() {
        assert_eq!(kept("a\u{202e}b\nc"), "ab c");
        assert_eq!(kept(&"é".repeat(500)).chars().count(), KEPT + 1);
        assert!(page("https://github.example.org/acme/shop/security/dependabot/1").is_some());
        for text in
            ["javascript:alert(1)", "https://user:word@github.example.org/", "https://github.example.org/?q=1", ""]
        {
            assert_eq!(page(text), None, "{text}");
        }
    }
}
