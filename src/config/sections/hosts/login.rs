//! `user` and what proves that it is us.

use std::path::PathBuf;

use super::{from_ssh_config::FromSshConfig, trust::fingerprint};
use crate::{
    config::{
        environment,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{SshIdentity, SshLogin},
        name::SecretName,
    },
};

const REHEARSAL_KEYS: &[&str] =
    &["user", "identity_file", "identity", "passphrase", "certificate_file", "agent_socket", "agent_key"];
const ONE_OF: &str = "add one of identity_file = \"FILE\", identity = \"SECRET\" and agent_key = \"SHA256:…\"";

/// Who deploys.
pub(super) fn login(section: &Section<'_>, names: &Names, found: Option<&FromSshConfig<'_>>) -> Option<SshLogin> {
    let name = match (section.optional("user"), found) {
        (None, Some(found)) => found.user(),
        _ => section.required("user").and_then(|item| user(&item)),
    };
    let identity = identity(section, names, found);
    Some(SshLogin { user: name?, identity: identity? })
}

/// Who rehearses: `{ user = …, identity_file = … }`.
pub(super) fn rehearsal(item: &Item<'_>, names: &Names) -> Option<SshLogin> {
    login(&item.section(REHEARSAL_KEYS)?, names, None)
}

fn user(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = is_user(text);
    if !ok {
        item.error("is not a user name", "use letters, digits, '-', '_' and '.'; no password and no address");
    }
    ok.then(|| text.to_owned())
}

pub(super) fn is_user(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn identity(section: &Section<'_>, names: &Names, found: Option<&FromSshConfig<'_>>) -> Option<SshIdentity> {
    let given: Vec<(&str, Item<'_>)> = ["identity_file", "identity", "agent_key"]
        .into_iter()
        .filter_map(|key| Some((key, section.optional(key)?)))
        .collect();
    let (kind, item) = match given.as_slice() {
        [(kind, item)] => (*kind, item),
        [] => {
            let Some(found) = found else {
                section.item().error("nothing proves who we are", ONE_OF);
                return None;
            };
            refuse(section, &["agent_socket"], "is only for agent_key");
            let (path, certificate) = found.identity()?;
            return file(section, names, path, certificate);
        }
        [(first, _), (_, second), ..] => {
            second.error(&format!("is given besides {first}"), "keep one: exactly one key proves who we are");
            return None;
        }
    };
    match kind {
        "identity_file" => {
            refuse(section, &["agent_socket"], "is only for agent_key");
            file(section, names, item.local_path()?, None)
        }
        "identity" => {
            refuse(section, &["agent_socket"], "is only for agent_key");
            refuse(section, &["certificate_file"], "is only for identity_file");
            let key = item.reference("entry of [secrets]", &names.secrets);
            let passphrase = passphrase(section, names);
            Some(SshIdentity::Secret { key: key?, passphrase: passphrase.ok()? })
        }
        _ => {
            refuse(section, &["passphrase"], "is only for identity_file and identity");
            refuse(section, &["certificate_file"], "is only for identity_file");
            let fingerprint = fingerprint(item, "a key's");
            let socket = socket(section, item, found);
            Some(SshIdentity::Agent { socket: socket?, fingerprint: fingerprint? })
        }
    }
}

fn file(section: &Section<'_>, names: &Names, path: PathBuf, certificate: Option<PathBuf>) -> Option<SshIdentity> {
    let passphrase = passphrase(section, names);
    let certificate = match section.optional("certificate_file") {
        Some(item) => Some(item.local_path()?),
        None => certificate,
    };
    Some(SshIdentity::File { path, passphrase: passphrase.ok()?, certificate })
}

/// A mistake that was recorded.
struct Told;

fn passphrase(section: &Section<'_>, names: &Names) -> Result<Option<SecretName>, Told> {
    let item = section.optional("passphrase");
    item.map(|item| item.reference("entry of [secrets]", &names.secrets).ok_or(Told)).transpose()
}

/// The agent's socket: the given one, that of the ssh_config, or that of our environment.
fn socket(section: &Section<'_>, key: &Item<'_>, found: Option<&FromSshConfig<'_>>) -> Option<PathBuf> {
    if let Some(item) = section.optional("agent_socket") {
        return item.local_path();
    }
    let socket = found.and_then(FromSshConfig::agent);
    let socket = socket.or_else(|| environment::variable("SSH_AUTH_SOCK").map(|v| PathBuf::from(v.into_text())));
    let socket = socket.filter(|path| path.is_absolute());
    if socket.is_none() {
        key.error(
            "there is no agent: SSH_AUTH_SOCK is not set where the server is started",
            "start the server where the agent is, or give agent_socket = \"/path\"",
        );
    }
    socket
}

fn refuse(section: &Section<'_>, keys: &[&'static str], message: &str) {
    for item in keys.iter().filter_map(|key| section.optional(key)) {
        item.error(message, "remove it");
    }
}
