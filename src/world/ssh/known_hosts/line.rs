//! One line of a known_hosts file.
//!
//! Read by hand: the parser that comes with the key types wants single blanks, so that a line with a tab or two blanks is an error
//! there and "unknown" to whoever passes over errors. Keys are read by the library.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use russh::keys::{PublicKey, parse_public_key_base64};

use crate::domain::pattern;

/// What a line says of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// It is a key of the hosts.
    Key,
    /// It signs the certificates of the hosts.
    Authority,
    /// It must never be accepted.
    Revoked,
}

/// Whom a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hosts {
    /// Patterns, in lower case.
    Patterns(Vec<String>),
    /// One name, hashed.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

/// A line that was understood.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) marker: Marker,
    hosts: Hosts,
    pub(super) key: PublicKey,
}

/// Why a line was not understood, in our words.
pub(super) type Problem = &'static str;

/// A line without its line end; `None` for what says nothing.
pub(super) fn parse(line: &str) -> Option<Result<Line, Problem>> {
    let mut rest = line.trim_matches(BLANKS);
    if rest.is_empty() || rest.starts_with('#') {
        return None;
    }
    let marker = if rest.starts_with('@') {
        match word(&mut rest) {
            "@cert-authority" => Marker::Authority,
            "@revoked" => Marker::Revoked,
            _ => return Some(Err("its marker is not known")),
        }
    } else {
        Marker::Key
    };
    let (hosts, kind, key) = (word(&mut rest), word(&mut rest), word(&mut rest));
    Some(hosts_of(hosts).and_then(|hosts| Ok(Line { marker, hosts, key: key_of(kind, key)? })))
}

impl Line {
    /// Whether it is about this name, which is in lower case and holds the port unless that is 22.
    pub(super) fn is_about(&self, name: &str) -> bool {
        match &self.hosts {
            Hosts::Patterns(patterns) => pattern::any_matches(patterns.iter().map(String::as_str), name),
            Hosts::Hashed { salt, hash } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
        }
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The next word; the rest begins with the one behind it.
fn word<'t>(rest: &mut &'t str) -> &'t str {
    let (word, behind) = rest.split_at(rest.find([' ', '\t']).unwrap_or(rest.len()));
    *rest = behind.trim_start_matches([' ', '\t']);
    word
}

fn hosts_of(text: &str) -> Result<Hosts, Problem> {
    let Some(hashed) = text.strip_prefix('|') else {
        let patterns = text.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_lowercase);
        return Ok(Hosts::Patterns(patterns.collect()));
    };
    let decode = |text: &str| STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 20);
    let parts = hashed.strip_prefix("1|").and_then(|parts| parts.split_once('|'));
    let parts = parts.and_then(|(salt, hash)| Some((decode(salt)?, decode(hash)?)));
    let (salt, hash) = parts.ok_or("its hashed name is damaged")?;
    Ok(Hosts::Hashed { salt, hash })
}

fn key_of(kind: &str, key: &str) -> Result<PublicKey, Problem> {
    if key.is_empty() {
        return Err("it has no key");
    }
    let parsed = parse_public_key_base64(key).map_err(|_| "its key is damaged or of an unknown kind")?;
    let whole = parsed.to_bytes().is_ok_and(|bytes| STANDARD.encode(bytes) == key);
    if parsed.algorithm().as_str() == kind && whole { Ok(parsed) } else { Err("its key is not of the kind it says") }
}
