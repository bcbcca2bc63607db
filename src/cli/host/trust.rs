//! `deploy-ops host trust NAME [--write]`
//!
//! A fingerprint proves nothing by being shown here: whoever stands between us and the host shows their own. So a human compares it
//! with what the host's operator says, and types its end to say that they did.

use std::path::Path;

use serde_json::json;

use super::known_hosts;
use crate::{
    cli::{
        Exit,
        human::Human,
        person::Person,
        terminal::{Terminal, Tone},
        wire::Wired,
    },
    domain::{
        inventory::{HostKind, HostTrust},
        name::HostName,
        refusal::{Code, Refusal},
    },
    world::{
        Clock, SystemClock,
        ssh::{ShownKey, Standing},
    },
};

/// How many of the last characters of a fingerprint a human types: 48 bits.
const TYPED: usize = 8;

/// Shows the keys.
pub(super) async fn show(wired: &Wired, host: &HostName, terminal: &Terminal) -> Result<Exit, Refusal> {
    let keys = wired.world().reader().shown_keys(host).await?;
    for key in &keys {
        let (tone, mark) = match key.standing {
            Standing::Known => (Tone::Good, "+"),
            Standing::New => (Tone::Weak, "?"),
            Standing::Other | Standing::Revoked | Standing::BadCertificate(_) => (Tone::Bad, "!"),
        };
        terminal.mark(&wired.redactor, tone, mark, &described(key));
    }
    if keys.is_empty() {
        terminal.mark(&wired.redactor, Tone::Bad, "!", "the host has no key of a kind that is good enough");
    }
    terminal.line(
        "Compare the fingerprints on a trusted way: with what the host's operator publishes, or on the host itself,",
    );
    terminal.line("for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done");
    match trust_of(wired, host)? {
        HostTrust::Pinned { .. } => {
            let plain = keys.iter().filter(|key| !is_certificate(key)).map(|key| format!("\"{}\"", key.fingerprint));
            terminal.line("If they are right, the host's keys in deploy-ops.toml are:");
            terminal.say(&wired.redactor, &format!("host_keys = [{}]", plain.collect::<Vec<_>>().join(", ")));
        }
        HostTrust::KnownHosts { path } if keys.iter().any(|key| key.standing == Standing::New) => {
            let text = format!("Add --write to add a key to {}.", path.display());
            terminal.say(&wired.redactor, &text);
        }
        HostTrust::KnownHosts { .. } => {}
    }
    let bad = keys.is_empty() || keys.iter().any(|key| !matches!(key.standing, Standing::Known | Standing::New));
    Ok(if bad { Exit::Refused } else { Exit::Done })
}

/// Adds the keys whose fingerprints a human compared.
pub(super) async fn write(wired: &Wired, human: &mut Human, host: &HostName) -> Result<(), Refusal> {
    let HostTrust::KnownHosts { path } = trust_of(wired, host)? else {
        let fix = format!("Run `deploy-ops host trust {host}` for the line, and put it into deploy-ops.toml.");
        return Err(Refusal::new(Code::WrongState, "The host's keys are pinned in deploy-ops.toml.", fix));
    };
    let keys = wired.world().reader().shown_keys(host).await?;
    for key in &keys {
        human.show(&format!("{}\n", described(key)))?;
    }
    if keys.iter().any(|key| !matches!(key.standing, Standing::Known | Standing::New)) {
        let fix = format!(
            "Ask whoever runs the host. If its keys were changed, remove the old ones (ssh-keygen -R {} -f {}) and come back.",
            keys.first().and_then(|key| key.line.split(' ').next()).unwrap_or_default(),
            path.display()
        );
        return Err(Refusal::new(
            Code::HostKeyMismatch,
            "The host shows keys that contradict what is known of it.",
            fix,
        ));
    }
    let new: Vec<&ShownKey> = keys.iter().filter(|key| key.standing == Standing::New && !is_certificate(key)).collect();
    if new.is_empty() {
        return human.show("Nothing is to be added.\n");
    }
    let mut compared = Vec::new();
    for key in new {
        let question = format!(
            "{} {}\nThe last {TYPED} characters of the fingerprint that you compared on a trusted way (empty: leave it out): ",
            key.kind, key.fingerprint
        );
        let typed = human.ask(&question)?;
        if typed.is_empty() {
            continue;
        }
        if !is_end_of(&typed, &key.fingerprint) {
            let fix = "Compare again. If it differs, another machine may have taken the host's place.";
            return Err(Refusal::new(Code::HostKeyMismatch, "That is not the end of the fingerprint.", fix));
        }
        compared.push(key);
    }
    if compared.is_empty() {
        return human.show("Nothing was added.\n");
    }
    // Recorded first: a key that is trusted without an entry would be nobody's.
    let ledger = wired.engine.ledger_for_operator().await?;
    let fingerprints: Vec<&str> = compared.iter().map(|key| key.fingerprint.as_str()).collect();
    let body = wired.redactor.json(json!({ "host": host, "fingerprints": fingerprints }));
    ledger.note("host_trusted", None, &Person::here().operator(), body, SystemClock.now()).await?;
    let lines: Vec<&str> = compared.iter().map(|key| key.line.as_str()).collect();
    append(&path, &lines)?;
    human.show(&format!("Added {} to {}.\n", fingerprints.join(", "), path.display()))
}

fn append(path: &Path, lines: &[&str]) -> Result<(), Refusal> {
    known_hosts::append(path, lines).map_err(|_| {
        let message = format!("The file {} cannot be written.", path.display());
        Refusal::new(Code::WorldFailed, message, "Check its directory, its permissions and the free space.")
    })
}

fn trust_of(wired: &Wired, host: &HostName) -> Result<HostTrust, Refusal> {
    match wired.engine.inventory().hosts.get(host).map(|host| &host.kind) {
        Some(HostKind::Ssh(ssh)) => Ok(ssh.trust.clone()),
        Some(HostKind::Local) => {
            Err(Refusal::new(Code::BadArgument, "That host is this machine.", "Name a host of kind ssh."))
        }
        None => {
            let known = wired.engine.inventory().hosts.keys().map(HostName::as_str);
            Err(Refusal::unknown_name("host", host.as_str(), known))
        }
    }
}

fn described(key: &ShownKey) -> String {
    let standing = match &key.standing {
        Standing::Known => "known".to_owned(),
        Standing::New => "not known yet".to_owned(),
        Standing::Other => "NOT the known one".to_owned(),
        Standing::Revoked => "REVOKED".to_owned(),
        Standing::BadCertificate(problem) => format!("certificate refused: {problem}"),
    };
    format!("{} {} {standing}", key.kind, key.fingerprint)
}

fn is_certificate(key: &ShownKey) -> bool {
    key.kind.contains("-cert-")
}

fn is_end_of(typed: &str, fingerprint: &str) -> bool {
    typed.chars().count() >= TYPED && fingerprint.ends_with(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_fingerprint_is_at_least_eight_characters() {
        let fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrXJwTuQ1SvPRTeDo7w8hpaI";
        assert!(is_end_of("o7w8hpaI", fingerprint));
        assert!(is_end_of(fingerprint, fingerprint));
        for wrong in ["", "hpaI", "7w8hpaI", "x7w8hpaI", "O7W8HPAI"] {
            assert!(!is_end_of(wrong, fingerprint), "{wrong}");
        }
    }
}
