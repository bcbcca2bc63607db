//! The story, act by act.

use std::{io, path::Path, time::Duration};

use serde_json::{Value, json};

use super::{
    client::{Answer, Client},
    operator::Operator,
    sandbox::{RELEASES, Sandbox},
    screen::Screen,
};

/// The longest the demo waits for something, s.
const PATIENCE_S: u64 = 15;

/// Plays all acts. An error means that the demo could not go on; what was not observed stands on the screen.
pub(super) async fn tell(sandbox: &Sandbox, program: &Path, screen: &mut Screen) -> io::Result<()> {
    let mut stage = Stage {
        client: Client::start(program, &sandbox.config).await?,
        alice: Operator::new(&sandbox.config)?,
        wire: String::new(),
        sandbox,
        screen,
    };
    let [first, second, broken] = RELEASES;
    stage.nothing_without_a_dry_run().await?;
    stage.dry_run_and_approval(first).await?;
    stage.stale_plan(second).await?;
    stage.good_deployment(second).await?;
    stage.broken_release(second, broken).await?;
    stage.lying_dry_run(first).await?;
    let stage = stage.leak_and_crash(program, second).await?;
    stage.ledger().await
}

struct Stage<'a> {
    client: Client,
    alice: Operator,
    /// Everything that the client ever received.
    wire: String,
    sandbox: &'a Sandbox,
    screen: &'a mut Screen,
}

impl<'a> Stage<'a> {
    async fn nothing_without_a_dry_run(&mut self) -> io::Result<()> {
        self.screen.act("Nothing is deployed without a dry run");
        let answer = self.call("deploy_service", json!({ "mode": "execute" }), 2).await?;
        self.screen.observe("refused with DRY_RUN_MISSING", answer.is_error && answer.code() == "DRY_RUN_MISSING");
        let answer = self.call("deploy_service", json!({ "service": "shopp", "version": "v1" }), 2).await?;
        self.screen
            .observe("an unknown name is refused with the nearest one", answer.text.contains("Did you mean shop"));
        Ok(())
    }

    async fn dry_run_and_approval(&mut self, version: &str) -> io::Result<()> {
        self.screen.act("The dry run makes a plan; a human approves it outside the chat");
        let plan = self.dry_run("shop", version, 40).await?;
        self.screen.observe("the dry run made a plan with its rollback plan", !plan.is_empty());
        let answer = self.call("deploy_service", json!({ "mode": "execute", "plan": plan }), 2).await?;
        self.screen.observe("the model cannot approve: APPROVAL_REQUIRED", answer.code() == "APPROVAL_REQUIRED");
        let answer = self.approve_and_execute(&plan).await?;
        self.screen
            .observe("approved by Alice, the first release is live", answer.get("/operation/state") == "succeeded");
        Ok(())
    }

    async fn stale_plan(&mut self, version: &str) -> io::Result<()> {
        self.screen.act("A plan that no longer fits the world is refused");
        let plan = self.dry_run("shop", version, 0).await?;
        self.alice.approve(&plan).await?;
        self.screen.does("alice", "deploy-ops approve");
        self.sandbox.move_tag(version).await?;
        self.screen.does("somebody", &format!("git tag --force {version}"));
        let answer = self.call("deploy_service", json!({ "mode": "execute", "plan": plan }), 2).await?;
        let named = answer.code() == "PLAN_STALE" && answer.text.contains("commit");
        self.screen.observe("refused with PLAN_STALE, naming what changed", named);
        Ok(())
    }

    async fn good_deployment(&mut self, version: &str) -> io::Result<()> {
        self.screen.act("A good deployment, with a verified snapshot and a migration");
        let plan = self.dry_run("shop", version, 0).await?;
        let answer = self.approve_and_execute(&plan).await?;
        let metrics = |name: &str| answer.structured.pointer(&format!("/operation/metrics/{name}")).cloned();
        self.screen.observe("deployed, every check passed", answer.get("/operation/state") == "succeeded");
        self.screen.observe(
            "the snapshot was restored and compared before anything changed",
            metrics("restore_tested") == Some(Value::Bool(true)),
        );
        self.screen.observe("one migration was applied", metrics("migrations_applied") == Some(json!(1)));
        Ok(())
    }

    async fn broken_release(&mut self, good: &str, broken: &str) -> io::Result<()> {
        self.screen.act("A broken release rolls itself back");
        let plan = self.dry_run("shop", broken, 0).await?;
        let answer = self.approve_and_execute(&plan).await?;
        self.screen
            .observe("it was rolled back without anybody asking", answer.get("/operation/state") == "rolled_back");
        let answer = self.call("run_smoke", json!({ "services": ["shop"] }), 1).await?;
        self.screen.observe("the shop answers", answer.get("/outcome") == "PASS");
        let answer = self.call("list_services", json!({ "service": "shop" }), 0).await?;
        self.screen.observe(&format!("{good} is live"), answer.get("/services/0/targets/0/live") == good);
        let answer =
            self.call("deploy_service", json!({ "service": "shop", "version": broken, "wait_s": 40 }), 1).await?;
        let refused = answer.text.contains("VERSION_ROLLED_BACK");
        self.screen.observe("the same tag is refused from now on", refused);
        Ok(())
    }

