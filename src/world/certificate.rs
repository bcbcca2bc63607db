//! What a certificate says of itself: when it ends, and who made it.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::domain::time::Time;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, which holds the version.
const VERSION: u8 = 0xa0;

/// What a certificate says of itself. It proves nothing: that is the handshake's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Until when it is valid.
    pub(super) ends: Time,
    /// Who signed it, in its own words.
    pub(super) issuer: String,
    /// Whether it says that it signed itself.
    pub(super) self_signed: bool,
}

/// What a certificate (DER, RFC 5280 §4.1) says of itself; nothing where the bytes are none.
pub(super) fn facts(der: &[u8]) -> Option<Facts> {
    let certificate = content(der, SEQUENCE)?;
    let body = content(certificate, SEQUENCE)?;
    let after_version = if body.first() == Some(&VERSION) { skip(body)? } else { body };
    let after_serial_number = skip(after_version)?;
    let from_issuer = skip(after_serial_number)?;
    let issuer = content(from_issuer, SEQUENCE)?;
    let from_validity = skip(from_issuer)?;
    let validity = content(from_validity, SEQUENCE)?;
    let subject = content(skip(from_validity)?, SEQUENCE)?;
    let ends = time(skip(validity)?)?;
    Some(Facts { ends, issuer: name(issuer), self_signed: issuer == subject })
}

/// The public key of a certificate with its kind (`SubjectPublicKeyInfo`, DER): by its digest programs are told which key they may trust.
pub(super) fn public_key(der: &[u8]) -> Option<&[u8]> {
    let body = content(content(der, SEQUENCE)?, SEQUENCE)?;
    let after_version = if body.first() == Some(&VERSION) { skip(body)? } else { body };
    // Serial number, algorithm, issuer, validity, subject.
    let mut rest = after_version;
    for _ in 0..5 {
        rest = skip(rest)?;
    }
    let behind = skip(rest)?;
    rest.get(..rest.len().checked_sub(behind.len())?).filter(|key| key.first() == Some(&SEQUENCE))
}

/// When a certificate ends.
pub(super) fn not_after(der: &[u8]) -> Option<Time> {
    facts(der).map(|facts| facts.ends)
}

/// Common name and organisation (RFC 5280 §4.1.2.4, X.520) of a name, as far as it has them.
fn name(mut rest: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((kind, part, next)) = element(rest) {
        let pair = content(part, SEQUENCE).filter(|_| kind == SET);
        let label = match pair.and_then(|pair| content(pair, OBJECT_IDENTIFIER)) {
            Some([0x55, 4, 3]) => "CN=",
            Some([0x55, 4, 10]) => "O=",
            _ => "",
        };
        let value = pair.and_then(skip).and_then(element).map(|(_, value, _)| String::from_utf8_lossy(value));
        if let Some(value) = value.filter(|_| !label.is_empty()) {
            parts.push(format!("{label}{}", value.chars().take(100).collect::<String>()));
        }
        rest = next;
    }
    parts.join(", ")
}

/// The whole days from now to then; negative when it is over.
pub(super) fn days_left(ends: Time, now: Time) -> i64 {
    (ends.as_millis() - now.as_millis()).div_euclid(24 * 60 * 60 * 1000)
}

/// The content of the element that begins here, when it is of this kind.
fn content(bytes: &[u8], kind: u8) -> Option<&[u8]> {
    element(bytes).filter(|(found, ..)| *found == kind).map(|(_, content, _)| content)
}

/// What comes behind the element that begins here.
fn skip(bytes: &[u8]) -> Option<&[u8]> {
    element(bytes).map(|(_, _, rest)| rest)
}

/// An element: its kind, its content, and what comes behind it (X.690 §8.1).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

/// A moment (RFC 5280 §4.1.2.5): always UTC, to the second. Years of two digits are those from 1950 to 2049.
fn time(bytes: &[u8]) -> Option<Time> {
    let (kind, content, _) = element(bytes)?;
    let digits = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let full = match kind {
        GENERALIZED_TIME => digits.to_owned(),
        UTC_TIME => format!("{}{digits}", if digits < "5" { "20" } else { "19" }),
        _ => return None,
    };
    let moment = DateTime::strptime("%Y%m%d%H%M%S", full).ok()?;
    Some(TimeZone::UTC.to_timestamp(moment).ok()?.into())
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    use super::*;

    /// Self-signed, by `openssl ca -selfsign -enddate 20310203040506Z`.
    const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBUjCB+qADAgECAgEBMAoGCCqGSM49BAMCMBsxGTAXBgNVBAMMEG1haWwuZXhh
bXBsZS5vcmcwHhcNMjUwMTAxMDAwMDAwWhcNMzEwMjAzMDQwNTA2WjAbMRkwFwYD
VQQDDBBtYWlsLmV4YW1wbGUub3JnMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
RCkp2RxWQP2/hz8D04uRgpdT+mufkRNhxsdn5gCmdPtlcJB1rzJGDhxedSjSy99W
I+OBW3XWdk9qFtd8gzcaUKMvMC0wDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQUfVvP
IDugBKdcxjjntVi0o8fhjvwwCgYIKoZIzj0EAwIDRwAwRAIgeyklWbaiFZT/sB1t
B3IM7VsXTeYXRXM506RyWUnOpzUCIELnAvmmjiQLmJncdkLH21RU60PBlHd8WsfS
x4pXzjBO
-----END CERTIFICATE-----
";

    #[test]
    fn a_certificate_says_when_it_ends_and_any_other_bytes_say_nothing() {
        let der = CertificateDer::from_pem_slice(PEM).unwrap();
        let ends = not_after(&der).unwrap();
        assert_eq!(ends.to_string(), "2031-02-03T04:05:06.000Z");
        let facts = facts(&der).unwrap();
        assert_eq!((facts.issuer.as_str(), facts.self_signed), ("CN=mail.example.org", true));
        for cut in 0..120 {
            assert_eq!(not_after(&der[..cut]), None, "{cut}");
        }
        for at in 0..der.len().min(200) {
            let mut damaged = der.to_vec();
            damaged[at] ^= 0xff;
            let _ = not_after(&damaged);
        }
    }

    #[test]
    fn years_have_two_digits_or_four() {
        let read = |kind: u8, text: &str| {
            time(&[&[kind, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()).map(|time| time.to_string())
        };
        assert_eq!(read(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59.000Z"));
        assert_eq!(read(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00.000Z"));
        assert_eq!(read(GENERALIZED_TIME, "20500101000000Z").as_deref(), Some("2050-01-01T00:00:00.000Z"));
        for (kind, text) in
            [(UTC_TIME, "4912312359Z"), (UTC_TIME, "490231235959Z"), (GENERALIZED_TIME, "20500101000000"), (4, "")]
        {
            assert_eq!(read(kind, text), None, "{text}");
        }
    }

    #[test]
    fn the_day_that_has_begun_is_not_counted() {
        let now = Time::from_millis(1_736_933_400_123);
        assert_eq!(days_left(now.plus_s(86_400 * 3 + 5), now), 3);
        assert_eq!(days_left(now.plus_s(-5), now), -1);
    }
}
