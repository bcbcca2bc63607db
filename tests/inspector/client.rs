//! The MCP Inspector on its command line, and the server that it talks to.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use serde_json::Value;

use super::guestbook::Guestbook;

/// How the Inspector reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Stdio,
    Http,
    Sse,
}

/// An Inspector, used as a script uses it: one process for each request.
pub(super) struct Inspector<'a> {
    book: &'a Guestbook,
    target: Vec<String>,
    server: Option<HttpServer>,
    /// All that came out of the Inspector.
    heard: RefCell<String>,
}

/// What one request gave.
#[derive(Debug)]
pub(super) struct Answer {
    /// The Inspector's exit code.
    pub(super) code: i32,
    /// `result`, or the error.
    pub(super) json: Value,
}

impl Answer {
    /// A text of a tool's structured result, by JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.json["structuredContent"].pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

impl<'a> Inspector<'a> {
    pub(super) fn new(book: &'a Guestbook, transport: Transport) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let heard = RefCell::default();
        if transport == Transport::Stdio {
            let mut target = words(&[env!("CARGO_BIN_EXE_deploy-ops"), "serve"]);
            for (name, value) in book.variables() {
                target.extend(["-e".to_owned(), format!("{name}={value}")]);
            }
            return Self { book, target, server: None, heard };
        }
        let server = HttpServer::start(book);
        let (path, name) = if transport == Transport::Http { ("mcp", "http") } else { ("sse", "sse") };
        let url = format!("{}/{path}", server.base);
        let header = format!("Authorization: Bearer {}", book.token);
        let target = words(&[&url, "--transport", name, "--header", &header]);
        Self { book, target, server: Some(server), heard }
    }

    /// One request.
    pub(super) fn ask(&self, arguments: &[&str]) -> Answer {
        let target: Vec<&str> = self.target.iter().map(String::as_str).collect();
        self.ask_at(&target, arguments)
    }

    /// One request of somebody without a token.
    pub(super) fn ask_without_token(&self, arguments: &[&str]) -> Answer {
        let target: Vec<&str> = self.target.iter().map(String::as_str).take(3).collect();
        self.ask_at(&target, arguments)
    }

    fn ask_at(&self, target: &[&str], arguments: &[&str]) -> Answer {
        let home = self.book.path("home");
        let output = Command::new(given("DEPLOY_OPS_TEST_NODE"))
            .arg(given("DEPLOY_OPS_TEST_TOOLS").join("node_modules/.bin/mcp-inspector"))
            .arg("--cli")
            .args(target)
            .args(arguments)
            .args(["--format", "json"])
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("MCP_INSPECTOR_SECRET_STORE", "memory")])
            .env("HOME", &home)
            .current_dir(&home)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        self.heard.borrow_mut().push_str(&format!("{out}{err}"));
        let last = |text: &str| text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let json = match last(&out) {
            Some(mut answer) => answer["result"].take(),
            None => last(&err).map(|mut answer| answer["error"].take()).unwrap_or_default(),
        };
        let code = output.status.code().unwrap_or_else(|| panic!("the Inspector was killed: {err}"));
        assert!(!json.is_null(), "{arguments:?} gave no JSON: code {code}\n{out}{err}");
        Answer { code, json }
    }

    /// Calls a tool.
    pub(super) fn call(&self, tool: &str, arguments: Value) -> Answer {
        let arguments = arguments.to_string();
        self.ask(&["--method", "tools/call", "--tool-name", tool, "--tool-args-json", &arguments])
    }

    /// Reads a resource.
    pub(super) fn read(&self, uri: &str) -> String {
        let answer = self.ask(&["--method", "resources/read", "--uri", uri]);
        assert_eq!(answer.code, 0, "{uri}: {}", answer.json);
        answer.json.pointer("/contents/0/text").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Ends the server; all that came out of it and of the Inspector.
    pub(super) fn end(self) -> String {
        let log = self.server.map(HttpServer::stop).unwrap_or_default();
        self.heard.into_inner() + &log
    }
}

/// A path that `tests/run` gives.
fn given(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from).unwrap_or_default();
    assert!(
        path.exists(),
        "{variable} names nothing that exists: run `tests/run inspector`, or `tests/run --setup`, which installs Node.js and the MCP \
         Inspector below target/test-tools"
    );
    path
}

/// `deploy-ops serve --http`, on a port of its own.
struct HttpServer {
    child: Child,
    base: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl HttpServer {
    fn start(book: &Guestbook) -> Self {
        let mut command = book.deploy_ops();
        command.args(["serve", "--http", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let base = loop {
            // The pipe closes when the server ends, so this does too.
            let line = lines.next().unwrap_or_else(|| panic!("the server ended: {log}")).unwrap();
            log.push_str(&line);
            log.push('\n');
            if let Some((url, _)) = line.split_once("http://").and_then(|(_, rest)| rest.split_once("/mcp")) {
                break format!("http://{url}");
            }
        };
        let log = Arc::new(Mutex::new(log));
        let all = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = all.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, base, log, reader: Some(reader) }
    }

    /// As an operator does: SIGTERM, and the server ends by itself.
    fn stop(mut self) -> String {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let log = self.log.lock().unwrap().clone();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
