//! The permissions below a target's root, by a list of what is allowed. Nothing is changed, and nothing is offered to be.

mod judge;
mod local;
mod remote;

pub use judge::Fault;

use super::{Reader, WorldError, blocking::blocking, host::Place, ssh::Role};
use crate::domain::inventory::{RelativePath, Target};

/// How many paths of each fault are named.
const NAMED: usize = 3;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many entries were looked at.
    pub entries: u64,
    /// Whether that was not all of them: there are too many, or some cannot be read.
    pub partly: bool,
    /// What is wrong, the worst first.
    pub faults: Vec<Faulty>,
}

/// One kind of fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// What is wrong.
    pub fault: Fault,
    /// How many entries have it.
    pub count: u64,
    /// The first of them, below the root. Others chose these names.
    pub named: Vec<String>,
}

/// An entry as `lstat` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Below the root.
    path: String,
    kind: Kind,
    /// The permission bits.
    mode: u32,
    /// The number of its owner, where that is told.
    owner: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Device,
    /// A link, pipe or socket: their permissions say nothing.
    Other,
}

impl Kind {
    /// Of the type bits of `st_mode`.
    fn of(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o100_000 => Self::File,
            0o040_000 => Self::Directory,
            0o020_000 | 0o060_000 => Self::Device,
            _ => Self::Other,
        }
    }
}

impl Reader<'_> {
    /// Looks at the permissions of everything below a target's root.
    pub async fn audit(&self, target: &Target) -> Result<Audit, WorldError> {
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => {
                let target = target.clone();
                blocking(move || local::audit(&target)).await
            }
            Place::There(remote) => remote::audit(&remote, target).await,
        }
    }
}

/// Counts faults as entries come.
struct Tally<'t> {
    target: &'t Target,
    /// The owner of the root: whoever owns the site.
    owner: Option<u32>,
    audit: Audit,
}

impl<'t> Tally<'t> {
    fn new(target: &'t Target, owner: Option<u32>) -> Self {
        Self { target, owner, audit: Audit::default() }
    }

    fn take(&mut self, entry: &Entry) {
        let below = |path: &RelativePath| {
            let rest = entry.path.strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let case = judge::Case {
            entry,
            owner: self.owner,
            is_volatile: self.target.volatile.iter().any(below),
            is_env_file: self.target.env_file.as_ref().is_some_and(|path| path.as_str() == entry.path),
        };
        if let Some(fault) = judge::judge(&case) {
            self.add(fault, &entry.path);
        }
    }

    fn add(&mut self, fault: Fault, path: &str) {
        let faults = &mut self.audit.faults;
        if !faults.iter().any(|known| known.fault == fault) {
            faults.push(Faulty { fault, count: 0, named: Vec::new() });
        }
        for known in faults.iter_mut().filter(|known| known.fault == fault) {
            known.count += 1;
            if known.named.len() < NAMED {
                known.named.push(path.to_owned());
            }
        }
    }

    fn finish(mut self) -> Audit {
        self.audit.faults.sort_by_key(|faulty| faulty.fault);
        self.audit
    }
}
