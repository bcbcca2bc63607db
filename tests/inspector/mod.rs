//! An operator's own application, deployed through the MCP Inspector's command line over each transport: from the first list of
//! the tools to the rollback, with the Inspector's exit codes and JSON.
//!
//! The Inspector comes from `tests/run`; without it these tests fail and say so.

mod approver;
mod client;
mod guestbook;
mod web;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use approver::Approver;
use client::{Answer, Inspector, Transport};
use guestbook::{BROKEN, FIRST, Guestbook, SECOND, run};

/// The Inspector's exit codes: answered, refused by the server (401 and 403), refused by the tool.
const ANSWERED: i32 = 0;
const UNAUTHORISED: i32 = 3;
const REFUSED: i32 = 5;

#[test]
fn the_guestbook_is_deployed_over_stdio() {
    tell(Transport::Stdio);
}

#[test]
fn the_guestbook_is_deployed_over_streamable_http() {
    tell(Transport::Http);
}

#[test]
fn the_guestbook_is_deployed_over_sse() {
    tell(Transport::Sse);
}

fn tell(transport: Transport) {
    let book = Guestbook::install();
    let story = Story {
        inspector: Inspector::new(&book, transport),
        approver: Approver::new(&book, transport == Transport::Stdio),
        book: &book,
        transport,
    };
    story.tell();
}

struct Story<'a> {
    book: &'a Guestbook,
    inspector: Inspector<'a>,
    approver: Approver<'a>,
    transport: Transport,
}

