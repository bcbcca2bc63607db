//! The parts of a secret that must not be shown: the value, its lines, and the secret parts of URLs and settings.

use super::super::strength::{Strength, looks_random, strength};

/// One string to search for in every form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Atom {
    pub bytes: Vec<u8>,
    /// Whether pieces of it are secret too. Not so for a URL, most of which is harmless.
    pub fragments: bool,
    /// Whether letter case may be ignored: only where chance matches are out of the question.
    pub fold: bool,
}

/// The longest value that is searched for as a whole; longer ones are searched for line by line and in fragments.
const LONGEST: usize = 16 * 1024;

pub(super) fn atoms(value: &str) -> Vec<Atom> {
    let mut atoms = Atoms::default();
    let whole = value.trim_matches(['\r', '\n', '\0']);
    let trimmed = value.trim();
    atoms.add(whole.as_bytes(), true);
    atoms.add(trimmed.as_bytes(), true);
    atoms.parts(trimmed, 0);
    if trimmed.contains('\n') {
        // As one line, the way some tools keep keys in an environment variable.
        for line in trimmed.lines() {
            let line = line.trim();
            let boundary = line.starts_with("-----") && line.ends_with("-----");
            if !boundary
                && (looks_random(line.as_bytes())
                    || strength(line.as_bytes()) == Strength::Strong && !line.contains(' '))
            {
                atoms.add(line.as_bytes(), true);
            }
            atoms.parts(line, 0);
        }
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(trimmed) {
            atoms.json(&json);
        }
    }
    atoms.0
}

#[derive(Default)]
struct Atoms(Vec<Atom>);

impl Atoms {
    fn add(&mut self, bytes: &[u8], fragments: bool) {
        let strength = strength(bytes);
        if matches!(strength, Strength::Short | Strength::Common) || bytes.len() > LONGEST {
            return;
        }
        let fold = strength == Strength::Strong;
        let url = bytes.windows(3).any(|window| window == b"://");
        let atom = Atom { bytes: bytes.to_vec(), fragments: fragments && fold && !url, fold };
        if !self.0.iter().any(|known| known.bytes == atom.bytes) {
            self.0.push(atom);
        }
    }

    /// What is secret within one line: quoted values, URL passwords, `password=` settings, what follows an authentication scheme.
    fn parts(&mut self, line: &str, depth: usize) {
        if depth > 3 {
            return;
        }
        for quote in ['"', '\'', '`'] {
            if let Some(inner) = line.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                self.add(inner.trim().as_bytes(), true);
                self.parts(inner.trim(), depth + 1);
            }
        }
        for scheme in ["Bearer ", "Basic ", "Token ", "bearer ", "basic ", "token ", "ApiKey "] {
            if let Some(rest) = line.strip_prefix(scheme) {
                self.add(rest.trim().as_bytes(), true);
            }
        }
        if let Some((_, rest)) = line.split_once("://") {
            self.userinfo(rest);
        }
        self.settings(line);
        if let Some((key, rest)) = line.split_once('=')
            && !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' '))
            && super::super::patterns::is_secret_name(key.trim().trim_start_matches("export "))
        {
            let rest = rest.trim();
            self.add(rest.as_bytes(), true);
            self.parts(rest, depth + 1);
        }
    }

    /// `user:password@host`, as written and percent-decoded. The password may hold an unescaped `@`.
    fn userinfo(&mut self, rest: &str) {
        let authority_end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
        let end = rest.get(..authority_end).and_then(|authority| authority.rfind('@')).or_else(|| rest.rfind('@'));
        let Some(userinfo) = end.and_then(|end| rest.get(..end)) else { return };
        let password = userinfo.split_once(':').map_or(userinfo, |(_, password)| password);
        for part in [password, userinfo] {
            self.add(part.as_bytes(), part == password);
            self.add(&percent_decode(part.as_bytes()), part == password);
        }
    }

    /// `Password=x;`, `password=x`, `&token=x` in connection strings and queries.
    fn settings(&mut self, line: &str) {
        for setting in line.split([';', '&', ' ', '?', ',']) {
            if let Some((key, value)) = setting.split_once('=')
                && super::super::patterns::is_secret_name(key.trim())
            {
                let value = value.trim().trim_matches(['"', '\'']);
                self.add(value.as_bytes(), true);
                self.add(&percent_decode(value.as_bytes()), true);
            }
        }
    }

    fn json(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) if text.len() >= 20 || looks_random(text.as_bytes()) => {
                for line in text.lines() {
                    let line = line.trim();
                    if looks_random(line.as_bytes()) && !line.starts_with("-----") && !line.contains("://") {
                        self.add(line.as_bytes(), true);
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.json(item)),
            serde_json::Value::Object(map) => map.values().for_each(|item| self.json(item)),
            _ => {}
        }
    }
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair = text
            .get(at + 1)
            .zip(text.get(at + 2))
            .and_then(|(high, low)| Some(super::unescape::hex(*high)? << 4 | super::unescape::hex(*low)?));
        let decoded = pair.filter(|_| byte == b'%');
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(value: &str) -> Vec<String> {
        atoms(value).into_iter().map(|atom| String::from_utf8(atom.bytes).unwrap()).collect()
    }

    #[test]
    fn the_password_of_a_url_is_known_decoded_and_as_written() {
        let parts = texts("postgres://app:kV9%24wq-27LmZx@db.example.org:5432/app");
        assert!(parts.contains(&"kV9%24wq-27LmZx".to_owned()), "{parts:?}");
        assert!(parts.contains(&"kV9$wq-27LmZx".to_owned()), "{parts:?}");
        assert!(!parts.iter().any(|part| part == "app"));
    }

    #[test]
    fn lines_of_a_key_are_known_without_its_boundaries() {
        let parts = texts(
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n",
        );
        assert!(parts.contains(&"MIIEvQIBADANBgkqhkiG9w0B".to_owned()));
        assert!(!parts.iter().any(|part| part == "-----BEGIN PRIVATE KEY-----"));
    }
}
