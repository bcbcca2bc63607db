//! A page: its status, where redirects end, its headers and text, how long it took, and how long its certificate is good.

use std::time::Duration;

use url::Url;

use super::{Found, OUTPUT, Timed, is_of_the_way};
use crate::{
    domain::{
        inventory::{HeaderWanted, HttpCheck, Target},
        time::Time,
    },
    world::{
        Reader, WorldError,
        certificate::days_left,
        chain::Refused,
        http::{BODY, HttpAnswer, HttpRequest, Stopped},
    },
};

/// The headers that are shown. Cookies are never among them, nor what a service may call as it likes.
const SHOWN: [&str; 17] = [
    "age",
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "location",
    "referrer-policy",
    "retry-after",
    "server",
    "strict-transport-security",
    "vary",
    "via",
    "x-content-type-options",
    "x-frame-options",
    "x-powered-by",
];

pub(super) async fn attempt(reader: &Reader<'_>, target: &Target, check: &HttpCheck, timeout: Duration) -> Timed {
    let Some(base) = &target.url else {
        return Found::inconclusive("The target has no URL; set url in deploy-ops.toml.".to_owned()).at_once();
    };
    let through_host = check.through_host.unwrap_or(target.through_host);
    let shown = SHOWN.iter().map(|name| (*name).to_owned());
    let searched =
        check.contains.is_some() || check.lacks.is_some() || check.matches.is_some() || check.not_matches.is_some();
    let request = HttpRequest {
        redirects: if check.follows() { check.max_redirects } else { 0 },
        ends_at: check.ends_at.clone(),
        headers: shown.chain(check.headers.keys().cloned()).collect(),
        // More than is shown, so that no secret is cut before it is redacted.
        keep: if searched { BODY } else { 2 * OUTPUT },
        through: through_host.then(|| target.host.clone()),
        private_network: target.private_network,
        ca: target.ca.clone(),
        ..HttpRequest::get(below(base, &check.path), timeout)
    };
    let from = request.through.as_ref().map_or_else(String::new, |host| format!(" through host {host}"));
    let address = match reader.http_address(&request).await {
        Ok(address) => address,
        Err(error) => return unanswered(&error, &from).at_once(),
    };
    let _turn = reader.world.pace.question(address).await;
    Timed::of(Box::pin(async {
        match reader.http_check(&request).await {
            Ok(answer) => judge(check, &answer, &from, reader.now()),
            Err(error) => unanswered(&error, &from),
        }
    }))
    .await
}

fn unanswered(error: &WorldError, from: &str) -> Found {
    if is_of_the_way(error) {
        return Found::inconclusive(format!("Not asked{from}: {}.", error.problem));
    }
    let refused = error.source.as_ref().and_then(|source| Refused::of(&**source));
    let facts = refused.and_then(|refused| refused.facts.as_ref());
    let untrusted_text = facts.map(|facts| certificate_line(&facts.issuer, facts.ends));
    Found { untrusted_text, ..Found::fail(format!("No answer{from}: {}.", error.problem)) }
}

