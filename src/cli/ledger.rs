//! `deploy-ops ledger verify|show|tail`

use super::{
    Exit,
    plans::looking,
    terminal::{Terminal, Tone},
    wire::{Switches, Wired},
};
use crate::{
    domain::refusal::{Code, Refusal},
    ledger::{Entry, Ledger, LedgerError, Verified},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compute every hash again; names the first entry that is not what was written.
    Verify {
        /// A head that was shown earlier (`seq/hash12`); proves that nothing was cut off since.
        #[arg(long, value_name = "HEAD")]
        contains: Option<String>,
    },
    /// One entry whole.
    Show {
        /// Its number.
        seq: i64,
    },
    /// The last entries, one a line.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    looking(switches, terminal, async |wired| {
        let ledger = wired.engine.ledger_for_operator().await?;
        match &options.command {
            Command::Verify { contains } => verify(wired, ledger, contains.as_deref(), terminal).await,
            Command::Show { seq } => show(wired, ledger, *seq, terminal).await,
            Command::Tail { lines, json } => tail(wired, ledger, *lines, *json, terminal).await,
        }
    })
}

async fn verify(wired: &Wired, ledger: &Ledger, contains: Option<&str>, terminal: &Terminal) -> Result<Exit, Refusal> {
    let Verified { entries, head } = match ledger.verify().await {
        Ok(verified) => verified,
        Err(LedgerError::Bad { seq, why }) => {
            let text = format!(
                "entry {seq}: {why}. Everything before it is as it was written; restore the ledger from a backup, and find out who wrote to it."
            );
            terminal.mark(&wired.redactor, Tone::Bad, "BAD", &text);
            return Ok(Exit::Refused);
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(wanted) = contains
        && !holds(ledger, wanted).await?
    {
        let text = format!(
            "the chain is sound, but the head {wanted} is not in it: entries were cut off, or it is another ledger."
        );
        terminal.mark(&wired.redactor, Tone::Bad, "BAD", &text);
        return Ok(Exit::Refused);
    }
    terminal.mark(&wired.redactor, Tone::Good, "OK", &format!("{entries} entries, head {head}"));
    Ok(Exit::Done)
}

/// Whether a head that was given out belongs to the chain.
async fn holds(ledger: &Ledger, head: &str) -> Result<bool, Refusal> {
    ledger
        .holds(head)
        .await?
        .ok_or_else(|| Refusal::new(Code::BadArgument, "That is not a head.", "Give it as it was shown: seq/hash12."))
}

async fn entry(ledger: &Ledger, seq: i64) -> Result<Option<Entry>, Refusal> {
    let found = ledger.entries(seq.saturating_sub(1), 1).await?;
    Ok(found.into_iter().find(|entry| entry.seq == seq))
}

async fn show(wired: &Wired, ledger: &Ledger, seq: i64, terminal: &Terminal) -> Result<Exit, Refusal> {
    let Some(entry) = entry(ledger, seq).await? else {
        return Err(Refusal::new(Code::NotFound, "There is no such entry.", "Run `deploy-ops ledger tail`."));
    };
    let pretty = serde_json::to_string_pretty(&as_json(&entry)).unwrap_or_default();
    terminal.show(&wired.redactor.text(&pretty));
    Ok(Exit::Done)
}

async fn tail(wired: &Wired, ledger: &Ledger, lines: u32, json: bool, terminal: &Terminal) -> Result<Exit, Refusal> {
    let head = ledger.head().await?;
    for entry in ledger.entries((head.seq - i64::from(lines)).max(0), lines).await? {
        if json {
            terminal.json(&wired.redactor.json(as_json(&entry)));
            continue;
        }
        let operation = entry.operation.as_ref().map_or(String::new(), |id| format!(" {id}"));
        let line = format!("{} {} {}{operation} by {}", entry.seq, entry.at, entry.kind, entry.actor);
        terminal.say(&wired.redactor, &line);
    }
    Ok(Exit::Done)
}

fn as_json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "operation": entry.operation,
        "actor": entry.actor,
        "body": entry.body,
        "prev": entry.prev,
        "hash": entry.hash,
    })
}
