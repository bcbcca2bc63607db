//! Shapes and surroundings of generated strings that are public.

use super::bytes::{at, back_while, is_name, line_start, slice, starts_with, tail};
use super::names;
use super::random::makeup;

/// Public things recognised by themselves or by what touches them.
pub(super) fn is_public_shape(text: &[u8], start: usize, end: usize) -> bool {
    let content = slice(text, start, end);
    let made = makeup(content);
    if content.starts_with(b"20") && slice(content, 0, 8).iter().all(u8::is_ascii_digit) {
        return true;
    }
    if made.is_hex() && content.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    if PUBLIC_HEADS.iter().any(|h| content.starts_with(h)) {
        return true;
    }
    // Names of files, mail identifiers, symbols.
    if at(text, end) == b'@' && !matches!(at(text, end + 1), b'[') {
        return true;
    }
    if at(text, end) == b'.' {
        let extension = tail(text, end + 1).iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let ext = slice(text, end + 1, end + 1 + extension);
        if (1..=5).contains(&extension)
            && ext.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && ext.iter().any(u8::is_ascii_lowercase)
            && !at(text, end + 1 + extension).is_ascii_alphanumeric()
        {
            return true;
        }
    }
    let head = slice(text, start.saturating_sub(12), start);
    [
        &b"sha256:"[..],
        b"sha256-",
        b"sha512:",
        b"sha512-",
        b"sha384-",
        b"sha1-",
        b"sha1:",
        b"h1:",
        b"md5:",
        b"md5-",
        b"SHA256:",
        b"MD5:",
        b"W/\"",
        b"cid:",
        b"sha256=",
        b"blake3:",
        b"sha3:",
        b"etag:",
        b"urn:",
        b"did:",
    ]
    .iter()
    .any(|p| head.ends_with(p))
        || content.starts_with(b"sha256-")
        || content.starts_with(b"sha512-")
        || content.starts_with(b"sha384-")
        || content.starts_with(b"sha1-")
}

/// Public by the name it stands behind, or by what its line is about.
pub(super) fn is_public_context(text: &[u8], start: usize) -> bool {
    let line = line_start(text, start).max(start.saturating_sub(200));
    let lead = slice(text, line, start);
    let name_end = lead
        .iter()
        .rposition(|b| {
            !matches!(
                b,
                b'=' | b':' | b' ' | b'"' | b'\'' | b'\\' | b'\t' | b'<' | b'>' | b'(' | b'[' | b'{' | b'`' | b'/'
            )
        })
        .map_or(0, |p| p + 1);
    let name_start = back_while(lead, name_end, 48, is_name);
    let name = lead.get(name_start..name_end).unwrap_or_default();
    if name_end < lead.len()
        && !name.is_empty()
        && names::promise(name) == names::Promise::Nothing
        && names::is_public(name)
    {
        return true;
    }
    [
        &b"ssh-rsa "[..],
        b"ssh-ed25519 ",
        b"ecdsa-sha2-",
        b"ssh-dss ",
        b"sk-ssh-ed25519@",
        b"sk-ecdsa-",
        b"base64,",
        b"integrity",
        b"<script nonce",
        b"dkim-signature",
        b"arc-",
        b"x-google-dkim",
        b"v=dkim",
        b"v=spf",
        b"message-id",
        b"received:",
        b"publickey",
        b"public key",
        b"pubkey",
        b"public_key",
        b"fingerprint",
        b"checksum",
        b"certificate-authority-data",
        b"client-certificate-data",
        b"content-security-policy",
        b"boundary=",
    ]
    .iter()
    .any(|w| super::bytes::find_word(lead, w).is_some())
}

/// Beginnings of well-known public identifiers.
const PUBLIC_HEADS: &[&[u8]] = &[
    b"age1",
    b"npub1",
    b"z6Mk",
    b"_Z",
    b"AAAAB3NzaC1",
    b"AAAAC3NzaC1",
    b"AAAAE2Vj",
    b"AAAAG",
    b"iVBORw0KGgo",
    b"/9j/",
    b"R0lGOD",
    b"UklGR",
    b"PHN2Zy",
    b"JVBERi0",
    b"_ZN",
    b"ZN",
    b"_R",
    b"MIID",
    b"MIIE",
    b"MIIC",
    b"MIIF",
    b"MIIB",
    b"LS0tLS1CRUdJTiBDRVJUSU",
    b"LS0tLS1CRUdJTiBQVUJM",
    b"cus_",
    b"pi_",
    b"ch_",
    b"evt_",
    b"in_",
    b"sub_",
    b"price_",
    b"prod_",
    b"req_",
    b"acct_",
    b"txn_",
    b"pm_",
    b"si_",
    b"seti_",
    b"msg_",
    b"run_",
    b"job_",
    b"usr_",
    b"user_",
    b"org_",
    b"team_",
    b"file-",
    b"chatcmpl-",
    b"resp_",
    b"call_",
    b"toolu_",
    b"thread_",
    b"asst_",
    b"arn",
    b"trace-",
    b"span-",
    b"i-0",
    b"vpc-",
    b"subnet-",
    b"sg-",
    b"eni-",
    b"ami-",
    b"vol-",
    b"snap-",
    b"S-1-5-",
    b"goog_",
    b"Zn",
    b"dpl_",
    b"proj_",
    b"prj_",
    b"wrk_",
    b"inst_",
    b"img_",
    b"art_",
    b"bld_",
    b"rev_",
    b"ver_",
    b"zQm",
    b"Qm",
    b"bafy",
    b"bafk",
];

/// True for the head of a known public thing; used by the base64 view.
pub(super) fn is_public_data(content: &[u8]) -> bool {
    PUBLIC_HEADS.iter().any(|h| h.len() > 3 && starts_with(content, h) && content.starts_with(h))
}
