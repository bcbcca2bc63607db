//! Tools that need more than one round (2026-07-28).

#![allow(deprecated, clippy::wildcard_imports)]

use rmcp::{ErrorData, RoleServer, model::*, service::RequestContext};
use serde_json::{Value, json};

use crate::content::{question, says};

#[derive(Clone)]
pub(crate) struct Rounds {
    codec: RequestStateCodec,
}

/// What the client answered to one question.
pub(crate) fn answered<'a>(responses: Option<&'a InputResponses>, question: &str) -> Option<&'a Value> {
    responses?.get(question)
}

impl Rounds {
    pub(crate) const PREFIX: &'static str = "test_input_required_result_";
    pub(crate) const NAMES: &'static [&'static str] = &[
        "elicitation",
        "sampling",
        "list_roots",
        "request_state",
        "multiple_inputs",
        "multi_round",
        "tampered_state",
        "capabilities",
    ];

    pub(crate) fn new() -> Result<Self, std::io::Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        Ok(Self { codec: RequestStateCodec::try_new(key).map_err(std::io::Error::other)? })
    }

    pub(crate) fn required<const N: usize>(
        questions: [(&str, InputRequest); N],
        state: Option<String>,
    ) -> InputRequiredResult {
        let questions = questions.into_iter().map(|(name, question)| (name.to_owned(), question)).collect();
        InputRequiredResult::new(Some(questions), state)
    }

    pub(crate) fn ask<const N: usize>(questions: [(&str, InputRequest); N], state: Option<String>) -> CallToolResponse {
        Self::required(questions, state).into()
    }

    pub(crate) fn call(
        &self,
        tool: &str,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let responses = request.input_responses.as_ref();
        let state = request.request_state.as_deref().map(|state| self.open(state)).transpose()?;
        let answer = |name: &str| answered(responses, name);
        let name = || question("What is your name?", "name", "string");
        Ok(match tool {
            "elicitation" => match answer("user_name") {
                Some(user) => says(format!("Hello, {}!", text_at(user, "/content/name"))).into(),
                None => Self::ask([("user_name", name()?)], None),
            },
            "sampling" => match answer("capital_question") {
                Some(said) => says(said.to_string()).into(),
                None => Self::ask([("capital_question", sample("What is the capital of France?"))], None),
            },
            "list_roots" => match answer("client_roots") {
                Some(roots) => says(roots.to_string()).into(),
                None => Self::ask([("client_roots", roots())], None),
            },
            "request_state" | "tampered_state" => {
                if state.is_some() {
                    says("Confirmed: state-ok").into()
                } else {
                    let state = self.seal(json!({"stage": "confirm"}))?;
                    Self::ask([("confirm", question("Please confirm", "ok", "boolean")?)], Some(state))
                }
            }
            "multiple_inputs" => {
                let all = ["user_name", "greeting", "client_roots"].iter().all(|name| answer(name).is_some());
                if state.is_some() && all {
                    return Ok(says("All inputs received").into());
                }
                let questions =
                    [("user_name", name()?), ("greeting", sample("Generate a greeting")), ("client_roots", roots())];
                Self::ask(questions, Some(self.seal(json!({"stage": "gather"}))?))
            }
            "multi_round" => match state.and_then(|state| state.get("round").and_then(Value::as_u64)) {
                None => self.round(1, question("Step 1: your name?", "name", "string")?)?,
                Some(1) => self.round(2, question("Step 2: your color?", "color", "string")?)?,
                Some(_) => says("Both steps are done").into(),
            },
            "capabilities" if responses.is_none() => {
                let can = context.meta.client_capabilities().unwrap_or_default();
                let mut questions = InputRequests::new();
                if can.elicitation.is_some() {
                    questions.insert("user_name".to_owned(), name()?);
                }
                if can.sampling.is_some() {
                    questions.insert("greeting".to_owned(), sample("Generate a greeting"));
                }
                if can.roots.is_some() {
                    questions.insert("client_roots".to_owned(), roots());
                }
                if questions.is_empty() {
                    says("nothing to ask").into()
                } else {
                    InputRequiredResult::new(Some(questions), None).into()
                }
            }
            "capabilities" => says("done").into(),
            _ => return Err(ErrorData::invalid_params("Unknown tool", None)),
        })
    }

    fn round(&self, number: u64, question: InputRequest) -> Result<CallToolResponse, ErrorData> {
        let state = self.seal(json!({ "round": number }))?;
        let name = if number == 1 { "step1" } else { "step2" };
        Ok(Self::ask([(name, question)], Some(state)))
    }

    fn seal(&self, state: Value) -> Result<String, ErrorData> {
        self.codec.seal_json(&state).map_err(|_| ErrorData::internal_error("seal", None))
    }

    fn open(&self, state: &str) -> Result<Value, ErrorData> {
        self.codec.open_json(state).map_err(|_| ErrorData::invalid_params("requestState failed verification", None))
    }
}

fn sample(prompt: &str) -> InputRequest {
    let params = CreateMessageRequestParams::new(vec![SamplingMessage::user_text(prompt)], 100);
    InputRequest::CreateMessage(CreateMessageRequest::new(params))
}

fn roots() -> InputRequest {
    InputRequest::ListRoots(ListRootsRequest::default())
}

pub(crate) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("friend")
}
