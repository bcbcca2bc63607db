//! A real MCP client, talking over stdio to a real server process.

use std::{io, path::Path};

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult},
    service::RunningService,
    transport::TokioChildProcess,
};
use serde_json::Value;
use tokio::process::Command;

/// A chat client with its server.
pub(super) struct Client {
    connection: RunningService<RoleClient, ()>,
    server: u32,
}

/// What a tool answered.
pub(super) struct Answer {
    /// The text that a model reads.
    pub(super) text: String,
    /// The structured form.
    pub(super) structured: Value,
    /// Whether it was refused.
    pub(super) is_error: bool,
    /// Everything that came over the wire.
    pub(super) raw: String,
}

impl Answer {
    /// A value of the structured form, by JSON pointer.
    pub(super) fn get(&self, pointer: &str) -> &str {
        self.structured.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
    /// The code of a refusal.
    pub(super) fn code(&self) -> &str {
        self.get("/error/code")
    }
}

impl Client {
    /// Starts a server and connects.
    #[expect(clippy::disallowed_methods, reason = "the demo plays the client, which starts its server")]
    pub(super) async fn start(program: &Path, config: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve").arg("--config").arg(config);
        let (transport, _) = TokioChildProcess::builder(command).stderr(std::process::Stdio::null()).spawn()?;
        let server = transport.id().ok_or_else(|| io::Error::other("the server ended at once"))?;
        let connection = ().serve(transport).await.map_err(|_| io::Error::other("the server did not answer"))?;
        Ok(Self { connection, server })
    }

    /// Calls a tool.
    pub(super) async fn call(&self, tool: &'static str, arguments: Value) -> io::Result<Answer> {
        let arguments = match arguments {
            Value::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        let call = CallToolRequestParams::new(tool).with_arguments(arguments);
        let result = self.connection.call_tool(call).await;
        let result: CallToolResult = result.map_err(|_| io::Error::other(format!("{tool} was not answered")))?;
        let text = result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str());
        Ok(Answer {
            text: text.collect::<Vec<_>>().join("\n"),
            raw: serde_json::to_string(&result).unwrap_or_default(),
            structured: result.structured_content.unwrap_or_default(),
            is_error: result.is_error.unwrap_or_default(),
        })
    }

    /// kill -9 of the server.
    pub(super) async fn kill(self) -> io::Result<()> {
        let pid = i32::try_from(self.server).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the server has no process id"))?;
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        // The connection notices by itself.
        let _ = self.connection.waiting().await;
        Ok(())
    }

    /// Hangs up.
    pub(super) async fn stop(self) {
        let _ = self.connection.cancel().await;
    }
}
