//! What clients may read without calling a tool: inventory, operations, plans, reports. Each has a tool twin.

use super::{Caller, Engine};
use crate::{
    domain::{
        digest::Digest,
        operation::{OperationFilter, OperationId},
        plan::PlanId,
        principal::Scope,
        refusal::{Code, Refusal},
        report::{check::readable, name_of},
    },
    redact::Redacted,
};

/// The scheme of our resources.
const SCHEME: &str = "deploy-ops://";

/// What is in a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceBody {
    /// Text.
    Text(Redacted<String>),
    /// A picture or recording that may be shown; nothing in it can be redacted any more.
    Picture(Vec<u8>),
}

/// One resource, for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceInfo {
    /// Its URI.
    pub uri: String,
    /// A short name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Its media type.
    pub mime: &'static str,
}

/// A family of resources, for `resources/templates/list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceTemplate {
    /// The URI template (RFC 6570, level 1).
    pub template: &'static str,
    /// A short name.
    pub name: &'static str,
    /// What they hold.
    pub description: &'static str,
    /// Their media type.
    pub mime: &'static str,
}

/// The families.
pub const TEMPLATES: [ResourceTemplate; 5] = [
    ResourceTemplate {
        template: "deploy-ops://operations/{operation}",
        name: "operation",
        description: "One operation with its journal and evidence",
        mime: "application/json",
    },
    ResourceTemplate {
        template: "deploy-ops://plans/{plan}",
        name: "plan",
        description: "One plan, whole, as it is approved",
        mime: "application/json",
    },
    ResourceTemplate {
        template: "deploy-ops://reports/{operation}",
        name: "report",
        description: "The report of one operation",
        mime: "text/markdown",
    },
    ResourceTemplate {
        template: "deploy-ops://e2e/{run}",
        name: "e2e",
        description: "One run of end-to-end tests, test by test",
        mime: "application/json",
    },
    ResourceTemplate {
        template: "deploy-ops://lighthouse/{report}",
        name: "lighthouse",
        description: "One report of Lighthouse, without its pictures",
        mime: "application/json",
    },
];

impl Engine {
    /// The resources that exist by themselves, and the newest operations.
    pub async fn resources(&self) -> Vec<ResourceInfo> {
        let fixed = |path: &str, description: &str| ResourceInfo {
            uri: format!("{SCHEME}{path}"),
            name: path.to_owned(),
            description: description.to_owned(),
            mime: "application/json",
        };
        let mut list = vec![
            fixed("inventory", "Environments, hosts, services, databases, mailboxes; secrets by name only"),
            fixed("operations", "The newest operations"),
        ];
        let filter = OperationFilter { limit: 20, ..OperationFilter::default() };
        let Ok(ledger) = self.ledger().await else { return list };
        for operation in ledger.operations(&filter).await.unwrap_or_default() {
            list.push(ResourceInfo {
                uri: format!("{SCHEME}operations/{}", operation.id),
                name: operation.id.to_string(),
                description: self.redactor().text(&operation.summary).into_inner(),
                mime: "application/json",
            });
        }
        list
    }

    /// Reads one, with its media type.
    pub async fn read_resource(&self, caller: &Caller, uri: &str) -> Result<(&'static str, ResourceBody), Refusal> {
        if !caller.scopes.contains(&Scope::Read) {
            return Err(Refusal::new(
                Code::Forbidden,
                "This client may not read.",
                "The operator gives the scope read.",
            ));
        }
        let path = uri.strip_prefix(SCHEME).ok_or_else(no_resource)?;
        let ledger = self.ledger().await?;
        let value = match path.split_once('/') {
            None if path == "inventory" => serde_json::to_value(self.inventory()),
            None if path == "operations" => {
                let filter = OperationFilter { limit: 50, ..OperationFilter::default() };
                serde_json::to_value(ledger.operations(&filter).await?)
            }
            Some(("operations", id)) => {
                let id: OperationId = id.parse().map_err(|_| no_resource())?;
                serde_json::to_value(self.view(&id, true).await?)
            }
            Some(("plans", id)) => {
                let id: PlanId = id.parse().map_err(|_| no_resource())?;
                let stored = ledger.plan(&id).await?.ok_or_else(no_resource)?;
                serde_json::to_value(stored.plan.body())
            }
            Some(("reports", id)) => {
                let id: OperationId = id.parse().map_err(|_| no_resource())?;
                let operation = ledger.operation(&id).await?.ok_or_else(no_resource)?;
                let text = self.world().reader().report(&format!("{}.md", name_of(&operation))).await?;
                return Ok(("text/markdown", ResourceBody::Text(self.redactor().text(readable(&text)))));
            }
            Some(("e2e", run)) => {
                let (run, picture) = run.split_once('/').map_or((run, None), |(run, name)| (run, Some(name)));
                let digest: Digest = run.parse().map_err(|_| no_resource())?;
                let reader = self.world().reader();
                if let Some(name) = picture {
                    let picture = reader.suite_picture(&digest, name).await?.ok_or_else(no_resource)?;
                    let mime = match name.rsplit_once('.') {
                        Some((_, "webm")) => "video/webm",
                        Some((_, "zip")) => "application/zip",
                        _ => "image/png",
                    };
                    return Ok((mime, ResourceBody::Picture(picture)));
                }
                serde_json::to_value(reader.suite_run(&digest).await?.ok_or_else(no_resource)?)
            }
            Some(("lighthouse", digest)) => {
                let digest: Digest = digest.parse().map_err(|_| no_resource())?;
                Ok(self.world().reader().lighthouse_report(&digest).await?.ok_or_else(no_resource)?)
            }
            _ => return Err(no_resource()),
        };
        let value = value.map_err(|_| super::propose::defect())?;
        let clean = self.redactor().json(value);
        let text = serde_json::to_string_pretty(&*clean).map_err(|_| super::propose::defect())?;
        Ok(("application/json", ResourceBody::Text(self.redactor().text(&text))))
    }
}

fn no_resource() -> Refusal {
    Refusal::new(Code::NotFound, "There is no such resource.", "List the resources, or call list_services.")
}
