//! Reports in a real browser: light and dark, wide and narrow, and with hostile text wherever an outsider can put some.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use deploy_ops_mcp::domain::{
    digest::Digest,
    report::{Form, Signed, pictures},
};
use serde_json::{Value, json};

use super::{deployed, report};
use crate::support::{e2e::given, mcp::House};

/// What wants to run, to load, to end what it stands in, and to turn the direction of reading.
const HOSTILE: &str = "</pre></td></main></style></title><script>window.ran=1;alert(1)</script>\
    <img src=https://example.org/x onerror=\"window.ran=2;alert(2)\"><svg onload=alert(3)>\
    <iframe srcdoc='<script>parent.ran=3</script>'></iframe><a href=\"javascript:window.ran=4\">x</a>\
    <base href=https://example.org/><link rel=stylesheet href=https://example.org/s.css><meta http-equiv=refresh content=0;https://example.org/>\
    data:text/html,<script>alert(5)</script> javascript:alert(6) ![x](http://example.org/y) \
    \" autofocus onfocus=alert(7) x=\"' onmouseover='alert(8)' &lt;script&gt; \u{202e}drawkcab\u{2066} \u{1b}[31m `code` | cell";

/// What Chromium shows of files, four times each.
fn look(files: &[&Path], pictures: &Path) -> Vec<Value> {
    let output = Command::new(given("DEPLOY_OPS_TEST_NODE"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports/look.cjs"))
        .arg(pictures)
        .args(files)
        .env("NODE_PATH", given("DEPLOY_OPS_TEST_TOOLS").join("node_modules"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn reports_read_in_light_and_dark_wide_and_narrow_and_nothing_in_them_runs() {
    let house = House::staging().await;
    let client = house.server().await;
    let operations = deployed(&house, &client).await;
    let (usual, hostile) = (report(&house, &operations[2], "html"), house.path("hostile.html"));
    std::fs::write(&hostile, hostile_page()).unwrap();
    let pictures: PathBuf = std::env::var("REPORT_PICTURES").map_or_else(|_| house.path(""), Into::into);
    let seen = look(&[&usual, &hostile], &pictures);
    assert_eq!(seen.len(), 8);
    for one in &seen {
        let how = format!("{} {} {}", one["colorScheme"], one["width"], one["headings"]);
        assert_eq!(one["overflow"], 0, "{how}: the page is wider than the window");
        assert_eq!(one["requests"], 1, "{how}: it asks for nothing but itself");
        for empty in ["complaints", "weak", "elements", "handlers", "links"] {
            assert_eq!(one[empty].as_array().unwrap(), &Vec::<Value>::new(), "{how}: {empty}");
        }
        for none in ["unnamed", "unscoped", "unseen"] {
            assert_eq!(one[none], 0, "{how}: {none}");
        }
        assert_eq!(one["ran"], Value::Null, "{how}: a script ran");
    }
    let (usual, hostile) = seen.split_at(4);
    for one in usual {
        let headings = one["headings"].to_string();
        for heading in ["shop v2025.01.15 in production", "Verdict", "Timeline", "Trend", "Proof"] {
            assert!(headings.contains(heading), "{headings}");
        }
        assert!(one["text"].as_str().unwrap().contains("ROLLED BACK"));
    }
    for one in hostile {
        // It is all there, as text, and reads from left to right.
        let text = one["text"].as_str().unwrap();
        assert!(text.matches("<script>window.ran=1;alert(1)</script>").count() > 20, "{text}");
        assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{1b}']) && text.len() < 200_000, "{}", text.len());
        assert_eq!(one["sources"], json!(vec!["data:image/png;base64,"; 3]), "its own pictures and no others");
    }
    assert_ne!(seen[0]["background"], seen[2]["background"], "dark is another page than light");
}

/// A report with hostile text in every field that takes text.
fn hostile_page() -> String {
    let png = picture();
    let digest = Digest::of(&png);
    let hostile = format!("{HOSTILE} src=\"sha256:{digest}\" src=\"data:image/png;base64,AAAA\"");
    let endless = format!("{hostile} {}", "x".repeat(1 << 20));
    let at = "2025-01-15T10:00:00Z";
    let kinds = [
        "dry_run",
        "snapshot",
        "gate",
        "remote_gate",
        "smoke",
        "end_to_end",
        "lighthouse",
        "visual",
        "migrations",
        "monitoring",
        "backup",
        "connection",
        "report",
    ];
    let evidence = kinds.map(|kind| {
        json!({
            "kind": kind, "subject": hostile, "outcome": "FAIL", "summary": if kind == "gate" { &endless } else { &hostile },
            "counters": { &hostile: 7, "passed": 1, "wanted": 2, "performance": 50 }, "collected_at": at, "valid_until": at,
            "collector": hostile,
        })
    });
    let entry = |phase: &str, index: u32| {
        json!({
            "operation": "op_01890a5d-ac96-774b-bcce-b302099a8057", "phase": phase, "index": index, "step": hostile,
            "summary": hostile, "attempt": 2, "state": "failed", "intended_at": at, "ended_at": "2025-01-15T10:00:09Z",
            "outcome": endless,
        })
    };
    let metrics = json!({
        "duration_ms": 1, "services_deployed": 0, "failures": 3, "rollbacks": 1, "quality_gates_status": hostile,
        "http_200_rate": 0.5, "e2e_pass_rate": 0.5, "lighthouse_scores": { &hostile: 1, "seo": 2 },
    });
    let kept = json!({ "digest": digest, "bytes": png.len(), "width": 1280, "height": 800 });
    let report = json!({
        "schema": 1,
        "operation": {
            "id": "op_01890a5d-ac96-774b-bcce-b302099a8057", "kind": "deploy", "service": "shop", "environment": "production",
            "version": hostile, "requester": hostile, "state": "rolled_back", "step": hostile, "started_at": at,
            "finished_at": "2025-01-15T10:00:10Z", "summary": endless,
            "verdict": { "judgement": "FAILED", "criteria": [{ "name": hostile, "judgement": "FAILED", "reason": endless }] },
            "blockers": [{ "code": "GATES_NOT_GREEN", "message": hostile, "fix": endless }],
            "metrics": metrics, "fence": 0,
        },
        "plan": {
            "id": "plan_01890a5d-ac96-774b-bcce-b302099a8057", "digest": digest, "steps": 2,
            "rollback": { "to": null, "code": hostile, "database": { "strategy": "keep" } },
        },
        "journal": [entry("do", 0), entry("undo", 0)],
        "evidence": evidence, "planned": [],
        "looks": [{
            "service": "shop", "environment": "production", "seen_at": at,
            "pages": [{
                "page": "home", "viewport": "phone", "outcome": "FAIL", "found": hostile, "changed_permille": 20,
                "threshold_permille": 1, "accepted": kept, "now": kept, "difference": kept,
            }],
        }],
        "earlier": [{
            "id": "op_01890a5d-ac96-774b-bcce-b302099a8058", "started_at": at, "version": hostile, "state": "failed",
            "metrics": metrics,
        }],
        "ledger": hostile,
    });
    let signed = Signed { report: serde_json::from_value(report).unwrap(), signature: hostile };
    let page = signed.page(Form::Html).unwrap();
    pictures::put_in(&[page.before, page.data, page.after].concat(), |wanted| {
        (*wanted == digest).then_some(png.as_slice())
    })
}

/// Something to see.
fn picture() -> Vec<u8> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 1280, 800);
    encoder.set_color(png::ColorType::Rgb);
    // Stripes that fade to the right and below: an edge is seen, and so is a cut.
    let shade = |at: u32| u8::try_from(at % 256).unwrap();
    let pixel = |x: u32, y: u32| [shade(x / 8), shade(y / 4), if (x / 160).is_multiple_of(2) { 90 } else { 200 }];
    let pixels: Vec<u8> = (0..800).flat_map(|y| (0..1280).flat_map(move |x| pixel(x, y))).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    png
}
