//! The permissions below the target's root. They are told; no tool changes them.

use super::{Context, Finding, Look, Looked, Part, Patient, Sure, count};
use crate::{
    tools::inspecting::name,
    world::audit::{Fault, Faulty},
};

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let audit = context.reader.audit(patient.target).await?;
    let partly = if audit.partly { ", not all of them could be looked at" } else { "" };
    let at = format!("{} entries{partly}", audit.entries);
    Ok(Some(Looked { findings: audit.faults.iter().map(finding).collect(), at }))
}

fn finding(faulty: &Faulty) -> Finding {
    let (part, sure, what, fix) = words(faulty.fault);
    let number = usize::try_from(faulty.count).unwrap_or(usize::MAX);
    let seen = format!("{} {what}.", count(number, "path"));
    let mut named: Vec<String> = faulty.named.iter().map(|path| name(path)).collect();
    if number > named.len() {
        named.push(format!("and {} more", number - named.len()));
    }
    Finding::new(part, sure, seen, fix).quoting(named.join("\n"))
}

fn words(fault: Fault) -> (Part, Sure, &'static str, &'static str) {
    use {
        Part::{Cause, Weakness},
        Sure::{Certain, Likely, Possible},
    };
    match fault {
        Fault::SecretReadable => (
            Weakness,
            Certain,
            "with secrets can be read by every user of the host",
            "Set them to 600, and change the secrets if others have accounts there.",
        ),
        Fault::WorldWritable => {
            (Weakness, Certain, "can be written by everybody", "Take the right to write away from others (chmod o-w).")
        }
        Fault::SetId => (
            Weakness,
            Certain,
            "run with the rights of their owner",
            "Nothing deployed needs that: remove it (chmod ug-s).",
        ),
        Fault::Device => (Weakness, Certain, "are devices", "Find out who put them there."),
        Fault::Unreadable => (
            Cause,
            Likely,
            "cannot be read by their own owner",
            "Give the owner the right to read them, directories also x.",
        ),
        Fault::OtherOwner => (
            Cause,
            Possible,
            "belong to another user than the root does",
            "Give them to the site's user, or name them as volatile where the web server writes them.",
        ),
        Fault::SecretForGroup => (
            Weakness,
            Likely,
            "with secrets can be read by their group",
            "Set them to 600, unless the web server is that group.",
        ),
        Fault::NotExecutable => (
            Cause,
            Possible,
            "are scripts that cannot be executed",
            "Mark them in git (git update-index --chmod=+x) and deploy again; on the host the mark would be lost.",
        ),
        Fault::GroupWritable => {
            (Weakness, Possible, "can be written by their group", "Use 644 or 640, and 755 or 750 for directories.")
        }
        Fault::Executable => {
            (Weakness, Possible, "are content that is marked executable", "Unmark them in git; they need no x.")
        }
        Fault::OddName => {
            (Weakness, Possible, "have a line end in the name", "Rename them: they could not be looked at.")
        }
    }
}
