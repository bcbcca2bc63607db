//! What is said about operations in the issues of a repository. Each text begins with a marker, so that it is said once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    name::{EnvironmentName, ServiceName},
    operation::OperationId,
    time::Time,
};

/// How every marker begins.
const OURS: &str = "<!-- deploy-ops:";

/// Tell in an issue how an operation went; a second time changes what was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommentIssue {
    /// The issue's number.
    pub issue: u64,
    /// What it is about.
    pub about: About,
    /// The text without its marker, redacted.
    pub body: String,
}

/// Open an issue for an operation that went wrong, unless there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenIncident {
    /// What it is about.
    pub about: About,
    /// The title, redacted.
    pub title: String,
    /// The text without its marker, redacted.
    pub body: String,
    /// The labels it gets.
    pub labels: Vec<String>,
}

/// Close an issue; one that is closed stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CloseIssue {
    /// The issue's number.
    pub issue: u64,
}

/// Tell in the issue about all deployments of a service how an operation goes. The issue is opened when there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TellProgress {
    /// What it is about.
    pub about: About,
    /// The service.
    pub service: ServiceName,
    /// Where.
    pub environment: EnvironmentName,
    /// The label that the issue is found by, besides its marker.
    pub label: String,
    /// The comment without its marker, redacted.
    pub body: String,
}

/// The operation that a text is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The operation.
    pub operation: OperationId,
    /// When it began (UTC): no text about it is older.
    pub began: Time,
}

impl CommentIssue {
    /// What tells the comment from all others.
    pub fn marker(&self) -> String {
        self.about.marker("metrics")
    }
}

impl OpenIncident {
    /// What tells the issue from all others.
    pub fn marker(&self) -> String {
        self.about.marker("incident")
    }
}

impl TellProgress {
    /// What tells the issue from all others. The comment in it has the marker of a [`CommentIssue`].
    pub fn marker(&self) -> String {
        format!("{OURS}deployments:{}:{} -->", self.service, self.environment)
    }
}

impl About {
    fn marker(&self, topic: &str) -> String {
        format!("{OURS}{}:{topic} -->", self.operation)
    }
}

/// Whether a text is the one with that marker: it is the first line. Who quotes or answers such a text has it elsewhere.
pub fn is_marked(text: &str, marker: &str) -> bool {
    text.lines().next().is_some_and(|line| line.trim_end() == marker)
}

/// Whether a text is about any operation.
pub fn is_ours(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with(OURS) && line.trim_end().ends_with("-->"))
}

/// The operation whose incident a text is.
pub fn incident_in(text: &str) -> Option<OperationId> {
    let line = text.lines().next()?.trim_end();
    line.strip_prefix(OURS)?.strip_suffix(":incident -->")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_counts_on_the_first_line_alone() {
        let about = About {
            operation: "op_01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            began: Time::from_millis(0),
        };
        let marker = about.marker("metrics");
        assert_eq!(marker, "<!-- deploy-ops:op_01890a5d-ac96-774b-bcce-b302099a8057:metrics -->");
        for text in [marker.clone(), format!("{marker}\r\nand more"), format!("{marker} \nand more")] {
            assert!(is_marked(&text, &marker) && is_ours(&text), "{text:?}");
        }
        for text in [format!("> {marker}"), format!("look:\n{marker}"), String::new(), about.marker("incident")] {
            assert!(!is_marked(&text, &marker), "{text:?}");
        }
        assert_eq!(incident_in(&format!("{}\nwhat happened", about.marker("incident"))), Some(about.operation));
        for text in [marker.as_str(), "<!-- deploy-ops:shop:incident -->", ""] {
            assert_eq!(incident_in(text), None, "{text:?}");
        }
    }
}
