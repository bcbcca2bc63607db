//! Tools of the tasks extension.

#![allow(clippy::wildcard_imports)]

use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::*,
    service::RequestContext,
    task_manager::{TaskContext, TaskExit, TaskFuture, TaskManager, TaskOptions},
};
use serde_json::Value;

use crate::{
    content::{fails, question, says},
    rounds::{Rounds, answered, text_at},
};

#[derive(Clone, Default)]
pub(crate) struct Jobs {
    pub(crate) manager: TaskManager,
}

/// How long a job without a length of its own takes.
const SHORT: Duration = Duration::from_millis(200);

impl Jobs {
    pub(crate) const NAMES: &'static [&'static str] = &[
        "greet",
        "slow_compute",
        "failing_job",
        "protocol_error_job",
        "confirm_delete",
        "multi_input",
        "test_tool_with_task",
    ];

    pub(crate) async fn call(
        &self,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tasks = context.client_capabilities().is_some_and(|can| can.supports_tasks());
        let arguments = request.arguments.clone().unwrap_or_default();
        let needs_tasks = ["failing_job", "confirm_delete", "multi_input", "test_tool_with_task"];
        if !tasks && needs_tasks.contains(&&*request.name) {
            let wanted = ClientCapabilities::builder().enable_tasks().build();
            return Err(ErrorData::missing_required_client_capability(wanted));
        }
        Ok(match &*request.name {
            "greet" => {
                let name = arguments.get("name").and_then(Value::as_str).unwrap_or("friend");
                says(format!("Hello, {name}!")).into()
            }
            "slow_compute" => {
                let length = arguments.get("seconds").and_then(Value::as_f64).unwrap_or(1.0);
                let length = Duration::try_from_secs_f64(length).unwrap_or(SHORT);
                if !tasks {
                    tokio::time::sleep(length).await;
                    return Ok(says("slow_compute done").into());
                }
                self.start(move |task| {
                    Box::pin(async move {
                        tokio::select! {
                            () = task.cancelled() => Err(TaskExit::Cancelled),
                            () = tokio::time::sleep(length) => Ok(says("slow_compute done")),
                        }
                    })
                })
            }
            "failing_job" => self.start(|_| {
                Box::pin(async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Ok(fails("failing_job failed"))
                })
            }),
            "protocol_error_job" => {
                let error = ErrorData::internal_error("protocol_error_job", None);
                if !tasks {
                    return Err(error);
                }
                self.start(move |_| {
                    Box::pin(async move {
                        tokio::time::sleep(SHORT).await;
                        Err(TaskExit::Error(error))
                    })
                })
            }
            "confirm_delete" => {
                let question = question("Delete it?", "confirm", "boolean")?;
                self.start(move |task| {
                    Box::pin(async move {
                        let answer = task.request_input("confirm", question).await?;
                        Ok(says(format!("confirmed = {}", answer.pointer("/content/confirm").unwrap_or(&Value::Null))))
                    })
                })
            }
            "multi_input" => {
                let (a, b) = (question("Input A", "value", "string")?, question("Input B", "value", "string")?);
                self.start(move |task| {
                    Box::pin(async move {
                        let (a, b) = tokio::join!(task.request_input("input-a", a), task.request_input("input-b", b));
                        Ok(says(format!("{} {}", a?, b?)))
                    })
                })
            }
            _ => match answered(request.input_responses.as_ref(), "user_name") {
                None => Rounds::ask([("user_name", question("What is your name?", "name", "string")?)], None),
                Some(user) => {
                    let greeting = format!("Hello, {}! (async)", text_at(user, "/content/name"));
                    self.start(move |_| {
                        Box::pin(async move {
                            tokio::time::sleep(SHORT).await;
                            Ok(says(greeting))
                        })
                    })
                }
            },
        })
    }

    fn start(&self, job: impl FnOnce(TaskContext) -> TaskFuture + Send + 'static) -> CallToolResponse {
        CreateTaskResult::new(self.manager.spawn(TaskOptions::default(), job)).into()
    }
}
