//! Password hashes and sealed values in the notations of their programs.

use super::bytes::{at, back_while, before, skip_while, slice};
use super::harmless::is_harmless;
use super::scan::Scan;

/// At a hash's mark (`$2y$`, `{SSHA}`, `pbkdf2_sha256$`): the token.
pub(super) fn marked(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    if before(text, start).is_ascii_alphanumeric() && at(text, start).is_ascii_alphanumeric() {
        return;
    }
    let stop = skip_while(text, end, |b| {
        b.is_ascii_alphanumeric()
            || b"./$+=,*_-".contains(&b)
            || (b == b':' && at(text, start) != b'$' && at(text, start) != b'{')
    });
    let stop = stop - usize::from(matches!(before(text, stop), b',' | b'.') && stop > end);
    let body = slice(text, end, stop);
    let plain = [&b"{plain}"[..], b"{cleartext}", b"{noop}", b"{clear}"]
        .iter()
        .any(|p| slice(text, start, end).eq_ignore_ascii_case(p));
    if plain {
        let stop = skip_while(text, end, |b| b > b' ' && !matches!(b, b':' | b'"' | b'\'' | b','));
        if stop > end {
            scan.mask(end, stop, "password-hash");
        }
        return;
    }
    let digits = body.iter().filter(|b| b.is_ascii_digit()).count();
    if body.len() < 8 || (digits == 0 && body.len() < 20) || is_harmless(body) {
        return;
    }
    // `$$2y$$10$$…` of compose files: the doubled sign belongs to it.
    let from = back_while(text, start, 1, |b| b == b'$' || b == b'*');
    scan.mask(from, stop, "password-hash");
}

/// At `:::` of `pwdump` and `secretsdump` lines: the two hashes before it.
pub(super) fn ntlm(scan: &mut Scan<'_>, start: usize) {
    let text = scan.text;
    let from = back_while(text, start, 65, |b| b.is_ascii_hexdigit() || b == b':');
    if slice(text, from, start).iter().filter(|b| b.is_ascii_hexdigit()).count() >= 60 {
        scan.mask(from, start, "ntlm");
    }
}

/// The rest of a key-log line: `CLIENT_RANDOM <random> <secret>`.
pub(super) fn key_log(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let stop = super::bytes::line_end(text, end);
    let (from, stop) = super::bytes::trim(text, end, stop);
    let rest = slice(text, from, stop);
    if rest.len() > 60 && rest.iter().all(|b| b.is_ascii_hexdigit() || *b == b' ') {
        scan.mask(from, stop, "tls-key-log");
    }
}

/// Marks of this family.
pub(super) const MARKS: &[&str] = &[
    "$2a$",
    "$2b$",
    "$2y$",
    "$2x$",
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$7$",
    "$gy$",
    "$apr1$",
    "$argon2",
    "$scrypt$",
    "$pbkdf2",
    "pbkdf2_sha",
    "pbkdf2:sha",
    "scrypt:",
    "bcrypt$",
    "bcrypt_sha256$",
    "$P$",
    "$H$",
    "$S$",
    "$sha1$",
    "$md5",
    "{ssha",
    "{sha}",
    "{sha256}",
    "{sha512}",
    "{crypt}",
    "{md5}",
    "{smd5}",
    "{pbkdf2",
    "{plain}",
    "{cleartext}",
    "{clear}",
    "{blf-crypt}",
    "{argon2",
    "{bcrypt}",
    "{noop}",
    "{sha512-crypt}",
    "{sha256-crypt}",
    "{scrypt}",
    "scram-sha-256$",
    "scram-sha-1$",
    "grub.pbkdf2.",
    "argon2$",
    "sha256$",
    "sha512$",
    "sha1$",
    "md5$",
    "$krb5",
    "$ml$",
    "$8$",
    "$9$",
    "$14$",
    "$rar5$",
    "$bitlocker$",
    "$office$",
    "$ansible$",
    "$$2y$$",
    "$$2a$$",
    "$$2b$$",
    "$$apr1$$",
    "$$6$$",
    "$keepass$",
    "$dcc2$",
    "$netntlm",
    "$zip2$",
    "$pkzip",
    "$luks$",
    "$ethereum$",
    "$bitcoin$",
    "$sshng$",
    "$odf$",
    "$pdf$",
    "$7z$",
    "$phps$",
    "$xmpp-scram$",
    "$mongodb-scram$",
    "$vmx$",
    "$oldoffice$",
    "$itunes_backup$",
    "$blake2$",
    "{nt}",
    "{lm}",
    "{x-",
];
