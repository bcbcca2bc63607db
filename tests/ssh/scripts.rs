//! Deployments by scripts that run on the host, through the door.

use serde_json::json;

use crate::support::{
    cut::{Cut, Way},
    mcp::{Client, House, collect},
    sshd::Sshd,
    wait::until,
};

/// A secret that the scripts get and print.
const TOKEN: &str = "sk-site-4f9d2c7be18a6053d7";
const DEPLOY: &str = "#!/bin/sh
set -e
root=$1 version=$2
. ./deployment-scripts/site-lib.sh
[ \"${3:-}\" != --dry-run ] || { say \"would deploy to $root\"; exit 0; }
echo \"$version\" >>\"$root/../starts\"
say \"deploys as $(id -un) with $SITE_TOKEN\"
while [ -e \"$root/../wait\" ]; do sleep 0.05; done
case $version in *fails) exit 8 ;; esac
echo \"$version\" >\"$root/page\"
";
const ROLLBACK: &str = "#!/bin/sh
set -e
. ./deployment-scripts/site-lib.sh
say \"goes back to $2\"
echo \"$2\" >\"$1/page\"
";

/// A house whose service `site` lives on the host, reached at `port`.
async fn house(host: &Sshd, port: u16, rehearsal: bool) -> House {
    let house = House::staging().await;
    std::fs::write(house.path("secrets/site"), TOKEN).unwrap();
    std::fs::set_permissions(house.path("secrets/site"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for version in ["v2025.02.01", "v2025.02.02", "v2025.02.03-fails"] {
        let lib = format!("say() {{ echo \"$1\"; }} # {version}\n");
        let scripts = [
            ("deployment-scripts/deploy-site.sh", DEPLOY),
            ("deployment-scripts/rollback-site.sh", ROLLBACK),
            ("deployment-scripts/site-lib.sh", lib.as_str()),
            ("deployment-scripts/smoke-site.sh", "#!/bin/sh\nexit 0\n"),
        ];
        house.commit(&scripts, version);
    }
    host.plant("site/page", "old\n");
    let login = format!(
        "rehearsal = {{ user = {:?}, identity_file = \"{}\" }}\n",
        host.rehearsal_user(),
        host.rehearsal_identity_file().display()
    );
    let repository = house.path("repository").display().to_string();
    let secret = house.path("secrets/site").display().to_string();
    house.configure(|text| {
        let text = text.replace("[secrets]\n", &format!("[secrets]\nSITE_TOKEN = \"file:{secret}\"\n"));
        format!(
            "{text}\n{}{}\n[services.site]\nrepository = \"{repository}\"\n\
             [[services.site.smoke]]\nname = \"page\"\nkind = \"script\"\nattempts = 1\n\
             script = \"deployment-scripts/smoke-site.sh\"\n\
             [services.site.deploy]\nkind = \"script\"\nruns = \"on_host\"\ndry_run_argument = \"--dry-run\"\n\
             script = {{ path = \"deployment-scripts/deploy-site.sh\", arguments = [\"{{root}}\", \"{{version}}\"], \
             timeout_s = 30, secrets = [\"SITE_TOKEN\"] }}\n\
             rollback = {{ path = \"deployment-scripts/rollback-site.sh\", arguments = [\"{{root}}\", \
             \"{{previous_version}}\"], timeout_s = 30 }}\n\
             [services.site.targets.production]\nhost = \"web\"\nroot = \"site\"\n",
            host.toml_at("web", port),
            if rehearsal { login.as_str() } else { "" },
        )
    });
    house
}

fn page(host: &Sshd) -> String {
    std::fs::read_to_string(host.path("site/page")).unwrap().trim_end().to_owned()
}

fn starts(host: &Sshd) -> String {
    std::fs::read_to_string(host.path("starts")).unwrap_or_default()
}

/// Begins to execute a plan and gives the operation's id.
async fn begin(client: &Client, plan: &str) -> String {
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let operation = begun.get("/operation/id").to_owned();
    assert!(!operation.is_empty(), "{}", begun.text);
    operation
}

#[tokio::test]
async fn a_script_deploys_on_the_host_and_another_goes_back() {
    let host = Sshd::start().await;
    let house = house(&host, host.port(), true).await;
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "site", "version": "v2025.02.01", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), Vec::<&str>::new(), "{}", dry.text);
    assert!(dry.text.contains(" on host web"), "{}", dry.text);
    assert_eq!((page(&host).as_str(), starts(&host).as_str()), ("old", ""));
    let done = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(page(&host), "v2025.02.01");
    let second = client.plan("site", "v2025.02.02").await;
    let done = client.execute("deploy_service", &second).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!((page(&host).as_str(), starts(&host).as_str()), ("v2025.02.02", "v2025.02.01\nv2025.02.02\n"));

    // A version that fails is taken back by the rollback script, there.
    let third = client.plan("site", "v2025.02.03-fails").await;
    let failed = client.execute("deploy_service", &third).await;
    assert_eq!(failed.get("/operation/state"), "rolled_back", "{}", failed.text);
    assert!(failed.text.contains("exit code 8"), "{}", failed.text);
    assert_eq!(page(&host), "v2025.02.02");

    let back = client.call("rollback", json!({ "service": "site", "wait_s": 40 })).await;
    assert!(back.text.contains(" on host web"), "{}", back.text);
    let done = client.execute("rollback", back.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(page(&host), "v2025.02.01");

    // The scripts printed their secret; it is nowhere.
    let mut found = std::collections::BTreeMap::new();
    collect(&house.path("data"), &mut found);
    collect(&house.path("quality-reports"), &mut found);
    collect(&host.path(".deploy-ops"), &mut found);
    let logged =
        found.iter().filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains("deploys as web1 with [redacted]"));
    assert!(logged.count() >= 3);
    for (path, bytes) in &found {
        assert!(!String::from_utf8_lossy(bytes).contains(TOKEN), "{}", path.display());
    }
    for text in [&dry.raw, &done.raw, &failed.raw, &client.log()] {
        assert!(!text.contains(TOKEN));
    }
}

#[tokio::test]
async fn without_a_login_that_only_reads_nothing_is_rehearsed_and_nothing_deployed() {
    let host = Sshd::start().await;
    let house = house(&host, host.port(), false).await;
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "site", "version": "v2025.02.01", "wait_s": 40 })).await;
    assert!(dry.blockers().contains(&"DRY_RUN_FAILED"), "{}", dry.text);
    assert!(dry.text.contains("no login that can only read"), "{}", dry.text);
    assert_eq!(client.execute("deploy_service", dry.get("/plan/id")).await.code(), "DRY_RUN_FAILED");
    assert_eq!((page(&host).as_str(), starts(&host).as_str()), ("old", ""));
}

