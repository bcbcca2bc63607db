//! What happens while a page is loaded: its status, the errors of its scripts, the requests that failed.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::{reach::Reach, wire::Event};

/// How many errors and failed requests are kept, each.
const KEPT: usize = 20;
/// How long one may be, characters.
const LONGEST: usize = 300;

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Seen<'r> {
    reach: &'r Reach,
    /// Whose events count, and the main frame there.
    session: String,
    frame: String,
    /// Which load of the main frame counts.
    loader: String,
    /// The status of the document, when there was one.
    pub(super) status: Option<u16>,
    /// Everything that the document needs is there.
    pub(super) loaded: bool,
    /// Nothing was asked for during half a second.
    pub(super) quiet: bool,
    /// The page's process has ended.
    pub(super) crashed: bool,
    /// Errors that scripts made or told.
    pub(super) errors: Told,
    /// Requests without a good answer.
    pub(super) failed: Told,
    /// Hosts and ports that were asked for and are closed, each with the number of requests.
    pub(super) closed: BTreeMap<String, u64>,
    requests: BTreeMap<String, String>,
}

/// Things that pages told, of which the first are kept. Others wrote them.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) count: u64,
    pub(super) first: Vec<String>,
}

impl Told {
    fn add(&mut self, what: String) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(what.chars().take(LONGEST).collect());
        }
    }
}

impl<'r> Seen<'r> {
    pub(super) fn new(reach: &'r Reach, session: &str, frame: &str) -> Self {
        Self {
            reach,
            session: session.to_owned(),
            frame: frame.to_owned(),
            loader: String::new(),
            status: None,
            loaded: false,
            quiet: false,
            crashed: false,
            errors: Told::default(),
            failed: Told::default(),
            closed: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, event: &Event) {
        if event.session != self.session {
            return;
        }
        let params = &event.params;
        match event.method.as_str() {
            "Page.lifecycleEvent" if text(params, "/frameId") == self.frame => self.life(params),
            "Inspector.targetCrashed" => self.crashed = true,
            "Network.requestWillBeSent" => {
                let url = text(params, "/request/url");
                self.requests.insert(text(params, "/requestId").to_owned(), url.to_owned());
            }
            "Network.responseReceived" => self.answered(params),
            "Network.loadingFailed" if params.get("canceled") != Some(&Value::Bool(true)) => self.failed(params),
            "Runtime.consoleAPICalled" if matches!(text(params, "/type"), "error" | "assert") => {
                let arguments = params.get("args").and_then(Value::as_array).into_iter().flatten();
                self.errors.add(arguments.filter_map(shown).collect::<Vec<_>>().join(" "));
            }
            "Runtime.exceptionThrown" => {
                let thrown = text(params, "/exceptionDetails/exception/description");
                let thrown = if thrown.is_empty() { text(params, "/exceptionDetails/text") } else { thrown };
                self.errors.add(thrown.lines().next().unwrap_or_default().to_owned());
            }
            // Requests are counted by themselves.
            "Log.entryAdded"
                if text(params, "/entry/level") == "error" && text(params, "/entry/source") != "network" =>
            {
                self.errors.add(text(params, "/entry/text").to_owned());
            }
            _ => {}
        }
    }

    /// Another load of the main frame begins all over.
    fn life(&mut self, params: &Value) {
        let loader = text(params, "/loaderId");
        if loader != self.loader {
            (self.loaded, self.quiet) = (false, false);
            self.loader = loader.to_owned();
        }
        match text(params, "/name") {
            "load" => self.loaded = true,
            "networkIdle" => self.quiet = true,
            _ => {}
        }
    }

    fn answered(&mut self, params: &Value) {
        let status = params.pointer("/response/status").and_then(Value::as_u64);
        let Some(status) = status.and_then(|status| u16::try_from(status).ok()) else { return };
        let url = text(params, "/response/url");
        if text(params, "/type") == "Document" && text(params, "/frameId") == self.frame {
            self.status = Some(status);
        } else if status >= 400 && !is_icon(params, url) {
            self.failed.add(format!("HTTP {status}: {}", place(url)));
        }
    }

    fn failed(&mut self, params: &Value) {
        let url = self.requests.get(text(params, "/requestId")).cloned().unwrap_or_default();
        let closed = Url::parse(&url).ok().filter(|url| self.reach.closes(url));
        match closed.as_ref().and_then(Url::host_str) {
            Some(host) => {
                let port = closed.as_ref().and_then(Url::port).map_or(String::new(), |port| format!(":{port}"));
                *self.closed.entry(format!("{host}{port}").chars().take(LONGEST).collect()).or_default() += 1;
            }
            None if is_icon(params, &url) => {}
            None => self.failed.add(format!("{}: {}", reason(text(params, "/errorText")), place(&url))),
        }
    }
}

/// The icon that browsers ask for without being told.
fn is_icon(params: &Value, url: &str) -> bool {
    text(params, "/type") == "Other" && url.ends_with("/favicon.ico")
}

/// Host and path: queries hold what is nobody's business.
fn place(url: &str) -> String {
    Url::parse(url)
        .map_or_else(|_| "(no URL)".to_owned(), |url| format!("{}{}", url.host_str().unwrap_or_default(), url.path()))
}

/// What the browser's network says, in words.
pub(super) fn reason(error: &str) -> String {
    let name = error.strip_prefix("net::ERR_").unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        return "failed".to_owned();
    }
    name.to_ascii_lowercase().replace('_', " ")
}

/// An argument of the console, as it shows it.
fn shown(argument: &Value) -> Option<String> {
    match argument.get("value") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
        None => argument.get("description").and_then(Value::as_str).map(str::to_owned),
    }
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_words_are_ours() {
        assert_eq!(reason("net::ERR_CONNECTION_REFUSED"), "connection refused");
        assert_eq!(reason("net::ERR_<b>"), "failed");
        assert_eq!(place("https://a.example.org/x?token=hunter2#y"), "a.example.org/x");
    }
}
