//! Asking a human, through the client, to approve a plan.
//!
//! The question names the plan and says how to approve it where the model cannot reach. The answer is never the approval: when
//! the human says that it is done, the engine is called once more and looks for itself.

use std::time::{Duration, Instant};

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
        InputRequest, InputRequests, InputRequiredResult, InputResponses, ProtocolVersion, RequestStateCodec,
        SealOptions,
    },
    service::{ElicitationMode, RequestContext},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    door::Door,
    handler::{refused, result},
    nonces::Nonces,
};
use crate::{
    domain::{
        plan::PlanId,
        refusal::{Code, Refusal},
    },
    engine::{Caller, Reply},
    tools::Tool,
};

/// How long a question may stay open where the client holds it.
const STATE_LIVES: Duration = Duration::from_mins(5);
/// How long a call waits for an answer where the connection holds it: no call takes longer than 40 s.
const CALL_WAITS: Duration = Duration::from_secs(30);
/// The name of our only question.
const QUESTION: &str = "approval";

/// Asks, and keeps the seals of the open questions.
pub struct Asker {
    codec: RequestStateCodec,
    used: Nonces,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asker")
    }
}

/// What the client carries from the question to the answer. Readable for it, so there is nothing in it.
#[derive(Serialize, Deserialize)]
struct State {
    nonce: u128,
}

/// The execution of a plan, of which a question may come.
pub(crate) struct Execution {
    /// The plan.
    pub(crate) plan: PlanId,
    /// What the client sends with the second round of the call.
    pub(crate) responses: Option<InputResponses>,
    /// The state of the first round, with the second.
    pub(crate) state: Option<String>,
}

impl Asker {
    /// With a fresh key: an open question does not outlive the process.
    pub fn new() -> Result<Self, std::io::Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        let codec = RequestStateCodec::try_new(key).map_err(std::io::Error::other)?;
        Ok(Self { codec, used: Nonces::default() })
    }

    /// Calls the tool; where it is refused for want of an approval, and the client can ask its human, asks.
    pub(crate) async fn call(
        &self,
        door: &dyn Door,
        context: &RequestContext<RoleServer>,
        caller: Caller,
        tool: &Tool,
        arguments: Map<String, Value>,
        execution: Execution,
    ) -> Result<CallToolResponse, ErrorData> {
        let binding = binding(tool, &arguments, &caller);
        if let Some(state) = execution.state {
            self.open(&state, &binding)?;
            return Ok(match answer(execution.responses) {
                Some(ElicitationAction::Accept) => result(door.call(caller, tool.name, arguments).await.into_reply()),
                _ => result(refused(door, &unanswered())),
            }
            .into());
        }
        let reply = door.call(caller.clone(), tool.name, arguments.clone()).await.into_reply();
        if !wants_approval(&reply) {
            return Ok(result(reply).into());
        }
        let question = question(&execution.plan)?;
        if context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
            let form = context.client_capabilities().and_then(|can| can.elicitation);
            if form.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none()) {
                return self.seal(question, &binding).map(Into::into);
            }
        } else if context.peer.supported_elicitation_modes().contains(&ElicitationMode::Form) {
            let answer = context.peer.create_elicitation_with_timeout(question, Some(CALL_WAITS)).await;
            if answer.is_ok_and(|answer| answer.action == ElicitationAction::Accept) {
                return Ok(result(door.call(caller, tool.name, arguments).await.into_reply()).into());
            }
        }
        Ok(result(reply).into())
    }

    fn seal(&self, question: ElicitRequestParams, binding: &[u8]) -> Result<InputRequiredResult, ErrorData> {
        let options = SealOptions::new().associated_data(binding).ttl(STATE_LIVES);
        let sealed = self
            .codec
            .seal_json_with(&State { nonce: Uuid::new_v4().as_u128() }, &options)
            .map_err(|_| ErrorData::internal_error("The question could not be sealed.", None))?;
        let request = InputRequest::Elicitation(ElicitRequest::new(question));
        let requests: InputRequests = [(QUESTION.to_owned(), request)].into();
        Ok(InputRequiredResult::new(Some(requests), Some(sealed)))
    }

    /// A state is good once, for five minutes, for the same tool, arguments and principal.
    fn open(&self, state: &str, binding: &[u8]) -> Result<(), ErrorData> {
        let refused =
            || ErrorData::invalid_params("The requestState is not one of this call, or was used already.", None);
        let state: State = self.codec.open_json_with(state, binding).map_err(|_| refused())?;
        if self.used.first_use(state.nonce, Instant::now(), STATE_LIVES) { Ok(()) } else { Err(refused()) }
    }
}

/// The plan whose execution is asked for.
pub(crate) fn plan_to_execute(arguments: &Map<String, Value>) -> Option<PlanId> {
    if arguments.get("mode").and_then(Value::as_str) != Some("execute") {
        return None;
    }
    arguments.values().filter_map(Value::as_str).find_map(|text| text.parse().ok())
}

/// What a question is bound to: tool, arguments and principal.
fn binding(tool: &Tool, arguments: &Map<String, Value>, caller: &Caller) -> Vec<u8> {
    let bound = json!([tool.name, arguments, caller.principal]);
    let canonical = serde_json_canonicalizer::to_vec(&bound).unwrap_or_default();
    Sha256::digest(&canonical).to_vec()
}

fn wants_approval(reply: &Reply) -> bool {
    reply.is_error && reply.structured.pointer("/error/code").and_then(Value::as_str) == Some("APPROVAL_REQUIRED")
}

fn question(plan: &PlanId) -> Result<ElicitRequestParams, ErrorData> {
    let schema = json!({
        "type": "object",
        "properties": {"approved_in_terminal": {
            "type": "boolean",
            "title": "I have approved the plan in a terminal",
            "description": "This answer approves nothing; the server looks for the approval itself.",
        }},
    });
    let requested_schema: ElicitationSchema = serde_json::from_value(schema)
        .map_err(|_| ErrorData::internal_error("The question could not be written.", None))?;
    let message = format!(
        "Plan {plan} waits for your approval. Read and approve it outside of this chat, in a terminal on the server: \
         deploy-ops approve {plan}. Then accept here, and the execution is tried once more. Decline to leave it."
    );
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

fn answer(responses: Option<InputResponses>) -> Option<ElicitationAction> {
    let answer = responses?.remove(QUESTION)?;
    serde_json::from_value::<ElicitResult>(answer).ok().map(|answer| answer.action)
}

fn unanswered() -> Refusal {
    Refusal::new(
        Code::ApprovalRequired,
        "The human did not say that the plan is approved.",
        "Ask them to run deploy-ops approve with the plan's id in a terminal, then call again.",
    )
}