#[tokio::test]
async fn a_deployment_outlives_the_kill_of_its_server_and_a_network_that_is_down() {
    let mut host = Sshd::start().await;
    let cut = Cut::before(host.port()).await;
    let house = house(&host, cut.port(), true).await;
    let client = house.server().await;
    let plan = client.plan("site", "v2025.02.01").await;
    host.plant("wait", "");
    let operation = begin(&client, &plan).await;
    until(|| (!starts(&host).is_empty()).then_some(())).await;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(client.server).unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    drop(client);
    // The next server begins while the network is down, and sees it come back with an sshd that was restarted.
    cut.down().await;
    let client = house.server().await;
    assert_eq!(client.until(&operation, |state| state == "running").await, "running");
    host.restart().await;
    cut.up().await;
    std::fs::remove_file(host.path("wait")).unwrap();
    assert_eq!(client.ended(&operation).await, "succeeded");
    assert_eq!((page(&host).as_str(), starts(&host).as_str()), ("v2025.02.01", "v2025.02.01\n"));
}

#[tokio::test]
async fn a_script_whose_runner_is_killed_waits_for_a_human() {
    let host = Sshd::start().await;
    let house = house(&host, host.port(), true).await;
    let client = house.server().await;
    let plan = client.plan("site", "v2025.02.01").await;
    host.plant("wait", "");
    let operation = begin(&client, &plan).await;
    until(|| (!starts(&host).is_empty()).then_some(())).await;
    let killed = host.run("kill -9 $(readlink .deploy-ops/runs/*/*/claim | cut -d' ' -f1)").await;
    assert_eq!(killed.code, Some(0), "{}", killed.stderr);
    let state = client.until(&operation, |state| !matches!(state, "running")).await;
    let status = client.call("operation_status", json!({ "operation": operation })).await;
    assert_eq!(state, "indeterminate", "{}", status.text);
    assert!(status.text.contains("Its process still runs, unwatched"), "{}", status.text);
    assert_eq!(starts(&host), "v2025.02.01\n");
}

