//! `[server]`

use std::net::SocketAddr;

use crate::config::raw::{Item, Section};

const KEYS: &[&str] = &["http", "allowed_hosts", "allowed_origins", "toolsets", "tools", "exclude_tools", "read_only"];

/// The groups of tools that can be switched on and off.
const TOOLSETS: &[&str] = &["deploy", "inspect", "quality", "github", "research", "report"];

/// How the server is reached, and which tools it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// The loopback address of HTTP; none means stdio only.
    pub http: Option<SocketAddr>,
    /// Values of the Host header that are accepted besides the address itself.
    pub allowed_hosts: Vec<String>,
    /// Values of the Origin header that are accepted, for clients in a browser.
    pub allowed_origins: Vec<String>,
    /// The groups of tools that are shown; none means all.
    pub toolsets: Option<Vec<String>>,
    /// Single tools that are shown besides those of `toolsets`.
    pub tools: Vec<String>,
    /// Single tools that are not shown; they win over the two lists above.
    pub exclude_tools: Vec<String>,
    /// Whether every tool that can change something is refused.
    pub read_only: bool,
}

pub(super) fn read(file: &Section<'_>) -> ServerSettings {
    let Some(section) = file.optional("server").and_then(|item| item.section(KEYS)) else {
        return ServerSettings::default();
    };
    let texts = |key, read: fn(&Item<'_>) -> Option<String>| section.list(key).iter().filter_map(read).collect();
    ServerSettings {
        http: section.optional("http").and_then(|item| loopback(&item)),
        allowed_hosts: texts("allowed_hosts", host),
        allowed_origins: texts("allowed_origins", origin),
        toolsets: section.optional("toolsets").map(|list| list.list().iter().filter_map(toolset).collect()),
        tools: texts("tools", tool),
        exclude_tools: texts("exclude_tools", tool),
        read_only: section.boolean("read_only", false),
    }
}

fn loopback(item: &Item<'_>) -> Option<SocketAddr> {
    let Ok(address) = item.text()?.parse::<SocketAddr>() else {
        item.error("is not an address with a port", "write it as 127.0.0.1:8787");
        return None;
    };
    if !address.ip().is_loopback() {
        item.error(
            "would be reachable from other machines",
            "bind to 127.0.0.1 or [::1] and put an SSH tunnel or a reverse proxy with TLS in front",
        );
        return None;
    }
    Some(address)
}

/// A host with or without a port, as the Host header has it.
fn host(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    if !ok {
        item.error("is not a host", "write it as ops.example.org or localhost:8787, without a scheme");
    }
    ok.then(|| text.to_owned())
}

/// A scheme, a host and a port, as the Origin header has them.
fn origin(item: &Item<'_>) -> Option<String> {
    let url = item.web_url()?;
    if url.path() != "/" {
        item.error("is not an origin", "end it after the host or port, as https://ops.example.org");
        return None;
    }
    Some(url.origin().ascii_serialization())
}

fn toolset(item: &Item<'_>) -> Option<String> {
    let choices: Vec<(&str, &str)> = TOOLSETS.iter().map(|name| (*name, *name)).collect();
    item.choice(&choices).map(str::to_owned)
}

/// The shape of a tool's name; whether there is such a tool is for the server to say.
fn tool(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if !ok {
        item.error("is not the name of a tool", "write it as deploy-ops schema shows it, for example deploy_service");
    }
    ok.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[server]
http = "0.0.0.0:80""#,
                2,
                "server.http: would be reachable from other machines",
                "bind to",
            ),
            (
                r#"[server]
http = "localhost""#,
                2,
                "server.http: is not an address with a port",
                "write it as",
            ),
            (
                r#"[server]
http = "127.0.0.1:8787""#,
                1,
                "server.http is given, but no token",
                "add [[tokens]]",
            ),
            (
                r#"[server]
allowed_hosts = ["https://x"]"#,
                2,
                "server.allowed_hosts: is not a host",
                "write it as",
            ),
            (
                r#"[server]
allowed_origins = ["https://x/y"]"#,
                2,
                "server.allowed_origins: is not an origin",
                "end it",
            ),
            (
                r#"[server]
toolsets = ["deployment"]"#,
                2,
                "server.toolsets: is not one of the words",
                "write one of: deploy",
            ),
            (
                r#"[server]
tools = ["--x"]"#,
                2,
                "server.tools: is not the name of a tool",
                "write it as",
            ),
            (
                r#"[server]
read_only = "yes""#,
                2,
                "server.read_only: must be true or false, not a text",
                "write true",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }
}
