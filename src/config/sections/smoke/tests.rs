//! Mistakes of smoke checks, and what counts without a word.

use super::*;
use crate::{config::testing::check_with_inventory, domain::inventory::HeaderWanted};

#[test]
fn each_mistake_is_told() {
    let cases = [
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a""#,
            5,
            "services.a.smoke: kind is missing",
            "add kind",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "ping""#,
            7,
            "services.a.smoke.kind: is not one of the words",
            "write one of: http",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/""#,
            5,
            "services.a.smoke: is an HTTP check, but no target",
            "add url",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "//evil.example.org/""#,
            8,
            "services.a.smoke.path: is not a path below",
            "begin it",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
status = 42"#,
            9,
            "services.a.smoke.status: must be from 100 to 599",
            "use a number",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
through_host = true"#,
            5,
            "services.a.smoke: is asked through the host, but no target",
            "remove through_host",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
database = "crm""#,
            9,
            "unknown key",
            "Known keys: name",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/b""#,
            9,
            "services.a.smoke: a check of this name",
            "give each",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "A"
kind = "database"
database = "crm""#,
            6,
            "services.a.smoke.name: not a valid check name",
            "choose",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "database"
database = "cmr""#,
            8,
            "services.a.smoke.database: there is no database of this name",
            "did you mean crm",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "mailbox"
mailbox = "inf""#,
            8,
            "services.a.smoke.mailbox: there is no mailbox",
            "did you mean info",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "script"
script = "../x""#,
            8,
            "services.a.smoke.script: not a path below",
            "write it",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "database"
database = "crm"
attempts = 0"#,
            9,
            "services.a.smoke.attempts: must be from 1 to 20",
            "use a number",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
status = [200, 42]"#,
            9,
            "services.a.smoke.status: must be from 100 to 599",
            "use a number",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
status = []"#,
            9,
            "services.a.smoke.status: no status would be right",
            "write those",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
status = 301
ends_at = "https://b.example.org/""#,
            10,
            "services.a.smoke.ends_at: is the end of redirects",
            "remove it",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
headers = { "x y" = true }"#,
            9,
            "services.a.smoke.headers: one of its keys",
            "write names",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
certificate_warn_days = 2"#,
            9,
            "services.a.smoke.certificate_warn_days: is less",
            "make it",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "dns"
host = "192.0.2.1""#,
            8,
            "services.a.smoke.host: is not a host name",
            "write it as",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "dns"
host = "a.example.org"
a = ["2001:db8::1"]"#,
            9,
            "services.a.smoke.a: is not an address",
            "write IPv4",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "webhook"
ask = "post"
url = "https://a.example.org/""#,
            8,
            "services.a.smoke.ask: is not one of the words",
            "write one of: connect",
        ),
        (
            r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "webhook""#,
            5,
            "services.a.smoke: must have either",
            "give the URL",
        ),
        ("[smoke]\ndns_server = \"dns.example.org\"", 2, "smoke.dns_server: is not the address", "write it as 192"),
        ("[smoke]\ntimeout = 5", 2, "unknown key timeout in smoke", "did you mean timeout_ms"),
    ];
    for (text, line, message, fix) in cases {
        check_with_inventory(text, line, message, fix);
    }
}

#[test]
fn what_a_check_does_not_say_is_as_for_all_and_as_by_default() {
    let usual = |fragment: &str| {
        let text = format!("{fragment}\n{}", crate::config::testing::INVENTORY);
        crate::config::testing::parse(&text).unwrap().inventory
    };
    assert_eq!(usual("").smoke, SmokeRules::default());
    let service = r#"
[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
attempts = 7
headers = { Strict-Transport-Security = "max-age=", x-powered-by = false }
"#;
    let inventory = usual(&format!("[smoke]\nattempts = 2\ntimeout_ms = 500\ncertificate_fail_days = 20\n{service}"));
    let check = &inventory.services.values().next().unwrap().smoke[0];
    assert_eq!((check.attempts, check.timeout_ms), (7, 500));
    let SmokeKind::Http(http) = &check.kind else { panic!("{check:?}") };
    assert_eq!((http.certificate.warn, http.certificate.fail, &http.status[..]), (20, 20, &[200][..]));
    let wanted = [
        ("strict-transport-security", HeaderWanted::Holds("max-age=".to_owned())),
        ("x-powered-by", HeaderWanted::Absent),
    ];
    assert_eq!(http.headers, wanted.map(|(name, wanted)| (name.to_owned(), wanted)).into());
}
