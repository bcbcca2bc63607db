//! Each fault is what it says, and touches nothing else.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;

use super::{Answer, Curl};
use crate::support::github::{Fault, GitHub};

async fn shop() -> (GitHub, Curl) {
    let github = GitHub::start().await;
    github.edit(|world| {
        let shop = world.repository("acme/shop");
        for n in 0..40 {
            shop.issue("ada", &format!("Issue {n}"), &[]);
        }
    });
    let curl = Curl::new(&github);
    (github, curl)
}

const ISSUES: &str = "/repos/acme/shop/issues";

#[tokio::test]
async fn the_call_that_is_meant_goes_wrong_and_no_other() {
    let (github, curl) = shop().await;
    github.fault_once("GET {repo}/issues", 2, Fault::Status(502));
    github.fault_once("GET {repo}/issues", 3, Fault::SecondaryLimit { status: 403, retry_after_s: 7 });
    github.fault_once("GET {repo}/issues", 4, Fault::PrimaryLimit);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = curl.get(ISSUES).await;
        seen.push((answer.status, answer.header("retry-after").to_owned()));
    }
    assert_eq!(seen, [(200, String::new()), (502, String::new()), (403, "7".to_owned()), (403, String::new())]);
    github.edit(|world| world.token(github.token()).rate.leave(100));
    assert_eq!(curl.get(ISSUES).await.status, 200);
    github.fault("GET {repo}/issues", Fault::RevokeToken);
    assert_eq!(curl.get(ISSUES).await.status, 401);
}

#[tokio::test]
async fn lists_can_lie() {
    let (github, curl) = shop().await;
    github.fault_once("GET {repo}/issues", 1, Fault::EmptyPage);
    github.fault_once("GET {repo}/issues", 2, Fault::NoNextPage);
    let empty = curl.get(ISSUES).await;
    assert_eq!((empty.body, empty.headers.get("link")), (json!([]), None));
    let last = curl.get(ISSUES).await;
    assert_eq!((last.body.as_array().unwrap().len(), last.next()), (30, None));
    let whole = curl.get(ISSUES).await;
    assert!(whole.next().is_some());
    // Nor does the server say then that nothing has changed.
    github.fault_once("GET {repo}/issues", 1, Fault::EmptyPage);
    let known = [("if-none-match", whole.header("etag"))];
    let empty = Answer::read(curl.send(Method::GET, ISSUES, &known, None).await.unwrap()).await;
    assert_eq!((empty.status, &empty.body), (200, &json!([])));
    assert_ne!(empty.header("etag"), whole.header("etag"));
}

#[tokio::test]
async fn answers_break_off_or_never_come() {
    let (github, curl) = shop().await;
    let get = async || curl.send(Method::GET, ISSUES, &[], None).await;
    github.fault_once("GET {repo}/issues", 1, Fault::Cut);
    github.fault_once("GET {repo}/issues", 2, Fault::Closed);
    github.fault_once("GET {repo}/issues", 3, Fault::InvalidJson);
    github.fault_once("GET {repo}/issues", 4, Fault::Html);
    let mut cut = get().await.unwrap();
    assert!(!cut.chunk().await.unwrap().unwrap().is_empty());
    while let Ok(more) = cut.chunk().await {
        assert!(more.is_some(), "a body that breaks off looks whole");
    }
    assert!(get().await.is_err());
    assert!(get().await.unwrap().bytes().await.unwrap().ends_with(b"tru"));
    assert_eq!(get().await.unwrap().headers()["content-type"], "text/html");
    github.fault_once("GET {repo}/issues", 1, Fault::Endless);
    let mut endless = get().await.unwrap();
    let mut length = 0;
    while length < 4 << 20 {
        length += endless.chunk().await.unwrap().unwrap().len();
    }
    github.fault_once("GET {repo}/issues", 1, Fault::Hang);
    assert!(timeout(Duration::from_millis(100), get()).await.is_err());
    github.fault_once("GET {repo}/issues", 1, Fault::Slow(Duration::from_millis(20)));
    assert_eq!(get().await.unwrap().status(), 200);
    github.down();
    assert!(get().await.is_err());
    github.mend();
    assert_eq!(get().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_lost_answer_leaves_what_was_done() {
    let (github, curl) = shop().await;
    let comment = json!({ "body": "Done." });
    for (fault, comments) in [(Fault::Lost, 1), (Fault::Closed, 1), (Fault::Status(500), 1)] {
        github.fault_once("POST comments", 1, fault);
        let _ = curl.send(Method::POST, &format!("{ISSUES}/1/comments"), &[], Some(&comment)).await;
        assert_eq!(github.edit(|world| world.repository("acme/shop").comments(1).len()), comments);
    }
    let asked = github.asked("POST comments");
    assert_eq!(asked.iter().map(|asked| asked.status).collect::<Vec<_>>(), [0, 0, 500]);
    assert_eq!(asked[0].body, comment);
    assert_eq!(asked[0].login, "deploy-bot");
}