#[tokio::test]
async fn the_migration_of_a_release_runs_where_the_release_lies() {
    let host = Sshd::start().await;
    let house = house(&host, host.port(), false).await;
    let migrate = "#!/bin/sh\nset -e\n. \"$(dirname \"$0\")/site-lib.sh\"\nsay \"$(id -un) in $PWD\" >>\"$DEPLOY_ROOT/../migrated\"\n\
                   test -f index.html\n";
    std::fs::create_dir(house.path("repository/public")).unwrap();
    house.commit(&[("public/index.html", "new\n"), ("deployment-scripts/migrate-page.sh", migrate)], "v2025.02.04");
    host.plant("page/shared/.keep", "");
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n[services.page]\nrepository = \"{repository}\"\n\
             [[services.page.smoke]]\nname = \"page\"\nkind = \"script\"\nattempts = 1\n\
             script = \"deployment-scripts/smoke-site.sh\"\n\
             [services.page.deploy]\nkind = \"release\"\nartifact = \"public\"\n\
             migrate = {{ path = \"deployment-scripts/migrate-page.sh\", timeout_s = 30 }}\n\
             [services.page.targets.production]\nhost = \"web\"\nroot = \"page\"\n"
        )
    });
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "page", "version": "v2025.02.04", "wait_s": 40 })).await;
    assert!(dry.text.contains(" on host web"), "{}", dry.text);
    let done = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let release = std::fs::read_link(host.path("page/current")).unwrap();
    let wanted = format!("web1 in {}/page/{}\n", host.root(), release.display());
    assert_eq!(std::fs::read_to_string(host.path("migrated")).unwrap(), wanted);
}

#[tokio::test]
async fn a_cancelled_script_is_ended_on_the_host_and_where_that_cannot_be_seen_a_human_is_asked() {
    let host = Sshd::start().await;
    let house = house(&host, host.port(), true).await;
    let client = house.server().await;
    host.plant("wait", "");
    let operation = begin(&client, &client.plan("site", "v2025.02.01").await).await;
    until(|| (starts(&host).lines().count() == 1).then_some(())).await;
    let asked = client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(client.ended(&operation).await, "cancelled", "{}", asked.text);
    let status = client.call("operation_status", json!({ "operation": operation, "journal": true })).await;
    assert!(status.text.contains("deploy-site.sh was ended after"), "{}", status.text);
    assert_eq!(page(&host), "", "the rollback script ran");

    let operation = begin(&client, &client.plan("site", "v2025.02.01").await).await;
    until(|| (starts(&host).lines().count() == 2).then_some(())).await;
    // As a login that sees other processes than the one that started it.
    let elsewhere = "for each in .deploy-ops/runs/*/do-*/claim; do text=$(readlink $each); rm $each; ln -s \"${text%:*}:1\" $each; done";
    assert_eq!(host.run(elsewhere).await.code, Some(0));
    let asked = client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(client.ended(&operation).await, "indeterminate", "{}", asked.text);
    let status = client.call("operation_status", json!({ "operation": operation })).await;
    assert!(status.text.contains("was told to end and may still run"), "{}", status.text);
    assert!(status.text.contains("deploy-ops decide"), "{}", status.text);
}

#[tokio::test]
async fn of_an_export_only_what_changed_is_sent_and_what_a_script_altered_is_put_right() {
    const SIZE: usize = 3 << 20;
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let house = house(&host, line.port(), true).await;
    // It alters its own export, and looks whether it got one that an earlier run altered.
    let deploy = "#!/bin/sh\nset -e\n[ \"${3:-}\" != --dry-run ] || exit 0\n\
                  cat lib/small >>\"$1/../seen\"\n[ ! -e left ]\n[ ! -h lib ]\n[ $(wc -c <big) = 3145728 ]\n\
                  echo altered >lib/small\ntouch left\nmv lib kept\nln -s kept lib\n";
    // Nothing that could be packed away.
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from(state >> 58).unwrap())
    };
    let big: String = (0..SIZE).map(|_| letter()).collect();
    std::fs::create_dir(house.path("repository/lib")).unwrap();
    let files = [("big", big.as_str()), ("lib/small", "one\n"), ("deployment-scripts/deploy-site.sh", deploy)];
    house.commit(&files, "v2025.03.01");
    house.commit(&[("other", "two\n")], "v2025.03.02");
    let client = house.server().await;
    let mut sent = Vec::new();
    for version in ["v2025.03.01", "v2025.03.02"] {
        let plan = client.plan("site", version).await;
        let before = line.passed(Way::ToServer);
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
        sent.push(line.passed(Way::ToServer) - before);
    }
    assert_eq!(std::fs::read_to_string(host.path("seen")).unwrap(), "one\none\n");
    assert!(sent[0] > SIZE as u64 / 2 && sent[1] < SIZE as u64 / 10, "{sent:?}");
    assert_eq!(std::fs::read_dir(host.path(".deploy-ops/runs")).unwrap().count(), 1, "old exports go");
}
