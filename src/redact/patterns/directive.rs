//! Directives of configuration files: a word, then its value, without an operator.

use super::bytes::{skip_blanks, skip_while, slice, trim};

/// Directives that take a secret after a name of their own: `enable secret`, `snmp-server community`.
pub(super) fn directive(lead: &[u8], _name: &[u8]) -> bool {
    let (start, end) = trim(lead, 0, lead.len());
    let lead = slice(lead, start, end);
    [
        &b"enable"[..],
        b"username",
        b"snmp-server",
        b"neighbor",
        b"tacacs-server",
        b"radius-server",
        b"set ",
        b"ip ospf",
        b"standby",
        b"ppp",
        b"crypto isakmp",
        b"key 1",
        b"isis",
        b"ntp authentication",
        b"user ",
        b"aaa",
        b"local-user",
        b"security",
        b"wpa-psk",
        b"d-i ",
        b"auth ",
        b"key-string",
        b"requirepass",
        b"create user",
        b"alter user",
        b"alter role",
        b"create role",
        b"server-private",
        b"server ",
    ]
    .iter()
    .any(|w| super::bytes::starts_with(lead, w))
}

/// Names that are directives by themselves.
pub(super) fn directive_word(name: &[u8]) -> bool {
    [
        &b"requirepass"[..],
        b"masterauth",
        b"rootpw",
        b"olcrootpw",
        b"bindpw",
        b"passphrase",
        b"wpa-psk",
        b"password",
        b"smtp_password",
        b"passwd",
        b"secret",
        b"psk",
        b"auth-pass",
        b"pass",
    ]
    .iter()
    .any(|w| name.eq_ignore_ascii_case(w))
        && name.len() > 5
        || name.eq_ignore_ascii_case(b"rootpw")
        || name.eq_ignore_ascii_case(b"bindpw")
}

/// Skips type numbers (`7`, `5`, `0`, `encrypted`) of directives to the value itself.
pub(super) fn last_of_directive(text: &[u8], start: usize, stop: usize) -> (usize, usize) {
    let mut start = start;
    for _ in 0..4 {
        let end = skip_while(text, start, |b| !b.is_ascii_whitespace()).min(stop);
        let next = skip_blanks(text, end);
        let word = slice(text, start, end);
        let kind = word.len() <= 1
            || [
                &b"encrypted"[..],
                b"--iscrypted",
                b"--plaintext",
                b"cipher",
                b"simple",
                b"clear",
                b"md5",
                b"sha",
                b"aes",
                b"128",
                b"256",
                b"hash",
                b"plain-text",
                b"ascii-text",
                b"hex",
                b"--allow-ssh",
                b"--lock",
                b"password",
                b"string",
                b"secret",
                b"privilege",
                b"15",
                b"irreversible-cipher",
            ]
            .iter()
            .any(|k| word.eq_ignore_ascii_case(k));
        if !kind || next >= stop {
            return (start, end);
        }
        start = next;
    }
    (start, skip_while(text, start, |b| !b.is_ascii_whitespace()).min(stop))
}
