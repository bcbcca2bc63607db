//! What is allowed: files 644 or 640, directories 755 or 750, secrets 600, scripts executable, everything of one owner.

use super::{Entry, Kind};

/// What is wrong with an entry, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A file that holds secrets, and other users of the host can read it.
    SecretReadable,
    /// Everybody can write it.
    WorldWritable,
    /// It runs with the rights of its owner or group.
    SetId,
    /// A device.
    Device,
    /// Its own owner cannot read or enter it.
    Unreadable,
    /// It belongs to another user than the root does.
    OtherOwner,
    /// A file that holds secrets, and its group can read it.
    SecretForGroup,
    /// A script that cannot be executed.
    NotExecutable,
    /// Its group can write it.
    GroupWritable,
    /// It is content, and can be executed.
    Executable,
    /// A name with a line end: it was not looked at.
    OddName,
}

/// An entry with what has to be known to judge it.
pub(super) struct Case<'c> {
    pub(super) entry: &'c Entry,
    /// The owner of the root.
    pub(super) owner: Option<u32>,
    /// Whether the target names it as changing by itself: caches and uploads are written by others.
    pub(super) is_volatile: bool,
    /// Whether it is the target's `.env` file, whatever its name.
    pub(super) is_env_file: bool,
}

/// The worst that is wrong.
pub(super) fn judge(case: &Case<'_>) -> Option<Fault> {
    let Entry { path, kind, mode, owner } = case.entry;
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let (is_file, is_directory) = (*kind == Kind::File, *kind == Kind::Directory);
    let is_secret = is_file && (case.is_env_file || holds_secrets(&name));
    let has = |bits: u32| mode & bits != 0;
    let needed = if is_directory { 0o500 } else { 0o400 };
    let other_owner = matches!((owner, case.owner), (Some(owner), Some(root)) if *owner != root);
    // A directory like /tmp, where each may remove only what is his, is no way in.
    let is_sticky = is_directory && has(0o1000);
    let faults = [
        (*kind == Kind::Device, Fault::Device),
        (is_secret && has(0o004), Fault::SecretReadable),
        (has(0o002) && !is_sticky, Fault::WorldWritable),
        (is_file && has(0o6000), Fault::SetId),
        (mode & needed != needed, Fault::Unreadable),
        (other_owner && !case.is_volatile, Fault::OtherOwner),
        (is_secret && has(0o070), Fault::SecretForGroup),
        (is_file && is_script(&name) && !has(0o100), Fault::NotExecutable),
        (has(0o020) && !is_sticky && !case.is_volatile, Fault::GroupWritable),
        (is_file && has(0o111) && is_content(&name) && !case.is_volatile, Fault::Executable),
    ];
    let applies = *kind != Kind::Other;
    faults.into_iter().filter(|(wrong, _)| applies && *wrong).map(|(_, fault)| fault).min()
}

/// Names of files whose whole point, or a good part of it, is a secret. `find` on hosts selects by the same list.
pub(super) fn holds_secrets(name: &str) -> bool {
    let env = name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    let example = [".example", ".sample", ".dist", ".template"].iter().any(|end| name.ends_with(end));
    (env && !example)
        || name.ends_with(".key")
        || [
            "id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ed25519",
            ".netrc",
            ".pgpass",
            ".my.cnf",
            ".git-credentials",
            "wp-config.php",
            "settings.php",
            "settings.local.php",
            "civicrm.settings.php",
        ]
        .contains(&name)
}

fn is_script(name: &str) -> bool {
    name.ends_with(".sh")
}

/// Files that are read or interpreted, never executed.
fn is_content(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    [
        "php", "inc", "module", "html", "htm", "css", "js", "json", "txt", "md", "yml", "yaml", "xml", "svg", "png",
        "jpg", "jpeg", "gif", "webp", "ico", "woff", "woff2", "map", "sql", "log", "twig", "env",
    ]
    .contains(&end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_what_is_allowed() {
        use Kind::{Device, Directory, File, Other};
        let check = |path: &str, kind: Kind, mode: u32, wanted: Option<Fault>| {
            let entry = Entry { path: path.to_owned(), kind, mode, owner: Some(1000) };
            let is_volatile = path.starts_with("cache/");
            let case = Case { entry: &entry, owner: Some(1000), is_volatile, is_env_file: path == "config/app" };
            assert_eq!(judge(&case), wanted, "{path} {mode:o}");
        };
        for (mode, fault) in [
            (0o644, None),
            (0o640, None),
            (0o600, None),
            (0o444, None),
            (0o666, Some(Fault::WorldWritable)),
            (0o664, Some(Fault::GroupWritable)),
            (0o755, Some(Fault::Executable)),
            (0o4755, Some(Fault::SetId)),
            (0o044, Some(Fault::Unreadable)),
        ] {
            check("web/index.php", File, mode, fault);
        }
        for (mode, fault) in [
            (0o755, None),
            (0o750, None),
            (0o700, None),
            (0o2755, None),
            (0o1777, None),
            (0o777, Some(Fault::WorldWritable)),
            (0o775, Some(Fault::GroupWritable)),
            (0o655, Some(Fault::Unreadable)),
        ] {
            check("web", Directory, mode, fault);
        }
        check("bin/console", File, 0o755, None);
        check("deploy.sh", File, 0o755, None);
        check("deploy.sh", File, 0o644, Some(Fault::NotExecutable));
        for secret in [".env", "shared/.env", "sub/.env.local", "tls/site.key", "config/app", "sites/settings.php"] {
            check(secret, File, 0o600, None);
            check(secret, File, 0o640, Some(Fault::SecretForGroup));
            check(secret, File, 0o644, Some(Fault::SecretReadable));
        }
        check(".env.example", File, 0o644, None);
        check("cache/page.html", File, 0o664, None);
        check("cache/page.html", File, 0o666, Some(Fault::WorldWritable));
        check("null", Device, 0o644, Some(Fault::Device));
        check("link", Other, 0o777, None);
    }

    #[test]
    fn another_owner_is_seen_where_owners_are_told() {
        let entry = |owner| Entry { path: "a.php".to_owned(), kind: Kind::File, mode: 0o644, owner };
        for (mine, root, is_volatile, wanted) in [
            (Some(33), Some(1000), false, Some(Fault::OtherOwner)),
            (Some(33), Some(1000), true, None),
            (Some(33), None, false, None),
            (None, Some(1000), false, None),
        ] {
            let entry = entry(mine);
            let case = Case { entry: &entry, owner: root, is_volatile, is_env_file: false };
            assert_eq!(judge(&case), wanted);
        }
    }
}
