//! `deploy-ops notice <environment> --until TIME`

use std::{io::Write as _, os::unix::fs::DirBuilderExt as _, path::Path};

use serde_json::json;

use super::{
    Exit,
    person::Person,
    plans::looking,
    terminal::{Terminal, Tone},
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        announcement::Announcement,
        name::EnvironmentName,
        refusal::{Code, Refusal},
        time::Time,
    },
    world::{Clock as _, SystemClock},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The environment that users were told about.
    environment: EnvironmentName,
    /// The begin of the window, as 2025-01-15T20:00:00Z; else now.
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// The end of the window.
    #[arg(long, value_name = "TIME")]
    until: Time,
}

/// Whoever sends notices records them: it needs no terminal, so that the program that sends them can do it. It approves nothing.
pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    looking(switches, terminal, async |wired| {
        let notice = record(wired, options).await?;
        let text = format!("Users of {} know of {} to {}.", options.environment, notice.from, notice.until);
        terminal.mark(&wired.redactor, Tone::Good, "recorded", &text);
        Ok(Exit::Done)
    })
}

async fn record(wired: &Wired, options: &Options) -> Result<Announcement, Refusal> {
    let environment = &wired.engine.inventory().environment(&options.environment)?.name;
    let now = SystemClock.now();
    let notice = Announcement { sent_at: now, from: options.from.unwrap_or(now), until: options.until };
    if notice.until <= notice.from || notice.until <= now {
        return Err(Refusal::new(
            Code::BadArgument,
            "The window ends before it begins, or is over.",
            "Give --until a later time.",
        ));
    }
    // Recorded first: a notice without an entry would be nobody's.
    let ledger = wired.engine.ledger_for_operator().await?;
    let body = wired.redactor.json(json!({ "environment": environment, "from": notice.from, "until": notice.until }));
    ledger.note("notice", None, &Person::here().operator(), body, now).await?;
    write(&wired.paths.notice(environment), &notice).map_err(|_| {
        Refusal::new(
            Code::WorldFailed,
            "The notice cannot be written into the data directory.",
            "Check its permissions and the free space.",
        )
    })?;
    Ok(notice)
}

/// It is there whole or as it was.
fn write(file: &Path, notice: &Announcement) -> std::io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut partial = tempfile::NamedTempFile::new_in(directory)?;
    partial.write_all(serde_json::to_string(notice)?.as_bytes())?;
    partial.as_file().sync_all()?;
    partial.persist(file)?;
    Ok(())
}
