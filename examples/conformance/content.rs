//! What the fixtures show.

#![allow(deprecated, clippy::wildcard_imports)]

use std::time::Duration;

use rmcp::{ErrorData, RoleServer, model::*, service::RequestContext};
use serde_json::{Value, json};

use crate::rounds::{Rounds, answered};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
/// Between two notifications of one call.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn says(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text.into())])
}

pub(crate) fn fails(text: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text.into())])
}

pub(crate) fn image() -> ContentBlock {
    ContentBlock::image(PNG, "image/png")
}

pub(crate) fn audio() -> ContentBlock {
    ContentBlock::audio(WAV, "audio/wav")
}

pub(crate) fn embedded() -> ContentBlock {
    let text = "This is an embedded resource content.";
    ContentBlock::resource(ResourceContents::text(text, "test://embedded-resource").with_mime_type("text/plain"))
}

pub(crate) fn mixed() -> Vec<ContentBlock> {
    let data = json!({"test": "data", "value": 123}).to_string();
    let resource = ResourceContents::text(data, "test://mixed-content-resource").with_mime_type("application/json");
    vec![ContentBlock::text("Multiple content types test:"), image(), ContentBlock::resource(resource)]
}

pub(crate) async fn logs(context: &RequestContext<RoleServer>) -> CallToolResult {
    for text in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(text));
        let _ = context.peer.notify_logging_message(message).await;
        tokio::time::sleep(PAUSE).await;
    }
    says("logged")
}

pub(crate) async fn logs_where_asked(context: &RequestContext<RoleServer>) -> CallToolResult {
    if let Some(level) = context.meta.log_level() {
        let message = LoggingMessageNotificationParam::new(level, json!("as asked"));
        let _ = context.peer.notify_logging_message(message).await;
    }
    says("ok")
}

pub(crate) async fn progresses(context: &RequestContext<RoleServer>) -> CallToolResult {
    if let Some(token) = context.meta.get_progress_token() {
        for done in [0.0, 50.0, 100.0] {
            let progress = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
            let _ = context.peer.notify_progress(progress).await;
            tokio::time::sleep(PAUSE).await;
        }
    }
    says("done")
}

pub(crate) async fn samples(context: &RequestContext<RoleServer>, prompt: String) -> CallToolResult {
    let request = CreateMessageRequestParams::new(vec![SamplingMessage::user_text(prompt)], 100);
    match context.peer.create_message(request).await {
        Ok(answer) => {
            let text = answer.message.content.first().and_then(|block| block.as_text().map(|text| text.text.clone()));
            says(format!("LLM response: {}", text.unwrap_or_default()))
        }
        Err(error) => fails(error.to_string()),
    }
}

pub(crate) async fn elicits(
    context: &RequestContext<RoleServer>,
    message: &str,
    form: Value,
) -> Result<CallToolResult, ErrorData> {
    Ok(match context.peer.create_elicitation(self::form(message, form)?).await {
        Ok(answer) => {
            let action = json!(answer.action);
            let action = action.as_str().unwrap_or_default();
            says(format!("Elicitation completed: action={action}, content={}", answer.content.unwrap_or_default()))
        }
        Err(error) => fails(error.to_string()),
    })
}

fn form(message: &str, schema: Value) -> Result<ElicitRequestParams, ErrorData> {
    let requested_schema =
        serde_json::from_value(schema).map_err(|_| ErrorData::internal_error("form schema", None))?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message: message.to_owned(), requested_schema })
}

/// A form with one required property.
pub(crate) fn question(message: &str, property: &str, kind: &str) -> Result<InputRequest, ErrorData> {
    let schema = json!({"type": "object", "properties": {property: {"type": kind}}, "required": [property]});
    Ok(InputRequest::Elicitation(ElicitRequest::new(form(message, schema)?)))
}

pub(crate) fn user_form() -> Value {
    json!({"type": "object", "required": ["username", "email"], "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }})
}

pub(crate) fn defaults_form() -> Value {
    json!({"type": "object", "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": true},
    }})
}

pub(crate) fn enums_form() -> Value {
    let titled = |names: [&str; 3]| -> Vec<Value> {
        names.iter().zip(1..).map(|(title, n)| json!({"const": format!("value{n}"), "title": title})).collect()
    };
    json!({"type": "object", "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"])},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled(["First Choice", "Second Choice", "Third Choice"])}},
    }})
}

pub(crate) fn schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "address", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
        "allOf": [{"anyOf": [{"required": ["name"]}, {"required": ["address"]}]}],
        "if": {"required": ["address"]},
        "then": {"properties": {"address": {"required": ["street"]}}},
        "else": {"required": ["name"]},
        "additionalProperties": false,
    })
}

pub(crate) fn resource(uri: &str) -> Result<ResourceContents, ErrorData> {
    match uri {
        "test://static-text" => Ok(ResourceContents::text("This is the content of the static text resource.", uri)),
        "test://static-binary" => Ok(ResourceContents::blob(PNG, uri).with_mime_type("image/png")),
        _ => {
            let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
            let id =
                id.ok_or_else(|| ErrorData::resource_not_found("Resource not found", Some(json!({"uri": uri}))))?;
            let text = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")}).to_string();
            Ok(ResourceContents::text(text, uri).with_mime_type("application/json"))
        }
    }
}

pub(crate) fn prompts() -> Vec<Prompt> {
    let prompt = |name: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|name| PromptArgument::new(*name).with_required(true)).collect();
        Prompt::new(name, Some(name), Some(arguments))
    };
    vec![
        prompt("test_simple_prompt", &[]),
        prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
        prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
        prompt("test_prompt_with_image", &[]),
        prompt("test_input_required_result_prompt", &[]),
    ]
}

pub(crate) fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        let given = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        given.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let user = |text: String| PromptMessage::new_text(Role::User, text);
    let messages = match &*request.name {
        "test_simple_prompt" => vec![user("This is a simple prompt for testing.".to_owned())],
        "test_prompt_with_arguments" => {
            vec![user(format!("Prompt with arguments: arg1='{}', arg2='{}'", argument("arg1"), argument("arg2")))]
        }
        "test_prompt_with_embedded_resource" => {
            let contents = ResourceContents::text("Embedded resource content for testing.", argument("resourceUri"))
                .with_mime_type("text/plain");
            vec![
                PromptMessage::new(Role::User, ContentBlock::resource(contents)),
                user("Please process the embedded resource above.".to_owned()),
            ]
        }
        "test_prompt_with_image" => {
            vec![PromptMessage::new(Role::User, image()), user("Please analyze the image above.".to_owned())]
        }
        "test_input_required_result_prompt" => {
            if let Some(answer) = answered(request.input_responses.as_ref(), "user_context") {
                vec![user(answer.to_string())]
            } else {
                let question = question("What is the context?", "context", "string")?;
                return Ok(Rounds::required([("user_context", question)], None).into());
            }
        }
        _ => return Err(ErrorData::invalid_params("Unknown prompt", None)),
    };
    Ok(GetPromptResult::new(messages).into())
}