/// What an answer says. Pure.
fn judge(check: &HttpCheck, answer: &HttpAnswer, from: &str, now: Time) -> Found {
    let status = answer.status;
    let days = answer.certificate.as_ref().map(|certificate| days_left(certificate.ends, now));
    let faults = faults(check, answer, days);
    let wrong_status = (!check.status.contains(&status)).then(|| {
        let wanted: Vec<String> = check.status.iter().map(u16::to_string).collect();
        let wanted = wanted.join(" or ");
        match answer.stopped {
            Some(Stopped::Elsewhere) => format!("HTTP {status}{from} to another host, wanted {wanted}"),
            Some(Stopped::Loop) => format!("HTTP {status}{from} in a redirect loop, wanted {wanted}"),
            Some(Stopped::TooMany) => {
                format!(
                    "HTTP {status}{from} after {} redirects, the most that are followed, wanted {wanted}",
                    answer.hops.len()
                )
            }
            None => format!("HTTP {status}{from}, wanted {wanted}"),
        }
    });
    let warning = days.filter(|days| *days < i64::from(check.certificate.warn));
    let warning = warning.map(|days| format!("its TLS certificate ends in {days} days"));
    let mut found = match (wrong_status, faults.is_empty()) {
        (Some(wrong), true) => Found::fail(format!("{wrong}.")),
        (Some(wrong), false) => Found::fail(format!("{wrong}; {}.", faults.join("; "))),
        (None, false) => Found::fail(format!("HTTP {status}{from}, but {}.", faults.join("; "))),
        (None, true) => {
            let mut said = format!("HTTP {status}{from} in {} ms", answer.time_ms);
            if !answer.hops.is_empty() {
                said.push_str(&format!(", redirected {}×", answer.hops.len()));
            }
            if let Some(days) = days {
                said.push_str(&format!(", certificate valid for {days} days"));
            }
            Found { warning, ..Found::pass(format!("{said}.")) }
        }
    };
    if !found.passed() || found.warning.is_some() {
        found.untrusted_text = Some(transcript(answer, !found.passed()));
    }
    Found { status: Some(status), ..found }
}

/// What is wrong besides the status.
fn faults(check: &HttpCheck, answer: &HttpAnswer, days: Option<i64>) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(wanted) = check.ends_at.as_ref().filter(|wanted| !is_at(answer.url.as_ref(), wanted)) {
        faults.push(format!("redirects do not end at {wanted}"));
    }
    let holds = |text: &String| memchr::memmem::find(&answer.body, text.as_bytes()).is_some();
    if check.contains.as_ref().is_some_and(|text| !holds(text)) {
        faults.push("the wanted text is missing".to_owned());
    }
    if check.lacks.as_ref().is_some_and(holds) {
        faults.push("a text is there that must not be".to_owned());
    }
    if check.matches.as_ref().is_some_and(|pattern| !pattern.is_in(&answer.body)) {
        faults.push("no text matches the wanted pattern".to_owned());
    }
    if check.not_matches.as_ref().is_some_and(|pattern| pattern.is_in(&answer.body)) {
        faults.push("a text matches a pattern that none may match".to_owned());
    }
    for (name, wanted) in &check.headers {
        match (wanted, answer.headers.get(name)) {
            (HeaderWanted::Present | HeaderWanted::Holds(_), None) => faults.push(format!("header {name} is missing")),
            (HeaderWanted::Absent, Some(_)) => faults.push(format!("header {name} is there, and must not be")),
            (HeaderWanted::Holds(text), Some(value))
                if !value.to_ascii_lowercase().contains(&text.to_ascii_lowercase()) =>
            {
                faults.push(format!("header {name} does not hold what is wanted"));
            }
            _ => {}
        }
    }
    if let Some(most) = check.max_ms.filter(|most| answer.time_ms > u64::from(*most)) {
        faults.push(format!("it took {} ms, more than {most} ms", answer.time_ms));
    }
    if let Some(days) = days.filter(|days| *days < i64::from(check.certificate.fail)) {
        faults.push(format!("its TLS certificate ends in {days} days"));
    }
    faults
}

/// Whether an answer came from there.
fn is_at(url: Option<&Url>, wanted: &Url) -> bool {
    let place = |url: &Url| (url.origin(), url.path().to_owned());
    url.is_some_and(|url| place(url) == place(wanted))
}

