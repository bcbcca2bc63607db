//! Scripts, gates and checks that lie.

use serde_json::{Value, json};

use crate::support::mcp::House;

#[tokio::test]
async fn a_script_that_ignores_its_dry_run_argument_is_blocked() {
    let house = House::staging().await;
    let client = house.server().await;
    let dry =
        client.call("deploy_service", json!({ "service": "games", "version": "v2025.01.13", "wait_s": 40 })).await;
    assert!(dry.blockers().contains(&"DRY_RUN_FAILED"), "{}", dry.text);
    let refused = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(refused.code(), "DRY_RUN_FAILED", "{}", refused.text);
}

#[tokio::test]
async fn a_check_that_prints_pass_and_ends_badly_fails_and_the_version_goes_back() {
    let house = House::staging().await;
    house.commit(&[("deployment-scripts/smoke.sh", "#!/bin/sh\necho PASS: all good\nexit 1\n")], "v3");
    house.configure(|text| {
        format!("{text}\n[[services.forum.smoke]]\nname = \"liar\"\nkind = \"script\"\nscript = \"deployment-scripts/smoke.sh\"\nattempts = 1\n")
    });
    let client = house.server().await;
    let plan = client.plan("forum", "v3").await;
    let done = client.execute("deploy_service", &plan).await;
    assert!(matches!(done.get("/operation/state"), "rolled_back" | "failed"), "{}", done.text);
}

#[tokio::test]
async fn a_gate_that_is_killed_or_outlives_its_time_proves_nothing() {
    let house = House::staging().await;
    let marker = house.path("gate-child");
    let late = format!("#!/bin/sh\ntrap 'exit 0' TERM\n(sleep 300; touch {}) &\nwait\n", marker.display());
    house.commit(&[("gate-late.sh", &late), ("gate-killed.sh", "#!/bin/sh\nkill -9 $$\n")], "v3");
    house.configure(|text| {
        text.replace("[gates.scripts]", "[gates.late]\ncommand = [\"sh\", \"gate-late.sh\"]\ntimeout_s = 1\n[gates.killed]\ncommand = [\"sh\", \"gate-killed.sh\"]\n[gates.scripts]")
            .replace("gates = [\"scripts\"]", "gates = [\"late\", \"killed\"]")
    });
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "forum", "version": "v3", "wait_s": 40 })).await;
    assert!(dry.blockers().contains(&"GATES_NOT_GREEN"), "{}", dry.text);
    let outcome = |gate: &str| {
        let evidence = dry.structured["evidence"].as_array().unwrap();
        let found = evidence.iter().find(|e| e["summary"].as_str().unwrap_or_default().contains(gate));
        found.map_or(Value::Null, |found| found["outcome"].clone())
    };
    assert_eq!(outcome("late"), "INCONCLUSIVE", "{}", dry.text);
    assert_ne!(outcome("killed"), "PASS", "{}", dry.text);
    assert_eq!(client.execute("deploy_service", dry.get("/plan/id")).await.code(), "GATES_NOT_GREEN");
}

#[tokio::test]
async fn a_script_that_outlives_its_time_leaves_nothing_running() {
    let house = House::staging().await;
    let pid = house.path("child.pid");
    let sleeper =
        format!("#!/bin/sh\n[ \"${{1:-}}\" != --dry-run ] || exit 0\nsleep 300 &\necho $! > {}\nwait\n", pid.display());
    house.commit(&[("sleeper.sh", &sleeper)], "v3");
    house.add_script_service("sleepy", "sleeper.sh", 1, "");
    let client = house.server().await;
    let plan = client.plan("sleepy", "v3").await;
    let done = client.execute("deploy_service", &plan).await;
    assert!(matches!(done.get("/operation/state"), "rolled_back" | "failed"), "{}", done.text);
    let child = std::fs::read_to_string(pid).unwrap();
    let gone =
        std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).map_or(true, |stat| stat.contains(") Z "));
    assert!(gone, "the script's child still runs");
}

#[tokio::test]
async fn a_gibibyte_of_output_costs_no_memory_and_kills_no_script() {
    let house = House::staging().await;
    let wrote = house.path("wrote");
    let loud = format!("#!/bin/sh\nset -e\nhead -c 1073741824 /dev/zero\necho > {}\n", wrote.display());
    house.commit(&[("loud.sh", &loud)], "v3");
    house.configure(|text| {
        text.replace(
            "command = [\"sh\", \"deployment-scripts/gate.sh\"]\ntimeout_s = 30",
            "command = [\"sh\", \"loud.sh\"]\ntimeout_s = 300",
        )
    });
    let client = house.server().await;
    client.call("list_services", json!({})).await;
    let before = client.peak_kib();
    let dry = client.call("deploy_service", json!({ "service": "forum", "version": "v3", "wait_s": 40 })).await;
    assert_eq!(dry.get("/operation/state"), "succeeded", "{}", dry.text);
    assert!(wrote.exists(), "the script was not killed by a closed pipe");
    let grown = client.peak_kib() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more for 1 GiB of output");
}
