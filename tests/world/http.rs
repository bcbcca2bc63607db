//! HTTP and smoke checks, against a server on the loopback address.

use std::time::Duration;

use axum::{Router, response::Redirect, routing::get};
use deploy_ops_mcp::{
    domain::{
        evidence::Outcome,
        inventory::{HttpCheck, SmokeCheck, SmokeKind, SmokeRules},
    },
    world::{
        http::{HttpRequest, Stopped},
        scripts::Placeholders,
    },
};

use crate::support::sandbox::{Sandbox, script};

async fn serve() -> String {
    let router = Router::new()
        .route("/", get(|| async { "welcome home" }))
        .route("/app/health", get(|| async { "ok v2" }))
        .route("/moved", get(|| async { Redirect::temporary("/app/health") }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/away", get(|| async { Redirect::temporary("http://other.example.org/") }))
        .route("/slow", get(|| async { std::future::pending::<&str>().await }))
        .route("/broken", get(|| async { (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "stack trace") }))
        .route("/large", get(|| async { "x".repeat(3 * 1024 * 1024) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn request(url: &str) -> HttpRequest {
    HttpRequest { redirects: 5, ..HttpRequest::get(url.parse().unwrap(), Duration::from_secs(5)) }
}

#[tokio::test]
async fn answers_are_told_as_they_are() {
    let sandbox = Sandbox::new(&[]);
    let (base, reader) = (serve().await, sandbox.world.reader());
    let ask = async |path: &str| reader.http_check(&request(&format!("{base}{path}"))).await;
    let moved = ask("/moved").await.unwrap();
    assert_eq!((moved.status, moved.body.as_slice(), moved.stopped), (200, &b"ok v2"[..], None));
    assert_eq!(moved.hops, [(307, "/app/health".to_owned())]);
    let away = ask("/away").await.unwrap();
    assert_eq!((away.status, away.hops.len(), away.stopped), (307, 0, Some(Stopped::Elsewhere)));
    assert_eq!(ask("/loop").await.unwrap().stopped, Some(Stopped::Loop));
    assert_eq!(ask("/broken").await.unwrap().status, 500);
    let large = ask("/large").await.unwrap();
    assert_eq!((large.body.len(), large.truncated), (256 * 1024, true));
    let mut slow = request(&format!("{base}/slow?token=hunter2"));
    slow.timeout = Duration::from_millis(200);
    let error = reader.http_check(&slow).await.unwrap_err();
    assert!(error.problem.contains("within 200 ms"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let closed = reader.http_check(&request("http://127.0.0.1:9/?token=hunter2")).await.unwrap_err();
    assert!(!format!("{closed} {closed:?}").contains("hunter2"), "{closed:?}");
}

#[tokio::test]
async fn hundreds_of_checks_at_once_are_fine() {
    let sandbox = Sandbox::new(&[]);
    let base = serve().await;
    let reader = sandbox.world.reader();
    let wanted = request(&format!("{base}/app/health"));
    let checks = futures::future::join_all((0..400).map(|_| reader.http_check(&wanted))).await;
    assert!(checks.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)));
}

#[tokio::test]
async fn a_service_is_checked_in_every_way_it_asks_for() {
    let base = serve().await;
    let check =
        |name: &str, kind: SmokeKind| SmokeCheck { name: name.parse().unwrap(), kind, timeout_ms: 5_000, attempts: 1 };
    let http = |path: &str, status, contains: Option<&str>| {
        SmokeKind::Http(HttpCheck {
            path: path.to_owned(),
            status: vec![status],
            contains: contains.map(str::to_owned),
            ..HttpCheck::of_url(&SmokeRules::default())
        })
    };
    let mut liar = script("liar.sh");
    liar.arguments = vec!["{version}".to_owned()];
    let sandbox = Sandbox::with(
        &[("x:liar.sh", "#!/bin/sh\necho PASS $1\nexit 1\n"), ("x:good.sh", "#!/bin/sh\ntest -e liar.sh\n")],
        |inventory| {
            let service = inventory.services.values_mut().next().unwrap();
            service.targets.values_mut().next().unwrap().url = Some(base.parse().unwrap());
            service.smoke = vec![
                check("health", http("/app/health", 200, Some("v2"))),
                check("text", http("/app/health", 200, Some("v9"))),
                check("away", http("/away", 307, None)),
                check("host", http("//other.example.org/x", 200, None)),
                check("database", SmokeKind::Database { database: "main".parse().unwrap() }),
                check("liar", SmokeKind::Script { script: liar }),
                check("good", SmokeKind::Script { script: script("good.sh") }),
                check("mail", SmokeKind::Mailbox { mailbox: "info".parse().unwrap() }),
            ];
        },
    );
    sandbox.fill(5, "WAL").await;
    let live = Placeholders {
        version: "v1".to_owned(),
        commit: sandbox.revision("v1").await.commit,
        ..Placeholders::default()
    };
    let reader = sandbox.world.reader();
    let report = reader.smoke(&sandbox.service, &sandbox.target(), Some(&live), "app@v1", 60).await.unwrap();
    let found: Vec<(&str, Outcome)> = report.checks.iter().map(|c| (c.name.as_str(), c.outcome)).collect();
    let (pass, fail) = (Outcome::Pass, Outcome::Fail);
    let wanted = [
        ("url", pass),
        ("health", pass),
        ("text", fail),
        ("away", pass),
        ("host", fail),
        ("database", pass),
        ("liar", fail),
        ("good", pass),
        ("mail", Outcome::Inconclusive),
    ];
    assert_eq!(found, wanted, "{:#?}", report.checks);
    assert_eq!(report.checks[6].untrusted_text.as_deref(), Some("PASS v1\n"));
    assert_eq!(report.evidence.outcome, fail);
    assert_eq!((report.evidence.counters["wanted"], report.evidence.counters["failed"]), (9, 3));
}

#[test]
fn placeholders_stay_one_argument_and_are_filled_once() {
    let filled = Placeholders {
        version: "{commit} $(x)".to_owned(),
        commit: "c".to_owned(),
        root: "/srv/a b".to_owned(),
        ..Placeholders::default()
    };
    let arguments = ["--to={version}", "{root}/x", "{unknown} {", "{previous_version}"].map(str::to_owned);
    assert_eq!(filled.fill(&arguments), ["--to={commit} $(x)", "/srv/a b/x", "{unknown} {", ""]);
}
