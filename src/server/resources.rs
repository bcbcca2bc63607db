//! Resources: what can be read without a call. Each has a tool twin, for clients that know only tools.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rmcp::{
    ErrorData,
    model::{CacheScope, ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate},
};

use super::door::Door;
use crate::{
    domain::refusal::{Code, Refusal},
    engine::{Caller, ResourceBody},
};

/// Resources per page of a list.
const PAGE: usize = 50;
/// Longer addresses are none of ours, characters.
const LONGEST: usize = 256;

pub(crate) const OPERATION: &str = "deploy-ops://operations/{id}";
pub(crate) const PLAN: &str = "deploy-ops://plans/{id}";
pub(crate) const REPORT: &str = "deploy-ops://reports/{id}";
const E2E: &str = "deploy-ops://e2e/{id}";
const LIGHTHOUSE: &str = "deploy-ops://lighthouse/{id}";

/// A page of what the caller may read. The cursor is the number of the first resource of the page.
pub(crate) async fn list(
    door: &dyn Door,
    caller: &Caller,
    cursor: Option<&str>,
) -> Result<ListResourcesResult, ErrorData> {
    let start = match cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| ErrorData::invalid_params("The cursor is not one that this server gave.", None))?,
    };
    let all = door.resources(caller).await;
    let more = all.len() > start.saturating_add(PAGE);
    let page = all.into_iter().skip(start).take(PAGE).map(|info| {
        Resource::new(info.uri, info.name)
            .with_title(info.title)
            .with_description(info.description)
            .with_mime_type(info.mime)
    });
    let mut result = ListResourcesResult::with_all_items(page.collect()).with_cache_scope(CacheScope::Private);
    result.next_cursor = more.then(|| (start + PAGE).to_string());
    Ok(result)
}

/// The addresses that have a hole in them.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, title: &str, description: &str, mime: &str| {
        ResourceTemplate::new(uri, name).with_title(title).with_description(description).with_mime_type(mime)
    };
    vec![
        template(
            OPERATION,
            "operation",
            "Operation",
            "One operation with its journal, evidence and verdict. Tool twin: operation_status.",
            "application/json",
        ),
        template(
            PLAN,
            "plan",
            "Plan",
            "One plan in canonical JSON, as it is hashed and approved. Tool twin: operation_status of its dry run.",
            "application/json",
        ),
        template(
            REPORT,
            "report",
            "Report",
            "The report of one operation, written from its evidence. Tool twin: write_report.",
            "text/markdown",
        ),
        template(
            E2E,
            "e2e",
            "End-to-end tests",
            "One run of end-to-end tests, test by test, as run_e2e and deployments name it. Tool twin: operation_status.",
            "application/json",
        ),
        template(
            LIGHTHOUSE,
            "lighthouse",
            "Report of Lighthouse",
            "One report of Lighthouse, as run_lighthouse names it, without its pictures. Tool twin: operation_status.",
            "application/json",
        ),
    ]
}

/// Reads one. The error never repeats the address.
pub(crate) async fn read(door: &dyn Door, caller: &Caller, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    if uri.len() > LONGEST {
        return Err(not_found(None));
    }
    match door.read_resource(caller, uri).await {
        Ok(read) => {
            // The engine found something under this address, so it is one of ours and may be repeated.
            let contents = match read.body {
                ResourceBody::Text(text) => ResourceContents::text(text.into_inner(), uri),
                ResourceBody::Picture(bytes) => ResourceContents::blob(BASE64_STANDARD.encode(bytes), uri),
            };
            let contents = contents.with_mime_type(read.mime);
            Ok(ReadResourceResult::new(vec![contents]).with_cache_scope(CacheScope::Private))
        }
        Err(refusal) => {
            let structured = serde_json::to_value(&refusal).unwrap_or_default();
            let data = door.redactor().json(structured).into_inner();
            Err(match refusal.code {
                Code::NotFound | Code::UnknownName | Code::BadArgument => not_found(Some(data)),
                _ => ErrorData::invalid_request(message(door, &refusal), Some(data)),
            })
        }
    }
}

fn message(door: &dyn Door, refusal: &Refusal) -> String {
    door.redactor().text(&refusal.to_string()).into_inner()
}

fn not_found(data: Option<serde_json::Value>) -> ErrorData {
    ErrorData::resource_not_found("There is no such resource. Call resources/list to see what there is.", data)
}
