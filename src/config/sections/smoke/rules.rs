//! `[smoke]`

use std::net::SocketAddr;

use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::inventory::{CertificateDays, SmokeRules},
};

const KEYS: &[&str] = &["timeout_ms", "attempts", "certificate_warn_days", "certificate_fail_days", "dns_server"];

/// What holds for every check that does not say otherwise.
pub(in crate::config::sections) fn read(item: &Item<'_>) -> Option<SmokeRules> {
    let section = item.section(KEYS)?;
    Some(SmokeRules {
        timeout_ms: section.number("timeout_ms", defaults::SMOKE_TIMEOUT_MS),
        attempts: section.number("attempts", defaults::SMOKE_ATTEMPTS),
        certificate: certificate(&section, CertificateDays::default()),
        dns_server: section.optional("dns_server").and_then(|item| dns_server(&item)),
    })
}

/// When the end of a certificate is told, where a section says so.
pub(super) fn certificate(section: &Section<'_>, usual: CertificateDays) -> CertificateDays {
    let days =
        |key, usual| section.optional(key).and_then(|item| item.number(defaults::CERTIFICATE_DAYS)).unwrap_or(usual);
    let fail = days("certificate_fail_days", usual.fail);
    let warn = days("certificate_warn_days", usual.warn.max(fail));
    if let Some(item) = section.optional("certificate_warn_days").filter(|_| warn < fail) {
        item.error("is less than certificate_fail_days, so nobody is warned", "make it the greater of the two");
    }
    CertificateDays { warn, fail }
}

/// An address and perhaps a port: a name would have to be resolved itself.
fn dns_server(item: &Item<'_>) -> Option<SocketAddr> {
    let text = item.text()?;
    let alone = text.parse().map(|address| SocketAddr::new(address, 53));
    let found = text.parse().or(alone).ok();
    if found.is_none() {
        item.error("is not the address of a DNS server", "write it as 192.0.2.53 or 192.0.2.53:5353");
    }
    found
}
