//! The real binary behind a real MCP connection, with the demo's sandbox as its world.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use deploy_ops_mcp::{
    demo::sandbox::{Approvals, Sandbox},
    engine::{Engine, NoHooks},
};
use rmcp::{
    RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CompletionContext, GetPromptRequestParams, Prompt, ReadResourceRequestParams,
        ResourceContents, Tool,
    },
    service::RunningService,
    transport::TokioChildProcess,
};
use serde_json::{Map, Value, json};
use tokio::{io::AsyncReadExt, process::Command};

use super::{
    sandbox::git,
    stage::{self, program},
    terminal,
};

/// Limits that no test reaches by accident.
const LIMITS: &str = "\n[limits]\ncalls_per_minute = 100000\nplans_per_hour = 10000\nchanges_per_hour = 10000\n\
                      verifies_per_minute = 1000\n\
                      [redaction]\nsession_stop_hits = 10000\n";

/// A sandbox with its configuration.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    _directory: tempfile::TempDir,
}

impl House {
    /// A production house: plans need an approval.
    pub(crate) async fn production() -> Self {
        Self::new(Approvals::Needed).await
    }

    /// A house where one person plays alone.
    pub(crate) async fn staging() -> Self {
        Self::new(Approvals::NotNeeded).await
    }

    async fn new(approvals: Approvals) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::build(directory.path(), program(), approvals).await.unwrap();
        let house = Self { sandbox, _directory: directory };
        house.configure(|text| format!("{text}{LIMITS}"));
        house
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.sandbox.directory.join(below)
    }

    /// Changes the configuration.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(&self.sandbox.config).unwrap();
        std::fs::write(&self.sandbox.config, change(text)).unwrap();
    }

    /// Commits executable scripts and tags the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)], tag: &str) {
        use std::os::unix::fs::PermissionsExt;
        let repository = self.path("repository");
        for (name, text) in files {
            std::fs::create_dir_all(repository.join(name).parent().unwrap()).unwrap();
            std::fs::write(repository.join(name), text).unwrap();
            std::fs::set_permissions(repository.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "--allow-empty", "-m", tag]);
        git(&repository, &["tag", "-a", "-m", tag, tag]);
    }

    /// A service `name` whose deployment script is `script`, with more keys below it.
    pub(crate) fn add_script_service(&self, name: &str, script: &str, timeout_s: u32, more: &str) {
        std::fs::create_dir_all(self.path("srv").join(name)).unwrap();
        let repository = self.path("repository").display().to_string();
        self.configure(|text| {
            format!(
                "{text}\n[services.{name}]\nrepository = \"{repository}\"\n{more}\n\
                 [services.{name}.deploy]\nkind = \"script\"\n\
                 script = {{ path = \"{script}\", timeout_s = {timeout_s} }}\ndry_run_argument = \"--dry-run\"\n\
                 rollback = {{ path = \"deployment-scripts/rollback-forum.sh\", timeout_s = 30 }}\n\
                 [services.{name}.targets.production]\nhost = \"here\"\nroot = \"{name}\"\n"
            )
        });
    }

    /// What the operator types at a terminal, and what comes of it; see [`terminal::talk`].
    pub(crate) fn talk(&self, arguments: &[&str], talk: &[(&str, &str)]) -> (i32, String) {
        terminal::talk(&self.sandbox.directory, arguments, talk)
    }

    /// An operator's way in.
    pub(crate) fn operator(&self) -> Engine {
        stage::engine(&self.sandbox.config, Arc::new(NoHooks), true)
    }

    pub(crate) async fn approve(&self, plan: &str) {
        stage::approve(&self.operator(), plan).await;
    }

    pub(crate) async fn server(&self) -> Client {
        self.server_with(&[]).await
    }

    pub(crate) async fn server_with(&self, arguments: &[&str]) -> Client {
        let mut command = Command::new(program());
        command.arg("serve").arg("--config").arg(&self.sandbox.config).args(arguments);
        Client::start(command).await
    }

    /// Every file below the targets, the repository and the secrets, with its contents: what a refused call must not touch.
    pub(crate) fn digest(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for part in ["srv", "repository", "secrets", "log", "deploy-ops.toml"] {
            collect(&self.path(part), &mut found);
        }
        found
    }
}