/// What others wrote: where redirects led, the certificate, headers, an empty line, and the begin of the page.
fn transcript(answer: &HttpAnswer, page: bool) -> String {
    let mut text = String::new();
    if !answer.hops.is_empty() {
        let hops: Vec<String> = answer.hops.iter().map(|(status, path)| format!("{status} {path}")).collect();
        text.push_str(&format!("redirects: {}\n", hops.join(", ")));
    }
    if let Some(certificate) = &answer.certificate {
        text.push_str(&certificate_line(&certificate.issuer, certificate.ends));
    }
    if !page {
        return text;
    }
    for (name, value) in answer.headers.iter().filter(|(name, _)| SHOWN.contains(&name.as_str())) {
        // What stands behind the path of an address may let in whoever has it.
        let value = if name == "location" { before_query(value) } else { value };
        text.push_str(&format!("{name}: {value}\n"));
    }
    let body = answer.body.get(..answer.body.len().min(2 * OUTPUT)).unwrap_or_default();
    text.push_str(&format!("\n{}", String::from_utf8_lossy(body)));
    text.trim_start().to_owned()
}

fn certificate_line(issuer: &str, ends: Time) -> String {
    format!("certificate: until {ends}, by {issuer}\n")
}

fn before_query(location: &str) -> &str {
    let location = location.split(['?', '#']).next().unwrap_or_default();
    // User and password.
    if location.contains('@') { "" } else { location }
}

/// Path and query below a URL. Nothing in `path` can change the host: it is set as path and query, never parsed as a URL.
pub(in crate::world) fn below(base: &Url, path: &str) -> Url {
    if path.is_empty() {
        return base.clone();
    }
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/')));
    url.set_query(query);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{evidence::Outcome, inventory::SmokeRules},
        world::http::CertificateSeen,
    };

    fn now() -> Time {
        Time::from_millis(1_800_000_000_000)
    }

    fn found(check: impl Fn(&mut HttpCheck), answer: impl Fn(&mut HttpAnswer)) -> (Outcome, String, Option<String>) {
        let (mut wanted, mut given) =
            (HttpCheck::of_url(&SmokeRules::default()), HttpAnswer { status: 200, ..HttpAnswer::default() });
        check(&mut wanted);
        answer(&mut given);
        let found = judge(&wanted, &given, "", now());
        (found.outcome, found.detail, found.warning)
    }

    #[test]
    fn days_below_the_limits_warn_and_fail() {
        let with_days = |days: i64| {
            let ends = now().plus_s(days * 86_400 + 60);
            found(|_| {}, |a| a.certificate = Some(CertificateSeen { ends, issuer: String::new() }))
        };
        let warning = |days| Some(format!("its TLS certificate ends in {days} days"));
        assert_eq!(with_days(14).2, None);
        assert_eq!((with_days(13).0, with_days(13).2), (Outcome::Pass, warning(13)));
        assert_eq!((with_days(3).0, with_days(3).2), (Outcome::Pass, warning(3)));
        assert_eq!(with_days(2).1, "HTTP 200, but its TLS certificate ends in 2 days.");
    }

    #[test]
    fn every_fault_is_told() {
        let (outcome, told, _) = found(
            |check| {
                check.status = vec![200, 204];
                check.max_ms = Some(10);
                check.lacks = Some("oops".to_owned());
                check.ends_at = Some("https://www.example.org/".parse().unwrap());
                check.headers.insert("x".to_owned(), HeaderWanted::Absent);
                check.headers.insert("y".to_owned(), HeaderWanted::Holds("Max".to_owned()));
            },
            |answer| {
                answer.status = 500;
                answer.time_ms = 11;
                answer.body = b"oops".to_vec();
                answer.headers = [("x", "1"), ("y", "mAx-age")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
            },
        );
        let all = "HTTP 500, wanted 200 or 204; redirects do not end at https://www.example.org/; a text is there that must not \
                   be; header x is there, and must not be; it took 11 ms, more than 10 ms.";
        assert_eq!((outcome, told.as_str()), (Outcome::Fail, all));
    }

    #[test]
    fn addresses_keep_what_lets_in_to_themselves() {
        assert_eq!(before_query("https://a.example.org/x?token=1"), "https://a.example.org/x");
        assert_eq!(before_query("/x#token"), "/x");
        assert_eq!(before_query("https://user:password@a.example.org/x"), "");
    }
}