impl Story<'_> {
    fn tell(mut self) {
        self.lists_the_tools();
        self.refuses_what_has_no_dry_run();
        self.first_release();
        self.release_with_a_migration();
        let broken = self.broken_release();
        let head = self.rolls_back_to_the_first();
        self.reads_the_report(&broken);
        self.proves_the_ledger(&head);
        self.leaks_nothing();
    }

    fn lists_the_tools(&self) {
        for more in [&["--strict"][..], &["--protocol-era", "modern"]] {
            let answer = self.inspector.ask(&[&["--method", "tools/list"], more].concat());
            assert_eq!(answer.code, ANSWERED, "{more:?}: {}", answer.json);
            let tools = answer.json["tools"].as_array().unwrap();
            let names: BTreeSet<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
            for name in ["list_services", "deploy_service", "rollback", "operation_status", "read_file", "run_smoke"] {
                assert!(names.contains(name), "{name} in {names:?}");
            }
            assert!(tools.iter().all(|tool| tool["outputSchema"].is_object() && tool["annotations"].is_object()));
        }
        if self.transport != Transport::Stdio {
            let answer = self.inspector.ask_without_token(&["--method", "tools/list"]);
            assert_eq!(answer.code, UNAUTHORISED, "{}", answer.json);
        }
        let answer = self.inspector.call("list_services", json!({ "service": "guestbook" }));
        assert_eq!((answer.code, answer.text("/services/0/name")), (ANSWERED, "guestbook"), "{}", answer.json);
    }

    fn refuses_what_has_no_dry_run(&self) {
        let answer = self.inspector.call("deploy_service", json!({ "mode": "execute" }));
        assert_eq!((answer.code, answer.text("/error/code")), (REFUSED, "DRY_RUN_MISSING"), "{}", answer.json);
    }

    fn first_release(&mut self) {
        let plan = self.dry_run("deploy_service", json!({ "service": "guestbook", "version": FIRST }));
        assert!(!self.book.path("srv/guestbook/current").exists(), "a dry run changes nothing");
        let answer = self.inspector.call("deploy_service", json!({ "mode": "execute", "plan": plan }));
        assert_eq!((answer.code, answer.text("/error/code")), (REFUSED, "APPROVAL_REQUIRED"), "{}", answer.json);
        let shown = self.approver.approve(&plan);
        let requester = if self.transport == Transport::Stdio { "local:" } else { "client:inspector" };
        assert!(shown.contains(requester) && shown.contains(&plan), "{shown}");
        let answer = self.execute("deploy_service", &plan, "succeeded");
        assert_eq!(answer.json["structuredContent"]["operation"]["metrics"]["restore_tested"], true, "{}", answer.json);
        assert!(self.book.page("/").contains("Guestbook v1.0.0") && self.book.page("/").contains("1200 people"));
    }

    /// The client does not wait; it asks later how it went.
    fn release_with_a_migration(&mut self) {
        let plan = self.dry_run("deploy_service", json!({ "service": "guestbook", "version": SECOND }));
        self.approver.approve(&plan);
        let answer = self.inspector.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 }));
        assert_eq!(answer.code, ANSWERED, "{}", answer.json);
        let operation = answer.text("/operation/id").to_owned();
        let arguments = json!({ "operation": operation, "wait_s": 40, "journal": true });
        let answer = self.inspector.call("operation_status", arguments);
        let state = answer.text("/detail/operation/state");
        assert_eq!((answer.code, state), (ANSWERED, "succeeded"), "{}", answer.json);
        let metrics = &answer.json["structuredContent"]["detail"]["operation"]["metrics"];
        assert_eq!(
            (&metrics["migrations_applied"], &metrics["restore_tested"]),
            (&json!(1), &json!(true)),
            "{metrics}"
        );
        // The script printed the password; what it printed is there without it.
        let text = answer.json.to_string();
        assert!(text.contains("@legacy.example.org/guestbook") && text.contains("[redacted]"), "{text}");
        assert!(self.book.page("/").contains("Guestbook v1.1.0") && self.book.page("/").contains("in 1 moods"));
        assert_eq!(self.book.migration(), "0002_mood");
    }

    fn broken_release(&mut self) -> String {
        let arguments = json!({ "service": "guestbook", "version": BROKEN });
        let plan = self.dry_run("deploy_service", arguments.clone());
        self.approver.approve(&plan);
        let answer = self.execute("deploy_service", &plan, "rolled_back");
        assert!(self.book.page("/").contains("Guestbook v1.1.0"), "{}", self.book.page("/"));
        let smoke = self.inspector.call("run_smoke", json!({ "services": ["guestbook"] }));
        assert_eq!((smoke.code, smoke.text("/outcome")), (ANSWERED, "PASS"), "{}", smoke.json);
        let again = self.inspector.call("deploy_service", with_wait(arguments));
        assert!(again.json.to_string().contains("VERSION_ROLLED_BACK"), "{}", again.json);
        answer.text("/operation/id").to_owned()
    }

    /// The head of the ledger after it.
    fn rolls_back_to_the_first(&mut self) -> String {
        let databases = if self.transport == Transport::Http { "restore" } else { "keep" };
        let arguments = json!({ "service": "guestbook", "version": FIRST, "databases": databases });
        let plan = self.dry_run("rollback", arguments);
        self.approver.approve(&plan);
        let answer = self.execute("rollback", &plan, "succeeded");
        let page = self.book.page("/");
        assert!(page.contains("Guestbook v1.0.0") && page.contains("1200 people"), "{page}");
        let at = if databases == "restore" { "0001_entries" } else { "0002_mood" };
        assert_eq!(self.book.migration(), at);
        answer.text("/ledger").to_owned()
    }

    fn reads_the_report(&self, operation: &str) {
        let list = self.inspector.ask(&["--method", "resources/list"]);
        assert!(list.code == ANSWERED && list.json.to_string().contains(operation), "{}", list.json);
        let report = self.inspector.read(&format!("deploy-ops://reports/{operation}"));
        for wanted in ["# guestbook v1.2.0 in production", "ROLLED BACK", "## Verdict: FAILED", "deployment/deploy.sh"]
        {
            assert!(report.contains(wanted), "{wanted} in {report}");
        }
        let entries = self.inspector.call("read_file", json!({ "root": "reports" }));
        let short = operation.rsplit('-').next().unwrap();
        let names = entries.json["structuredContent"]["entries"].as_array().unwrap();
        let name = names
            .iter()
            .filter_map(|entry| entry["name"].as_str())
            .find(|name| name.contains(short) && name.ends_with(".md"));
        let answer =
            self.inspector.call("read_file", json!({ "root": "reports", "path": name.unwrap(), "limit": 400 }));
        assert_eq!(answer.code, ANSWERED, "{}", answer.json);
        let read: String = answer
            .text("/untrusted_text")
            .lines()
            .map(|line| line.split_once(": ").unwrap().1.to_owned() + "\n")
            .collect();
        // The file goes on with the data that it can be verified by.
        assert!(read.starts_with(report.trim_end()), "the resource and the file are the same report");
        let environment = self.inspector.call("read_file", json!({ "root": "site", "path": "shared/.env" }));
        assert!(environment.text("/untrusted_text").contains("GUESTBOOK_MAIL_KEY"), "{}", environment.json);
    }

    fn proves_the_ledger(&self, head: &str) {
        let said = run(self.book.deploy_ops().args(["ledger", "verify", "--contains", head]));
        assert!(said.starts_with("OK"), "{said}");
    }

    fn leaks_nothing(self) {
        let looked = run(self.book.deploy_ops().args(["operations"]))
            + &run(self.book.deploy_ops().args(["ledger", "tail", "-n", "500", "--json"]));
        let out = self.inspector.end() + &self.approver.seen + &looked;
        assert!(!out.contains("unknown format"), "the Inspector's validator warns of our schemas");
        let kept = self.book.kept();
        assert!(kept.len() > 5, "the ledger, outputs and reports are looked at");
        for (name, canary) in self.book.canaries() {
            assert!(!out.contains(&canary), "{name} came out");
            for (path, bytes) in &kept {
                let held = memchr::memmem::find(bytes, canary.as_bytes()).is_some();
                assert!(!held, "{name} is in {}", path.display());
            }
        }
    }

    /// A dry run with its plan.
    fn dry_run(&self, tool: &str, arguments: Value) -> String {
        let answer = self.inspector.call(tool, with_wait(arguments));
        let plan = answer.text("/plan/id").to_owned();
        assert!(answer.code == ANSWERED && plan.starts_with("plan_"), "{}", answer.json);
        plan
    }

    fn execute(&self, tool: &str, plan: &str, state: &str) -> Answer {
        let answer = self.inspector.call(tool, with_wait(json!({ "mode": "execute", "plan": plan })));
        assert_eq!((answer.code, answer.text("/operation/state")), (ANSWERED, state), "{}", answer.json);
        answer
    }
}

fn with_wait(mut arguments: Value) -> Value {
    arguments["wait_s"] = 40.into();
    arguments
}
