//! How long a report of a look at many services takes, both forms, redacted as it is when it is written: `cargo bench --bench report`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at the first surprise")]

use std::{hint::black_box, path::PathBuf, sync::Arc};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use deploy_ops_mcp::{
    domain::{
        inventory::Inventory,
        report::{Form, Report, Signed},
    },
    world::{Paths, SystemClock, World},
};
use serde_json::{Value, json};

/// A look at that many services, each with all that can be observed of it.
fn report(services: usize) -> Report {
    let at = "2025-01-15T10:00:00Z";
    let of_service = |index: usize| {
        let kinds = [
            (
                "smoke",
                json!({ "wanted": 3, "passed": 3, "failed": 0, "http_wanted": 2, "http_passed": 2, "duration_ms": 84 }),
            ),
            ("connection", json!({})),
            ("end_to_end", json!({ "expected": 40, "unexpected": 0, "flaky": 1, "duration_ms": 61_000 })),
            (
                "lighthouse",
                json!({ "performance": 91, "accessibility": 100, "best-practices": 96, "seo": 80, "runs": 3 }),
            ),
        ];
        kinds.map(|(kind, counters)| {
            json!({
                "kind": kind, "subject": format!("service-{index} in production"), "outcome": "PASS", "counters": counters,
                "summary": format!("service-{index}: 3 of 3 checks passed, https://service-{index}.example.org/ answers 200 in 84 ms."),
                "collected_at": at, "valid_until": at, "collector": "validate_deployment",
            })
        })
    };
    let evidence: Vec<Value> = (0..services).flat_map(of_service).collect();
    let operation = json!({
        "id": "op_01890a5d-ac96-774b-bcce-b302099a8057", "kind": "check", "environment": "production", "requester": "local:1",
        "state": "succeeded", "started_at": at, "finished_at": at, "summary": "SUCCESS", "fence": 0,
        "metrics": { "duration_ms": 0, "services_deployed": 0, "failures": 0, "rollbacks": 0 },
    });
    let report = json!({
        "schema": 1, "operation": operation, "journal": [], "evidence": evidence, "planned": [], "earlier": [],
        "ledger": "7/abcdefabcdef",
    });
    serde_json::from_value(report).unwrap()
}

fn reports(criterion: &mut Criterion) {
    let paths = Paths { data: PathBuf::from("data"), reports: PathBuf::from("reports") };
    let world = World::new(Arc::new(Inventory::default()), Arc::new(SystemClock), paths, PathBuf::new());
    let mut group = criterion.benchmark_group("report");
    for services in [20, 100] {
        let signed = Signed { report: report(services), signature: "ab".repeat(64) };
        group.bench_function(BenchmarkId::from_parameter(services), |bencher| {
            bencher.iter(|| {
                for form in [Form::Markdown, Form::Html] {
                    black_box(world.reader().report_as(black_box(&signed), form).unwrap());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reports);
criterion_main!(benches);
