//! `ssh_config = "<alias>"`: what the operator's ssh_config says about the host. A key of deploy-ops.toml wins.

use std::path::{Path, PathBuf};

use super::login::is_user;
use crate::{
    config::{
        environment,
        names::Names,
        problem::Severity,
        raw::{Item, Section, is_host_or_address},
        ssh_config::{self, Given, SshOptions},
    },
    domain::name::HostName,
};

/// What was found, and the value that asked for it: problems are told there, with the line of the other file.
#[derive(Debug)]
pub(super) struct FromSshConfig<'a> {
    item: Item<'a>,
    alias: String,
    home: PathBuf,
    options: SshOptions,
}

pub(super) fn read<'a>(section: &Section<'a>) -> Option<FromSshConfig<'a>> {
    let file = section.optional("ssh_config_file");
    let Some(item) = section.optional("ssh_config") else {
        if let Some(file) = file {
            file.error("is only for ssh_config", "add ssh_config = \"ALIAS\", or remove it");
        }
        return None;
    };
    let alias = item.text()?.to_owned();
    if !is_host_or_address(&alias) {
        item.error("is not an alias", "write a name that stands behind Host in the ssh_config, without patterns");
        return None;
    }
    let home = environment::variable("HOME").map(|home| PathBuf::from(home.into_text()));
    let Some(home) = home.filter(|home| home.is_absolute()) else {
        item.error("there is no home directory: HOME is not set", "set it where the server is started");
        return None;
    };
    let file = match file {
        Some(file) => file.local_path()?,
        None => home.join(".ssh/config"),
    };
    let (options, remarks) = ssh_config::look_up(&file, &home, &alias);
    for remark in remarks {
        match remark.severity {
            Severity::Error => item.error(&remark.message, remark.fix),
            Severity::Warning => item.warning(&remark.message, remark.fix),
        }
    }
    Some(FromSshConfig { item, alias, home, options })
}

impl<'a> FromSshConfig<'a> {
    fn wrong(&self, given: &Given, message: &str, fix: &str) {
        self.item.error(&format!("{}: {message}", given.place), fix);
    }

    /// `HostName`, or the alias itself.
    pub(super) fn address(&self) -> Option<String> {
        let Some(given) = &self.options.host_name else { return Some(self.alias.clone()) };
        let ok = is_host_or_address(&given.text);
        if !ok {
            self.wrong(given, "is not a host name or an IP address", "correct it, or give address");
        }
        ok.then(|| given.text.clone())
    }

    /// `Port`, or 22.
    pub(super) fn port(&self) -> Option<u16> {
        let Some(given) = &self.options.port else { return Some(22) };
        let port = given.text.parse().ok().filter(|port: &u16| *port > 0);
        if port.is_none() {
            self.wrong(given, "is not a port", "write a number from 1 to 65535, or give port");
        }
        port
    }

    /// `User`. Never "whoever runs the server".
    pub(super) fn user(&self) -> Option<String> {
        let Some(given) = &self.options.user else {
            self.item.error("says no User for this alias", "add user = \"NAME\"");
            return None;
        };
        let ok = is_user(&given.text);
        if !ok {
            self.wrong(given, "is not a user name", "correct it, or give user");
        }
        ok.then(|| given.text.clone())
    }

    /// `IdentityFile` and `CertificateFile`.
    pub(super) fn identity(&self) -> Option<(PathBuf, Option<PathBuf>)> {
        let [given] = self.options.identity_files.as_slice() else {
            let message = "does not say exactly one IdentityFile for this alias";
            self.item
                .error(message, "add one of identity_file, identity and agent_key: exactly one key proves who we are");
            return None;
        };
        if Path::new(&given.text).extension().is_some_and(|extension| extension == "pub") {
            let fix = "give agent_key = \"SHA256:…\", the fingerprint of that key";
            self.wrong(given, "is a public key, whose private half an agent holds", fix);
            return None;
        }
        let path = self.absolute(given)?;
        let certificate = match self.options.certificate_files.as_slice() {
            [] => None,
            [given] => Some(self.absolute(given)?),
            [_, second, ..] => {
                self.wrong(second, "is a second CertificateFile", "keep one, or give certificate_file");
                return None;
            }
        };
        Some((path, certificate))
    }

    /// `UserKnownHostsFile`, or the usual one.
    pub(super) fn known_hosts(&self) -> Option<PathBuf> {
        match self.options.known_hosts.as_slice() {
            [] => Some(self.home.join(".ssh/known_hosts")),
            [given] if matches!(given.text.as_str(), "none" | "/dev/null") => {
                let fix = "give known_hosts or host_keys";
                self.wrong(given, "no host would ever be known", fix);
                None
            }
            [given] => self.absolute(given),
            [_, second, ..] => {
                self.wrong(second, "names more than one known_hosts file", "keep one, or give known_hosts");
                None
            }
        }
    }

    /// `IdentityAgent`.
    pub(super) fn agent(&self) -> Option<PathBuf> {
        self.options.agent.as_ref().and_then(|given| self.absolute(given))
    }

    /// `ProxyJump`, which must be a host of ours.
    pub(super) fn jump(&self, names: &Names) -> Option<(Option<HostName>, Option<Item<'a>>)> {
        let Some(given) = &self.options.proxy_jump else { return Some((None, None)) };
        let name = names.hosts.contains(&given.text).then(|| given.text.parse::<HostName>().ok()).flatten();
        if name.is_none() {
            let fix = "declare that host below [hosts] under the same name, or give jump = \"NAME\"";
            self.wrong(given, "ProxyJump names no host of this file", fix);
        }
        name.map(|name| (Some(name), Some(self.item.clone())))
    }

    fn absolute(&self, given: &Given) -> Option<PathBuf> {
        let path = PathBuf::from(&given.text);
        if !path.is_absolute() {
            self.wrong(given, "is not an absolute path", "begin it with '/' or '~/'");
        }
        path.is_absolute().then_some(path)
    }
}