/// Every file below a path.
pub(crate) fn collect(path: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(kind) = std::fs::symlink_metadata(path) else { return };
    if kind.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
    } else if kind.is_symlink() {
        found.insert(path.to_owned(), std::fs::read_link(path).unwrap().display().to_string().into_bytes());
    } else if let Ok(bytes) = std::fs::read(path) {
        found.insert(path.to_owned(), bytes);
    }
}

/// A client with the server that it started.
pub(crate) struct Client {
    connection: RunningService<RoleClient, ()>,
    pub(crate) server: u32,
    pub(crate) tools: Vec<Tool>,
    log: Arc<Mutex<Vec<u8>>>,
}

/// What a tool answered.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) structured: Value,
    pub(crate) is_error: bool,
    /// Everything that came over the wire.
    pub(crate) raw: String,
}

impl Answer {
    pub(crate) fn get(&self, pointer: &str) -> &str {
        self.structured.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> &str {
        self.get("/error/code")
    }

    pub(crate) fn status(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The codes of the blockers of a dry run.
    pub(crate) fn blockers(&self) -> Vec<&str> {
        let blockers = self.structured.pointer("/operation/blockers").and_then(Value::as_array);
        blockers.into_iter().flatten().filter_map(|blocker| blocker["code"].as_str()).collect()
    }
}

impl Client {
    pub(crate) async fn start(mut command: Command) -> Self {
        command.kill_on_drop(true);
        let (transport, stderr) =
            TokioChildProcess::builder(command).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let server = transport.id().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut stderr) = stderr {
            let log = log.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                    log.lock().unwrap().extend_from_slice(&buffer[..count]);
                }
            });
        }
        let connection = ().serve(transport).await.unwrap();
        let tools = connection.list_all_tools().await.unwrap();
        Self { connection, server, tools, log }
    }

    /// Ends the server, and waits until it has.
    pub(crate) async fn end(self) {
        let _ = self.connection.cancel().await;
        let server = PathBuf::from(format!("/proc/{}", self.server));
        super::wait::until(|| (!server.exists()).then_some(())).await;
    }

    /// The most memory that the server has held so far, KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// What the server has written to its log.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    /// A call whose answer keeps the contract of every tool.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let answer = self.try_call(tool, arguments).await.unwrap_or_else(|error| panic!("{tool}: {error}"));
        self.check(tool, &answer);
        answer
    }

    /// A call that may be answered by a protocol error.
    pub(crate) async fn try_call(&self, tool: &str, arguments: Value) -> Result<Answer, String> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self.connection.call_tool(call).await.map_err(|error| error.to_string())?;
        let texts = result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str());
        Ok(Answer {
            text: texts.collect::<Vec<_>>().join("\n"),
            raw: serde_json::to_string(&result).unwrap(),
            structured: result.structured_content.unwrap_or_default(),
            is_error: result.is_error.unwrap_or_default(),
        })
    }

    /// The text of a resource.
    pub(crate) async fn read(&self, uri: &str) -> String {
        self.try_read(uri).await.unwrap_or_else(|error| panic!("{uri}: {error}"))
    }

    /// The text of a resource, or its bytes in base64.
    pub(crate) async fn try_read(&self, uri: &str) -> Result<String, String> {
        let read = self.connection.read_resource(ReadResourceRequestParams::new(uri)).await;
        let read = read.map_err(|error| error.to_string())?;
        match read.contents.into_iter().next() {
            Some(ResourceContents::TextResourceContents { text, .. }) => Ok(text),
            Some(ResourceContents::BlobResourceContents { blob, .. }) => Ok(blob),
            _ => Err("nothing is in it".to_owned()),
        }
    }

    /// The prompts with the arguments that each wants.
    pub(crate) async fn prompts(&self) -> Vec<(String, Vec<String>)> {
        let prompts = self.connection.list_all_prompts().await.unwrap();
        let wanted = |prompt: Prompt| {
            let arguments = prompt.arguments.unwrap_or_default().into_iter();
            let required = arguments.filter(|argument| argument.required == Some(true)).map(|argument| argument.name);
            (prompt.name, required.collect())
        };
        prompts.into_iter().map(wanted).collect()
    }

    /// The text of a prompt.
    pub(crate) async fn prompt(&self, name: &str, arguments: Map<String, Value>) -> String {
        let request = GetPromptRequestParams::new(name).with_arguments(arguments);
        let prompt = self.connection.get_prompt(request).await.unwrap();
        serde_json::to_string(&prompt.messages).unwrap()
    }

    /// What an argument of a prompt is completed with, when `service` is given already.
    pub(crate) async fn complete(
        &self,
        prompt: &str,
        argument: &str,
        begin: &str,
        service: Option<&str>,
    ) -> Vec<String> {
        let given = service.map(|service| [("service".to_owned(), service.to_owned())].into_iter().collect());
        let context = given.map(CompletionContext::with_arguments);
        self.connection.complete_prompt_argument(prompt, argument, begin, context).await.unwrap().values
    }

    /// What the id in an address is completed with.
    pub(crate) async fn complete_address(&self, template: &str) -> Vec<String> {
        self.connection.complete_resource_argument(template, "id", "", None).await.unwrap().values
    }

    /// A dry run that makes a plan.
    pub(crate) async fn plan(&self, service: &str, version: &str) -> String {
        let arguments = json!({ "service": service, "version": version, "wait_s": 40 });
        let answer = self.call("deploy_service", arguments).await;
        let plan = answer.get("/plan/id").to_owned();
        assert!(!plan.is_empty(), "{}", answer.text);
        plan
    }

    /// A dry run that makes a plan, where calls do not wait for one.
    pub(crate) async fn plan_in_the_end(&self, service: &str, version: &str) -> String {
        let begun = self.call("deploy_service", json!({ "service": service, "version": version })).await;
        let operation = begun.get("/operation/id");
        assert_eq!(self.ended(operation).await, "succeeded", "{}", begun.text);
        let status = self.call("operation_status", json!({ "operation": operation })).await;
        status.get("/detail/plan/id").to_owned()
    }

    /// The state in which an operation ends.
    pub(crate) async fn ended(&self, operation: &str) -> String {
        self.until(operation, |state| !matches!(state, "running" | "rolling_back")).await
    }

    /// The state of an operation, when it is the wanted one.
    pub(crate) async fn until(&self, operation: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let answer = self.call("operation_status", json!({ "operation": operation, "wait_s": 1 })).await;
            let state = answer.get("/detail/operation/state");
            if wanted(state) {
                return state.to_owned();
            }
            assert!(tokio::time::Instant::now() < end, "{}", answer.text);
        }
    }

    pub(crate) async fn execute(&self, tool: &str, plan: &str) -> Answer {
        self.call(tool, json!({ "mode": "execute", "plan": plan, "wait_s": 40 })).await
    }

    /// structuredContent fits the outputSchema; the text holds the same facts; `next` can be called.
    fn check(&self, tool: &str, answer: &Answer) {
        let structured = &answer.structured;
        if answer.is_error {
            let (code, fix) = (answer.code(), answer.get("/error/fix"));
            assert!(!code.is_empty() && !fix.is_empty(), "{tool}: {structured}");
            assert!(answer.status().starts_with(&format!("{code}: ")), "{tool}: {}", answer.status());
        } else if let Some(described) = self.tools.iter().find(|described| described.name == tool) {
            let schema = Value::Object((**described.output_schema.as_ref().unwrap()).clone());
            let validator = jsonschema::validator_for(&schema).unwrap();
            if let Err(error) = validator.validate(structured) {
                panic!("{tool}: {error} at {} in {structured}", error.instance_path());
            }
            for key in structured.as_object().unwrap().keys() {
                assert!(schema["properties"].get(key).is_some(), "{tool}: {key} is not described");
            }
        }
        let mut leaves = Vec::new();
        leaves_of(structured, &mut leaves);
        for leaf in leaves {
            assert!(answer.text.contains(leaf.trim_end()), "{tool}: {leaf:?} is not in the text:\n{}", answer.text);
        }
        let next = [structured.pointer("/next"), structured.pointer("/error/next")];
        for call in next.into_iter().flatten().filter_map(Value::as_array).flatten() {
            let wanted = call["tool"].as_str().unwrap();
            let Some(described) = self.tools.iter().find(|described| described.name == wanted) else {
                panic!("{tool} leads to {wanted}, which is not offered")
            };
            let schema = Value::Object((*described.input_schema).clone());
            let arguments = call.get("arguments").cloned().unwrap_or_else(|| json!({}));
            assert!(jsonschema::is_valid(&schema, &arguments), "{tool} leads to {wanted} {arguments}");
        }
    }
}

fn leaves_of(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| leaves_of(value, leaves)),
        Value::Array(items) => items.iter().for_each(|value| leaves_of(value, leaves)),
        Value::String(text) => leaves.push(text.clone()),
        Value::Number(number) => leaves.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}
