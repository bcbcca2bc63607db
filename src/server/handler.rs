//! One MCP request in, one answer out; the same for every transport.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{FutureExt, future::BoxFuture};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
        ContentBlock, GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::{Map, Value};

use super::{
    aliases,
    ask::{self, Asker, Execution},
    catalogue, completion,
    door::Door,
    identity::Identity,
    limits::{CallKind, CallLimits, Limited, Limits},
    progress::Progress,
    prompts, resources,
    written::{SlotOf, WrittenReplies, stand_in},
};
use crate::{
    domain::{
        effect::Effect,
        name,
        refusal::{Code, Refusal},
    },
    engine::{Caller, Given, Reply},
    tools::{self, Tool},
};

/// What a handler can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerSettings {
    /// The limits of tool calls.
    pub calls: CallLimits,
    /// Whether a human may be asked, through the client, to approve a plan out of band.
    pub elicitation: bool,
}

impl Default for HandlerSettings {
    fn default() -> Self {
        Self { calls: CallLimits::default(), elicitation: true }
    }
}

/// The MCP server. Cheap to clone: HTTP makes one per session and per stateless request.
#[derive(Clone)]
pub struct Handler {
    shared: Arc<Shared>,
    /// Who calls, where the transport knows only one; otherwise each request carries its own.
    only: Option<Identity>,
}

struct Shared {
    door: Arc<dyn Door>,
    info: ServerConfig,
    tools: OnceLock<ListToolsResult>,
    limits: Limits,
    written: WrittenReplies,
    asker: Option<Asker>,
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").field("only", &self.only).finish_non_exhaustive()
    }
}

/// A day, ms: the tools change only with the binary or its configuration, and then the connection is a new one.
const TOOLS_FRESH_MS: u64 = 3_600_000;

impl Handler {
    /// A handler in front of this door. Fails only when the system has no randomness.
    pub fn new(door: Arc<dyn Door>, settings: HandlerSettings) -> Result<Self, std::io::Error> {
        let asker = if settings.elicitation { Some(Asker::new()?) } else { None };
        let info = ServerConfig::new(
            ServerCapabilities::builder()
                .enable_tools()
                .enable_prompts()
                .enable_resources()
                .enable_completions()
                .build(),
        )
        .with_server_info(
            Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
                .with_title("Deployment operations")
                .with_description(env!("CARGO_PKG_DESCRIPTION")),
        )
        .with_instructions(door.instructions());
        let (tools, written) = (OnceLock::new(), WrittenReplies::default());
        let shared = Shared { door, info, tools, limits: Limits::new(settings.calls), written, asker };
        Ok(Self { shared: Arc::new(shared), only: None })
    }

    /// The same handler for a transport whose other end is always this one.
    pub fn for_identity(&self, identity: Identity) -> Self {
        Self { shared: self.shared.clone(), only: Some(identity) }
    }

    /// What stands behind.
    pub fn door(&self) -> &Arc<dyn Door> {
        &self.shared.door
    }

    /// The answer to `tools/list`. Describing the tools is most of what a server does at its start, so whoever starts one calls
    /// this beside the first messages of the client.
    pub fn listed(&self) -> &ListToolsResult {
        self.shared.tools.get_or_init(|| {
            ListToolsResult::with_all_items(catalogue::describe(self.shared.door.tools()))
                .with_ttl_ms(TOOLS_FRESH_MS)
                .with_cache_scope(CacheScope::Private)
        })
    }

    /// Who asks. A request that nobody vouched for is refused: that is a defect of the transport, never a reason to guess.
    fn identity(&self, context: &RequestContext<RoleServer>) -> Result<Identity, ErrorData> {
        if let Some(identity) = &self.only {
            return Ok(identity.clone());
        }
        of_request(context).cloned().ok_or_else(|| ErrorData::invalid_request("The caller is unknown.", None))
    }

    fn tool(&self, name: &str) -> Result<&Tool, ErrorData> {
        let name = aliases::current(name);
        let tools = self.shared.door.tools();
        tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
            let near = name::nearest(name, tools.iter().map(|tool| tool.name));
            let data = (!near.is_empty()).then(|| serde_json::json!({ "didYouMean": near }));
            ErrorData::invalid_params("There is no such tool. Call tools/list to see the tools.", data)
        })
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let identity = self.identity(&context)?;
        let tool = match self.tool(&request.name) {
            Ok(tool) => tool,
            // A tool that is switched off is refused with its reason, as a result.
            Err(_) if tools::all().iter().any(|tool| tool.name == aliases::current(&request.name)) => {
                let name = aliases::current(&request.name);
                return Ok(result(self.shared.door.call(identity.caller(), name, arguments).await.into_reply()).into());
            }
            Err(unknown) => return Err(unknown),
        };
        if let Err(limit) = self.shared.limits.check_texts(&arguments) {
            return Ok(self.refuse(&text_refusal(limit)).into());
        }
        let kind = kind_of(tool, &arguments);
        let _turn = match self.shared.limits.turn(&identity.principal, kind, Instant::now()).await {
            Ok(turn) => turn,
            Err(limited) => return Ok(self.refuse(&limits_refusal(limited, kind)).into()),
        };
        let progress = context.meta.get_progress_token().map(|token| Progress::new(context.peer.clone(), token));
        let caller = Caller { progress: progress.as_ref().map(Progress::sink), ..identity.caller() };
        let response = match self.shared.asker.as_ref().zip(ask::plan_to_execute(&arguments)) {
            Some((asker, plan)) => {
                let (responses, state) = (request.input_responses, request.request_state);
                let execution = Execution { plan, responses, state };
                asker.call(&*self.shared.door, &context, caller, tool, arguments, execution).await
            }
            None => Ok(self.result(self.shared.door.call(caller, tool.name, arguments).await, &context).into()),
        };
        if let Some(progress) = progress {
            progress.finish().await;
        }
        response
    }

    /// What was given, as rmcp takes it: where the text itself can go to the client, a stand-in.
    fn result(&self, given: Given, context: &RequestContext<RoleServer>) -> CallToolResult {
        if let Given::Again(reply) = &given
            && let Some(slot) = of_request::<SlotOf>(context)
            && let Some(written) = self.shared.written.of(reply, is_modern(context))
            && slot.leave(written)
        {
            return stand_in();
        }
        result(given.into_reply())
    }

    fn refuse(&self, refusal: &Refusal) -> CallToolResult {
        result(refused(&*self.shared.door, refusal))
    }
}