    async fn lying_dry_run(&mut self, version: &str) -> io::Result<()> {
        self.screen.act("A script whose --dry-run deploys is found out");
        let answer =
            self.call("deploy_service", json!({ "service": "games", "version": version, "wait_s": 40 }), 1).await?;
        self.screen
            .observe("the dry run changed the target, so the plan is blocked", answer.text.contains("DRY_RUN_FAILED"));
        Ok(())
    }

    async fn leak_and_crash(mut self, program: &Path, version: &str) -> io::Result<Stage<'a>> {
        self.screen.act("The server is killed in the middle of a deployment whose script prints a password");
        let plan = self.dry_run("forum", version, 0).await?;
        self.alice.approve(&plan).await?;
        self.screen.does("alice", "deploy-ops approve");
        std::fs::write(self.sandbox.hold_file(), "")?;
        let answer = self.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 }), 1).await?;
        let operation = answer.get("/operation/id").to_owned();
        let begun = until(|| self.sandbox.forum_starts() == 1).await;
        self.screen.observe("the script is running", begun);
        self.screen.does("power cut", "kill -9 of the server");
        self.client.kill().await?;
        std::fs::remove_file(self.sandbox.hold_file())?;
        let client = Client::start(program, &self.sandbox.config).await?;
        let mut stage = Stage { client, ..self };
        stage.screen.does("client", "starts a new server");
        let arguments = json!({ "operation": operation, "wait_s": 40, "journal": true });
        let answer = stage.call("operation_status", arguments, 1).await?;
        stage.screen.observe("the operation went on to its end", answer.get("/detail/operation/state") == "succeeded");
        stage.screen.observe("the script ran once", stage.sandbox.forum_starts() == 1);
        let line = answer.text.lines().find(|line| line.contains("postgres://")).unwrap_or_default().trim().to_owned();
        stage.screen.answers(&line, 1);
        stage.screen.observe("its output shows [redacted] where the password was", line.contains("[redacted]"));
        let clean = !stage.wire.contains(&stage.sandbox.canary);
        stage.screen.observe("the password never reached the client", clean);
        Ok(stage)
    }

    async fn ledger(self) -> io::Result<()> {
        self.screen.act("The ledger tells all of it, and nobody has changed a word");
        self.screen.does("alice", "deploy-ops ledger verify");
        match self.alice.verify().await? {
            Ok((entries, head)) => {
                self.screen.answers(&format!("{entries} entries, head {head}"), 1);
                self.screen.observe("the chain is whole", entries > 20);
            }
            Err(error) => self.screen.observe(&error.to_string(), false),
        }
        let leaked = holds(&self.sandbox.directory.join("data"), &self.sandbox.canary)?
            || holds(&self.sandbox.directory.join("quality-reports"), &self.sandbox.canary)?;
        self.screen.observe("no password in the ledger, the outputs or the reports", !leaked);
        self.client.stop().await;
        Ok(())
    }

    /// A dry run; returns the plan id.
    async fn dry_run(&mut self, service: &str, version: &str, lines: usize) -> io::Result<String> {
        let arguments = json!({ "service": service, "version": version, "wait_s": 40 });
        let answer = self.call("deploy_service", arguments, lines.max(1)).await?;
        Ok(answer.get("/plan/id").to_owned())
    }

    async fn approve_and_execute(&mut self, plan: &str) -> io::Result<Answer> {
        self.alice.approve(plan).await?;
        self.screen.does("alice", "deploy-ops approve");
        self.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 40 }), 1).await
    }

    /// A call, shown as a client shows it.
    async fn call(&mut self, tool: &'static str, arguments: Value, lines: usize) -> io::Result<Answer> {
        self.screen.does("model", &format!("{tool} {arguments}"));
        let answer = self.client.call(tool, arguments).await?;
        self.screen.answers(&answer.text, lines);
        self.wire.push_str(&answer.raw);
        Ok(answer)
    }
}

/// Waits for a condition, bounded.
async fn until(condition: impl Fn() -> bool) -> bool {
    let end = tokio::time::Instant::now() + Duration::from_secs(PATIENCE_S);
    while tokio::time::Instant::now() < end {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    condition()
}

/// Whether any file below a directory holds the text.
fn holds(directory: &Path, text: &str) -> io::Result<bool> {
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() && memchr::memmem::find(&std::fs::read(entry.path())?, text.as_bytes()).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
