//! The server that the suite wants to meet.

// Logging, sampling and subscriptions are deprecated; the suite asks for them all the same.
#![allow(deprecated, clippy::wildcard_imports)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::*,
    service::{RequestContext, SubscriptionContext, SubscriptionSink},
};
use serde_json::{Value, json};

use crate::{content, jobs::Jobs, rounds::Rounds};

#[derive(Clone)]
pub(crate) struct Fixture {
    listeners: Arc<Mutex<HashMap<u128, SubscriptionSink>>>,
    rounds: Rounds,
    jobs: Jobs,
}

/// Tools without arguments that answer at once or tell on the way.
const PLAIN: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_reconnection",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_logging_tool",
];

impl Fixture {
    pub(crate) fn new() -> Result<Self, std::io::Error> {
        Ok(Self { listeners: Arc::default(), rounds: Rounds::new()?, jobs: Jobs::default() })
    }

    fn sinks(&self) -> Vec<SubscriptionSink> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    async fn changed(&self, tools: bool) -> CallToolResult {
        for sink in self.sinks() {
            let _ = if tools { sink.notify_tool_list_changed().await } else { sink.notify_prompt_list_changed().await };
        }
        content::says("changed")
    }
}

fn tools() -> Vec<Tool> {
    let tool = |name: String, schema: Value| Tool::new(name.clone(), name, object(schema));
    let bare = || json!({"type": "object", "properties": {}});
    let one_text = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    let mut tools: Vec<Tool> = PLAIN.iter().map(|name| tool((*name).to_owned(), bare())).collect();
    tools.extend(Rounds::NAMES.iter().map(|name| tool(format!("{}{name}", Rounds::PREFIX), bare())));
    tools.extend(Jobs::NAMES.iter().map(|name| tool((*name).to_owned(), bare())));
    tools.push(tool("test_sampling".to_owned(), one_text("prompt")));
    tools.push(tool("test_elicitation".to_owned(), one_text("message")));
    tools.push(tool(
        "test_custom_header".to_owned(),
        json!({"type": "object", "properties": {"value": {"type": "string", "x-mcp-header": "Value"}}, "required": ["value"]}),
    ));
    tools.push(tool("json_schema_2020_12_tool".to_owned(), content::schema_2020_12()));
    tools
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_tasks()
            .build();
        ServerConfig::new(capabilities).with_server_info(Implementation::new("conformance-fixtures", "1.0.0"))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools().into_iter().find(|tool| tool.name == name)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()).with_ttl_ms(1000).with_cache_scope(CacheScope::Public))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(round) = request.name.strip_prefix(Rounds::PREFIX) {
            return self.rounds.call(round, &request, &context);
        }
        if Jobs::NAMES.contains(&&*request.name) {
            return self.jobs.call(&request, &context).await;
        }
        let arguments = request.arguments.unwrap_or_default();
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(match &*request.name {
            "test_simple_text" => content::says("This is a simple text response for testing."),
            "test_image_content" => CallToolResult::success(vec![content::image()]),
            "test_audio_content" => CallToolResult::success(vec![content::audio()]),
            "test_embedded_resource" => CallToolResult::success(vec![content::embedded()]),
            "test_multiple_content_types" => CallToolResult::success(content::mixed()),
            "test_error_handling" => content::fails("This tool intentionally returns an error for testing"),
            "test_tool_with_logging" => content::logs(&context).await,
            "test_tool_with_progress" => content::progresses(&context).await,
            "test_logging_tool" => content::logs_where_asked(&context).await,
            "test_custom_header" => content::says(text("value")),
            "json_schema_2020_12_tool" => content::says("ok"),
            "test_reconnection" => {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                content::says("Reconnection test completed")
            }
            "test_trigger_tool_change" => self.changed(true).await,
            "test_trigger_prompt_change" => self.changed(false).await,
            "test_sampling" => content::samples(&context, text("prompt")).await,
            "test_elicitation" => content::elicits(&context, &text("message"), content::user_form()).await?,
            "test_elicitation_sep1034_defaults" => {
                content::elicits(&context, "Defaults", content::defaults_form()).await?
            }
            "test_elicitation_sep1330_enums" => content::elicits(&context, "Choices", content::enums_form()).await?,
            "test_missing_capability" => {
                if context.meta.client_capabilities().is_none_or(|can| can.sampling.is_none()) {
                    let wanted = ClientCapabilities::builder().enable_sampling().build();
                    return Err(ErrorData::missing_required_client_capability(wanted));
                }
                content::says("ok")
            }
            "test_streaming_elicitation" => {
                let question = content::question("Provide a value", "value", "string")?;
                return Ok(Rounds::ask([("streaming_elicitation", question)], None));
            }
            _ => return Err(ErrorData::invalid_params("Unknown tool", None)),
        }
        .into())
    }

    fn accepted_subscription_filter(&self, wanted: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(wanted.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let key = uuid::Uuid::new_v4().as_u128();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).insert(key, context.sink().clone());
        context.cancelled().await;
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(vec![
            Resource::new("test://static-text", "Static text").with_mime_type("text/plain"),
            Resource::new("test://static-binary", "Static binary").with_mime_type("image/png"),
        ]))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("test://template/{id}/data", "Data").with_mime_type("application/json");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        content::resource(&request.uri).map(|contents| ReadResourceResult::new(vec![contents]).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(content::prompts()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        content::prompt(&request)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = vec![format!("{}-completed", request.argument.value)];
        CompletionInfo::with_all_values(values)
            .map(CompleteResult::new)
            .map_err(|_| ErrorData::internal_error("completion", None))
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.jobs.manager.get_task(&request.task_id).map(GetTaskResult::new)
    }

    async fn update_task(&self, request: UpdateTaskParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.jobs.manager.update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(&self, request: CancelTaskParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.jobs.manager.cancel_task(&request.task_id)
    }
}
