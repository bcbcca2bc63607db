//! The options that we honour, and those that we must not pass over.

use std::path::Path;

use super::{
    Remark, Severity,
    tokens::{Tokens, expand, home_of},
};

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Given {
    pub(in crate::config) text: String,
    /// In words: `line 3 of /home/deploy/.ssh/config`.
    pub(in crate::config) place: String,
}

/// What the file says about a host. Of each option the first value counts, as in OpenSSH.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::config) struct SshOptions {
    pub(in crate::config) host_name: Option<Given>,
    pub(in crate::config) port: Option<Given>,
    pub(in crate::config) user: Option<Given>,
    /// All of them.
    pub(in crate::config) identity_files: Vec<Given>,
    /// All of them.
    pub(in crate::config) certificate_files: Vec<Given>,
    /// Those of the first line.
    pub(in crate::config) known_hosts: Vec<Given>,
    pub(in crate::config) proxy_jump: Option<Given>,
    pub(in crate::config) agent: Option<Given>,
}

impl SshOptions {
    /// Takes an option; whether it is one of ours.
    pub(super) fn take(&mut self, keyword: &str, words: &[String], given: impl Fn(&String) -> Given) -> bool {
        let first = words.first().map(&given);
        let keep = |slot: &mut Option<Given>| {
            if slot.is_none() {
                slot.clone_from(&first);
            }
        };
        match keyword {
            "hostname" => keep(&mut self.host_name),
            "port" => keep(&mut self.port),
            "user" => keep(&mut self.user),
            "proxyjump" => keep(&mut self.proxy_jump),
            "identityagent" => keep(&mut self.agent),
            "identityfile" => self.identity_files.extend(first),
            "certificatefile" => self.certificate_files.extend(first),
            "userknownhostsfile" if self.known_hosts.is_empty() => self.known_hosts.extend(words.iter().map(given)),
            "userknownhostsfile" => {}
            _ => return false,
        }
        true
    }

    /// The host name as far as it was read.
    pub(super) fn host_name_so_far(&self, alias: &str) -> String {
        let tokens = Tokens { host: alias, port: None, user: None, home: None };
        let name = self.host_name.as_ref().and_then(|given| expand(&given.text, tokens));
        name.unwrap_or_else(|| alias.to_owned())
    }

    /// Replaces `~` and the tokens everywhere. What cannot be replaced is told and left out.
    pub(super) fn expand(&mut self, alias: &str, home: &Path) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut replace = |given: &Given, tokens: Tokens<'_>| {
            let text = expand(&given.text, tokens);
            if text.is_none() {
                remarks.push(Remark {
                    severity: Severity::Error,
                    message: format!("{}: holds a token or a variable that means nothing here", given.place),
                    fix: "use %h, %p, %r, %d and %%, or give the value in deploy-ops.toml".to_owned(),
                });
            }
            text.map(|text| Given { text, place: given.place.clone() })
        };
        let bare = Tokens { host: alias, port: None, user: None, home: None };
        self.host_name = self.host_name.as_ref().and_then(|given| replace(given, bare));
        let host = self.host_name.as_ref().map_or_else(|| alias.to_owned(), |given| given.text.clone());
        let port = self.port.as_ref().map_or("22", |given| &given.text);
        let user = self.user.as_ref().map(|given| given.text.as_str());
        let all = Tokens { host: &host, port: Some(port), user, home: home.to_str() };
        let mut path = |given: &Given| {
            let given = replace(given, all)?;
            Some(Given { text: home_of(&given.text, home).to_string_lossy().into_owned(), ..given })
        };
        let kept = |given: &&Given| given.text != "none";
        self.identity_files = self.identity_files.iter().filter(kept).filter_map(&mut path).collect();
        self.certificate_files = self.certificate_files.iter().filter(kept).filter_map(&mut path).collect();
        self.known_hosts = self.known_hosts.iter().filter_map(&mut path).collect();
        self.agent = self.agent.as_ref().filter(kept).and_then(|given| match given.text.as_str() {
            "SSH_AUTH_SOCK" => None,
            _ => path(given),
        });
        self.proxy_jump = self.proxy_jump.take().filter(|given| given.text != "none");
        remarks
    }
}

/// Why an option is not honoured.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotHonoured {
    pub(super) severity: Severity,
    pub(super) message: &'static str,
    pub(super) fix: &'static str,
}

/// What has to be said about an option that is not ours; nothing about the many that only tune a connection.
pub(super) fn not_honoured(keyword: &str, value: &str) -> Option<NotHonoured> {
    let value = value.to_ascii_lowercase();
    let on = !matches!(value.as_str(), "no" | "none" | "false");
    let told = |severity, message, fix| Some(NotHonoured { severity, message, fix });
    match keyword {
        "proxycommand" if on => told(
            Severity::Error,
            "ProxyCommand is not served",
            "reach the host through another one: jump = \"NAME\" in deploy-ops.toml",
        ),
        "hostkeyalias" | "canonicalizehostname" if on => told(
            Severity::Error,
            "the host would be known by another name than that which is connected to",
            "remove the option, or give address and host_keys in deploy-ops.toml instead of ssh_config",
        ),
        "knownhostscommand" | "revokedhostkeys" if on => told(
            Severity::Error,
            "host keys would be judged by what is not read here",
            "put the keys into the known_hosts file, revoked ones with @revoked, and remove the option",
        ),
        "pkcs11provider" | "securitykeyprovider" if on => told(
            Severity::Warning,
            "keys of devices are reached through an agent only",
            "give agent_key in deploy-ops.toml, and remove the option",
        ),
        "stricthostkeychecking" if !matches!(value.as_str(), "yes" | "ask") => told(
            Severity::Warning,
            "StrictHostKeyChecking is not followed: no host is trusted because it was seen first",
            "remove it; `deploy-ops host trust NAME --write` adds a key that you compared",
        ),
        "forwardagent" | "forwardx11" | "forwardx11trusted" if on => told(
            Severity::Warning,
            "nothing is forwarded to the host",
            "remove the option, or leave it for your own sessions",
        ),
        "localforward" | "remoteforward" | "dynamicforward" | "remotecommand" | "localcommand" if on => told(
            Severity::Warning,
            "commands and forwardings of this file are not followed",
            "remove the option, or leave it for your own sessions",
        ),
        _ => None,
    }
}
