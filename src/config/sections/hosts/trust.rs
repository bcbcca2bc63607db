//! `host_keys` and `known_hosts`: which keys are the host's.

use super::from_ssh_config::FromSshConfig;
use crate::{
    config::raw::{Item, Section},
    domain::inventory::HostTrust,
};

pub(super) fn trust(section: &Section<'_>, found: Option<&FromSshConfig<'_>>) -> Option<HostTrust> {
    match (section.optional("host_keys"), section.optional("known_hosts"), found) {
        (Some(_), Some(file), _) => {
            file.error("is given besides host_keys", "keep one of the two");
            None
        }
        (Some(list), None, _) => pinned(&list).map(|fingerprints| HostTrust::Pinned { fingerprints }),
        (None, Some(file), _) => file.local_path().map(|path| HostTrust::KnownHosts { path }),
        (None, None, Some(found)) => found.known_hosts().map(|path| HostTrust::KnownHosts { path }),
        (None, None, None) => {
            section.item().error(
                "nothing says which keys are the host's",
                "add host_keys = [\"SHA256:…\"] or known_hosts = \"FILE\"; `deploy-ops host trust NAME` shows the host's keys",
            );
            None
        }
    }
}

fn pinned(list: &Item<'_>) -> Option<Vec<String>> {
    let items = list.list();
    let keys: Vec<String> = items.iter().filter_map(|item| fingerprint(item, "a host key")).collect();
    if list.is_array() && items.is_empty() {
        list.error(
            "no host key is pinned",
            "add the output of: ssh-keyscan HOST | ssh-keygen -lf -, checked on a trusted way",
        );
    }
    (!keys.is_empty() && keys.len() == items.len()).then_some(keys)
}

/// `SHA256:` and the hash, as ssh-keygen shows it.
pub(in crate::config::sections) fn fingerprint(item: &Item<'_>, of: &str) -> Option<String> {
    let text = item.text()?;
    let ok = text.strip_prefix("SHA256:").is_some_and(|hash| {
        hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
    });
    if !ok {
        let message = format!("is not {of} fingerprint");
        item.error(&message, "write SHA256: and 43 characters, as ssh-keygen -lf shows it");
    }
    ok.then(|| text.to_owned())
}
