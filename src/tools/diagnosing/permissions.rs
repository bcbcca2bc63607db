//! The permissions below the target's root. They are told; no tool changes them.

use super::{Context, Finding, Look, Looked, Part, Patient, Sure};
use crate::{
    tools::inspecting::name,
    world::audit::{Fault, Faulty},
};

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let audit = context.reader.audit(patient.target).await?;
    let partly = if audit.partly { ", not all of them could be looked at" } else { "" };
    let at = format!("{} entries{partly}", audit.entries);
    // Where nothing lies, nothing was looked at.
    Ok((audit.entries > 0).then(|| Looked { findings: audit.faults.iter().map(finding).collect(), at }))
}

fn finding(faulty: &Faulty) -> Finding {
    let (part, sure, what, fix) = words(faulty.fault);
    let mut named: Vec<String> = faulty.named.iter().map(|path| name(path)).collect();
    let more = faulty.count.saturating_sub(u64::try_from(named.len()).unwrap_or(u64::MAX));
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    Finding::new(part, sure, format!("{what}: {}.", faulty.count), fix).quoting(named.join("\n"))
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
            "Files with secrets that every user of the host can read",
            "Set them to 600, and change the secrets if others have accounts there.",
        ),
        Fault::WorldWritable => (
            Weakness,
            Certain,
            "Paths that everybody can write",
            "Take the right to write away from others (chmod o-w).",
        ),
        Fault::SetId => (
            Weakness,
            Certain,
            "Files that run with the rights of their owner",
            "Nothing deployed needs that: take it away (chmod ug-s).",
        ),
        Fault::Device => (Weakness, Certain, "Devices", "Find out who put them there."),
        Fault::Unreadable => (
            Cause,
            Likely,
            "Paths that their own owner cannot read",
            "Give the owner the right to read them, and to enter directories.",
        ),
        Fault::OtherOwner => (
            Cause,
            Possible,
            "Paths of another owner than the root's",
            "Give them to the site's user, or name them as volatile where the web server writes them.",
        ),
        Fault::SecretForGroup => (
            Weakness,
            Likely,
            "Files with secrets that their group can read",
            "Set them to 600, unless the web server reads them as that group.",
        ),
        Fault::NotExecutable => (
            Cause,
            Possible,
            "Scripts that cannot be executed",
            "Mark them in git (git update-index --chmod=+x) and deploy again; a mark that is set on the host is lost.",
        ),
        Fault::GroupWritable => (
            Weakness,
            Possible,
            "Paths that their group can write",
            "Use 644 or 640, and 755 or 750 for directories, unless the group is meant to.",
        ),
        Fault::Executable => {
            (Weakness, Possible, "Content that is marked executable", "Take the mark away in git; nothing needs it.")
        }
        Fault::OddName => {
            (Weakness, Possible, "Names with a line end, not looked at", "Rename them, or find out who made them.")
        }
    }
}
