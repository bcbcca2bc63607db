//! What the server keeps: data directory, ledger, HALT.

use std::path::Path;

use super::Finding;
use crate::{
    cli::{
        terminal::Terminal,
        wire::{self, Switches},
    },
    config::{
        Config,
        settings::{StateStore, StateTls},
    },
    domain::{operation::OperationFilter, refusal::Refusal},
    engine::Engine,
    ledger::{Ledger, LedgerError},
    world::{Clock, SystemClock},
};

pub(super) async fn check(config: &Config, switches: Switches, terminal: &Terminal) -> Vec<Finding> {
    let mut findings = vec![data_directory(&config.settings.state.data)];
    if !config.settings.state.data.is_dir() {
        return findings;
    }
    let Ok(wired) = wire::wire(&Switches { look_only: true, ..switches }, terminal) else {
        findings.push(Finding::wrong("ledger", "was not looked at", "mend the configuration first"));
        return findings;
    };
    findings.push(Finding::good("state", place(&config.settings.state.store)));
    match wired.engine.ledger_for_operator().await {
        Ok(ledger) => match of_ledger(ledger).await {
            Ok(found) => {
                findings.extend(found);
                findings.extend(untold(&wired.engine).await);
            }
            Err(refusal) => findings.push(Finding::wrong("ledger", refusal.message, refusal.fix)),
        },
        Err(refusal) => findings.push(Finding::wrong("ledger", refusal.message, refusal.fix)),
    }
    if wired.paths.halt_file().exists() {
        findings.push(Finding::weak("changes", "a HALT file stops them", "deploy-ops resume"));
    }
    findings
}

fn data_directory(path: &Path) -> Finding {
    let shown = path.display().to_string();
    if !path.exists() {
        return Finding::weak(
            "data directory",
            format!("{shown} does not exist yet"),
            "the server creates it at its first start",
        );
    }
    // A file that is removed at once tells more than permissions do: the file system may be read-only or full.
    match tempfile::Builder::new().prefix(".doctor-").tempfile_in(path) {
        Ok(_) => Finding::good("data directory", shown),
        Err(_) => Finding::wrong(
            "data directory",
            format!("{shown} cannot be written"),
            "give it to this account, and free space",
        ),
    }
}

/// Where plans, operations and the ledger are.
fn place(store: &StateStore) -> String {
    match store {
        StateStore::Sqlite { path } => format!("SQLite, {}", path.display()),
        StateStore::Postgres { address, port, database, tls, .. } => {
            let tls = match tls {
                StateTls::Off => "without TLS",
                StateTls::Verified { .. } => "with verified TLS",
            };
            format!("PostgreSQL, {database} on {address} port {port}, {tls}")
        }
    }
}

async fn of_ledger(ledger: &Ledger) -> Result<Vec<Finding>, Refusal> {
    let mut findings = Vec::new();
    let fix = if ledger.is_shared() {
        "set it to on in the server's postgresql.conf"
    } else {
        "restore the state database from a backup"
    };
    for damage in ledger.quick_check().await? {
        findings.push(Finding::wrong("ledger", damage, fix));
    }
    let head = match ledger.verify().await {
        Ok(verified) => {
            let found = format!("{} entries verify, head {}", verified.entries, verified.head);
            findings.push(Finding::good("ledger", found));
            verified.head
        }
        Err(LedgerError::Bad { seq, why }) => {
            let fix = "restore it from a backup, and find out who wrote to it";
            findings.push(Finding::wrong("ledger", format!("entry {seq}: {why}"), fix));
            return Ok(findings);
        }
        Err(error) => return Err(error.into()),
    };
    let newest = ledger.entries(head.seq.saturating_sub(1), 1).await?;
    let now = SystemClock.now();
    if let Some(entry) = newest.first().filter(|entry| entry.at > now) {
        findings.push(Finding::wrong(
            "clock",
            format!("the newest ledger entry is of {}, which lies ahead", entry.at),
            "set the clock, and keep it set by NTP",
        ));
    }
    if let Some(reason) = ledger.halted().await? {
        findings.push(Finding::weak("changes", format!("halted: {reason}"), "deploy-ops resume"));
    }
    let open = OperationFilter { open_only: true, limit: 100, ..OperationFilter::default() };
    for operation in ledger.operations(&open).await? {
        if operation.state.freezes() || operation.decide_by.is_some() {
            let fix = format!("deploy-ops operations {}, then deploy-ops decide", operation.id);
            findings.push(Finding::weak("operation", format!("{} waits for a human", operation.id), fix));
        }
    }
    Ok(findings)
}

/// What others do not know of operations.
async fn untold(engine: &Engine) -> Vec<Finding> {
    let (now, mut findings) = (SystemClock.now(), Vec::new());
    let github = "see that GitHub answers and that the token has the permissions of docs/github.md; a server tries again when it starts";
    let channels = "see that whoever listens there answers; a server tries again for a day";
    for (what, untold, fix) in
        [("GitHub", engine.untold(now).await, github), ("channels", engine.unnoticed(now).await, channels)]
    {
        match untold {
            Ok(untold) => {
                let finding = |(id, how)| Finding::weak(what, format!("operation {id}: {how}"), fix);
                findings.extend(untold.into_iter().map(finding));
            }
            Err(refusal) => findings.push(Finding::wrong("ledger", refusal.message, refusal.fix)),
        }
    }
    findings
}