/// What the transport attached to the request, or HTTP to the request that it came with.
fn of_request<T: Clone + Send + Sync + 'static>(context: &RequestContext<RoleServer>) -> Option<&T> {
    let of_parts = || context.extensions.get::<http::request::Parts>()?.extensions.get::<T>();
    context.extensions.get::<T>().or_else(of_parts)
}

/// Whether results have the form of 2026-07-28.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// A refusal of the door itself, in the form that the engine gives to its own.
pub(crate) fn refused(door: &dyn Door, refusal: &Refusal) -> Reply {
    Reply::refused(&door.redactor(), refusal.clone())
}

/// A reply as MCP wants it: the text for the model, the same facts for programs, and pictures.
pub(crate) fn result(reply: Reply) -> CallToolResult {
    let mut content = vec![ContentBlock::text(reply.text.into_inner())];
    content
        .extend(reply.pictures.iter().map(|picture| ContentBlock::image(STANDARD.encode(&picture.png), "image/png")));
    let mut result = if reply.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    result.structured_content = Some(reply.structured.into_inner());
    result
}

fn kind_of(tool: &Tool, arguments: &Map<String, Value>) -> CallKind {
    match (tool.effect, arguments.get("mode").and_then(Value::as_str)) {
        _ if tool.name == "cancel_operation" => CallKind::Stop,
        _ if tool.name == "verify_secret" => CallKind::Verify,
        (Effect::Change, Some("list" | "estimate")) if tool.name == "snapshot_db" => CallKind::Read,
        (Effect::Change, None | Some("take")) if tool.name == "snapshot_db" => CallKind::Change,
        (Effect::Observe, _) => CallKind::Read,
        (_, None | Some("dry_run")) => CallKind::Plan,
        _ => CallKind::Change,
    }
}

fn text_refusal(limit: u32) -> Refusal {
    Refusal::new(
        Code::BadArgument,
        format!("An argument holds a text of more than {limit} bytes; the operator allows no longer one."),
        "Give names, ids and short patterns; no tool needs a long text.",
    )
}

fn limits_refusal(limited: Limited, kind: CallKind) -> Refusal {
    match limited {
        Limited::Rate(wait) if kind == CallKind::Verify => Refusal::new(
            Code::RateLimited,
            "Secrets are not verified that often.",
            format!("Call again in {} s; one call verifies many secrets.", wait.as_secs() + 1),
        ),
        Limited::Rate(wait) => Refusal::new(
            Code::RateLimited,
            "Too many calls of this kind.",
            format!("Call again in {} s.", wait.as_secs() + 1),
        ),
        Limited::Busy => Refusal::new(
            Code::RateLimited,
            "BUSY: too many calls are waiting.",
            "Wait for the answers of earlier calls, then call again.",
        ),
    }
}

/// A panic becomes an error with a constant text; its message went to the log, without its values.
fn guarded<'a, T: Send + 'a>(
    answer: impl Future<Output = Result<T, ErrorData>> + Send + 'a,
) -> BoxFuture<'a, Result<T, ErrorData>> {
    Box::pin(AssertUnwindSafe(answer).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|_| Err(ErrorData::internal_error("The server failed; see its log.", None)))
    }))
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.shared.info.clone()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(self.listed().clone())
    }

    fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + Send + '_ {
        guarded(self.call(request, context))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list()).with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request.name, &request.arguments.unwrap_or_default(), &self.shared.door.redactor())
            .map(Into::into)
    }

    fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListResourcesResult, ErrorData>> + Send + '_ {
        guarded(async move {
            let caller = self.identity(&context)?.caller();
            resources::list(&*self.shared.door, &caller, page.and_then(|page| page.cursor).as_deref()).await
        })
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()).with_cache_scope(CacheScope::Private))
    }

    fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ReadResourceResponse, ErrorData>> + Send + '_ {
        guarded(async move {
            let caller = self.identity(&context)?.caller();
            resources::read(&*self.shared.door, &caller, &request.uri).await.map(Into::into)
        })
    }

    fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CompleteResult, ErrorData>> + Send + '_ {
        guarded(async move {
            let caller = self.identity(&context)?.caller();
            completion::complete(&*self.shared.door, &caller, &request).await
        })
    }
}
