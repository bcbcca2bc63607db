//! A report in a real browser: light and dark, wide and narrow.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::{deployed, report};
use crate::support::mcp::House;

/// What Chromium shows of a file.
fn look(file: &Path, pictures: &Path) -> Vec<Value> {
    let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run"));
    let output = Command::new(given("DEPLOY_OPS_TEST_NODE"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports/look.cjs"))
        .args([file, pictures])
        .env("NODE_PATH", Path::new(&given("DEPLOY_OPS_TEST_TOOLS")).join("node_modules"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_report_reads_in_light_and_dark_wide_and_narrow() {
    let house = House::staging().await;
    let hostile = "</pre></main><script>document.title='x'</script><img src=https://example.org/x onerror=x> ![x](http://example.org)";
    house
        .commit(&[("deployment-scripts/gate.sh", &format!("#!/bin/sh\ncat <<'END'\n{hostile}\nEND\n"))], "v2025.01.16");
    let client = house.server().await;
    let operations = deployed(&house, &client).await;
    let file = report(&house, &operations[2], "html");
    let pictures = std::env::var("REPORT_PICTURES").map_or_else(|_| house.path(""), Into::into);
    let seen = look(&file, &pictures);
    assert_eq!(seen.len(), 4);
    for one in &seen {
        let how = format!("{} {}", one["colorScheme"], one["width"]);
        assert_eq!(one["overflow"], 0, "{how}: the page is wider than the window");
        assert_eq!(one["requests"], 1, "{how}: it asks for nothing but itself");
        for empty in ["complaints", "weak", "elements"] {
            assert_eq!(one[empty].as_array().unwrap(), &Vec::<Value>::new(), "{how}: {empty}");
        }
        assert_eq!((one["unnamed"].as_u64(), one["unscoped"].as_u64()), (Some(0), Some(0)), "{how}");
        let headings = one["headings"].to_string();
        for heading in ["shop v2025.01.15 in production", "Verdict", "Timeline", "Trend", "Proof"] {
            assert!(headings.contains(heading), "{how}: {headings}");
        }
        assert!(one["text"].as_str().unwrap().contains("ROLLED BACK"), "{how}");
    }
    assert_ne!(seen[0]["background"], seen[2]["background"], "dark is another page than light");
}
