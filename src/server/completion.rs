//! Completions of prompt arguments and of resource addresses.

use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
};

use super::{
    door::{CompletionKind, Door},
    prompts, resources,
};
use crate::engine::Caller;

/// What MCP allows in one answer.
const MOST: usize = CompletionInfo::MAX_VALUES;
/// Longer beginnings match no name of ours, bytes.
const LONGEST: usize = 128;

/// The values that fit. An argument that nobody knows has none.
pub(crate) async fn complete(
    door: &dyn Door,
    caller: &Caller,
    request: &CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let prefix = request.argument.value.as_str();
    let service = request.context.as_ref().and_then(|context| context.get_argument("service")).map(String::as_str);
    let mut values: Vec<String> = match kind(&request.r#ref, &request.argument.name) {
        Some(kind) if prefix.len() <= LONGEST => door
            .complete(caller, kind, prefix, service)
            .await
            .into_iter()
            .map(crate::redact::Redacted::into_inner)
            .collect(),
        _ => Vec::new(),
    };
    let total = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let more = values.len() > MOST;
    values.truncate(MOST);
    let info = CompletionInfo::with_pagination(values, Some(total), more)
        .map_err(|_| ErrorData::internal_error("The completion could not be written.", None))?;
    Ok(CompleteResult::new(info))
}

fn kind(reference: &Reference, argument: &str) -> Option<CompletionKind> {
    match reference {
        Reference::Prompt(prompt) => prompts::completion(&prompt.name, argument),
        Reference::Resource(resource) if argument == "id" => match resource.uri.as_str() {
            resources::OPERATION => Some(CompletionKind::Operation),
            resources::PLAN => Some(CompletionKind::Plan),
            resources::REPORT => Some(CompletionKind::Report),
            _ => None,
        },
        _ => None,
    }
}
