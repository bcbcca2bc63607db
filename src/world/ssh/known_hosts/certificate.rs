//! Whether a certificate that an authority of the host signed is good for the host now.

use russh::keys::{Algorithm, Certificate, HashAlg, ssh_key::certificate::CertType};

use crate::domain::{pattern, time::Time};

/// What is wrong with a certificate, in our words. Its signing key is one of the host's authorities; the rest is judged here.
///
/// Stricter than OpenSSH before 10.3 in one point: a certificate that names no host is good for none.
pub(super) fn problem(certificate: &Certificate, host: &str, now: Time) -> Option<String> {
    let told = |text: &str| Some(text.to_owned());
    if certificate.cert_type() != CertType::Host {
        return told("it is a user's certificate");
    }
    if certificate.signature().algorithm() == (Algorithm::Rsa { hash: None }) {
        return told("it is signed with SHA-1");
    }
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    let seconds = u64::try_from(now.as_millis() / 1000).unwrap_or(0);
    if seconds < certificate.valid_after() {
        return told("it is not valid yet; compare the clocks");
    }
    if seconds >= certificate.valid_before() {
        return told("it has expired");
    }
    if certificate.validate_at(seconds, [&authority]).is_err() {
        return told("its signature is wrong");
    }
    if certificate.critical_options().iter().next().is_some() {
        return told("it has a critical option, which no host certificate has");
    }
    let principals = certificate.valid_principals();
    if principals.is_empty() {
        return told("it names no host");
    }
    let names_host = principals.iter().any(|name| pattern::matches(&name.to_lowercase(), host));
    if names_host { None } else { told("it is for other hosts") }
}
