//! The audit of a target on a host: `find` selects there and `ls` tells; over SFTP, where there is no shell, everything is listed.

use std::{path::Path, time::Duration};

use super::{Audit, Entry, Fault, Kind, Tally};
use crate::{
    domain::{inventory::Target, refusal::Code},
    world::{
        WorldError,
        ssh::{Command, Remote, is_transient},
    },
};

const DOING: &str = "look at the permissions of a target";
/// How long the host may look.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much it may tell, bytes: 20,000 lines, each with a path.
const ANSWER: usize = 8 * 1024 * 1024;
/// How many entries are listed over SFTP, where each directory costs three answers.
const LISTED: u64 = 20_000;

/// Tells every entry below `$1` that may be against the rules, `$2` is the path of the target's `.env` file. Only what every `find` and
/// `ls` has is used. A name with a line end could pass for another line, so it is named `odd` and nothing below it is looked at.
const SCRIPT: &str = r#"cd "$1" 2>/dev/null || exit 3
owner=$(ls -ldn . | { read -r mode links owner rest && echo "$owner"; })
echo "owner $owner"
{
  find . -xdev -name '*
*' -prune -exec echo odd \; -o ! -type l \( \
    -type d ! -perm 755 ! -perm 750 -o ! -type d ! -perm 644 ! -perm 640 -o ! -user "$owner" -o \
    -name '.env*' -o -name '*.env' -o -name '*.key' -o -name '.netrc' -o -name '.pgpass' -o -name '.my.cnf' -o \
    -name 'id_*' -o -name '.git-credentials' -o -name 'wp-config.php' -o -name '*settings*.php' -o -name '*.sh' -o \
    -path "./$2" \) -exec ls -ldn {} + 2>/dev/null
  echo "found $?"
} | head -n 20000
echo "total $(find . -xdev -name '*
*' -prune -o -print 2>/dev/null | wc -l)"
echo end
"#;

pub(super) async fn audit(remote: &Remote<'_>, target: &Target) -> Result<Audit, WorldError> {
    let env = target.env_file.as_ref().map_or("", |path| path.as_str());
    let command = Command::sh(SCRIPT).arg(&target.root).arg(env).within(PATIENCE).at_most(ANSWER);
    match remote.run(DOING, command).await {
        Ok(ran) => match of_answer(&String::from_utf8_lossy(&ran.output), target) {
            Some(audit) => Ok(audit),
            None => over_sftp(remote, target).await,
        },
        Err(error) if error.code == Code::Unsupported => over_sftp(remote, target).await,
        Err(error) => Err(error),
    }
}

/// What the lines of [`SCRIPT`] mean; nothing when there is no `find`, or they are not all there.
fn of_answer(said: &str, target: &Target) -> Option<Audit> {
    let said = said.trim_end().strip_suffix("\nend")?;
    let (_, said) = said.split_once("owner ")?;
    let (owner, said) = said.split_once('\n')?;
    let (said, total) = said.rsplit_once("total ")?;
    let mut tally = Tally::new(target, Some(owner.trim().parse().ok()?));
    // The root itself is counted by `find`.
    tally.audit.entries = total.trim().parse::<u64>().ok()?.saturating_sub(1);
    tally.audit.partly = true;
    for line in said.lines() {
        if line == "odd" {
            tally.audit.entries += 1;
            tally.add(Fault::OddName, "(not shown)");
        } else if let Some(status) = line.strip_prefix("found ") {
            match status {
                "0" => tally.audit.partly = false,
                "126" | "127" => return None,
                _ => {}
            }
        } else if let Some(entry) = of_line(line) {
            tally.take(&entry);
        }
    }
    Some(tally.finish())
}

/// A line of `ls -ldn`: `-rw-r--r-- 1 1000 1000 5 Jan  1 00:00 ./a b`.
fn of_line(line: &str) -> Option<Entry> {
    let (facts, path) = line.split_once(" ./")?;
    let mut facts = facts.split_ascii_whitespace();
    let (kind, mode) = of_mode(facts.next()?)?;
    let owner = facts.nth(1)?.parse().ok()?;
    Some(Entry { path: path.to_owned(), kind, mode, owner: Some(owner) })
}

/// `-rwsr-x--T`, perhaps with a mark for more rules behind it.
fn of_mode(text: &str) -> Option<(Kind, u32)> {
    let mut letters = text.chars();
    let kind = match letters.next()? {
        '-' => Kind::File,
        'd' => Kind::Directory,
        'b' | 'c' => Kind::Device,
        _ => Kind::Other,
    };
    let mut mode = 0;
    for place in 0..9_u32 {
        let bit = 0o400 >> place;
        let special = 0o4000 >> (place / 3);
        mode |= match (place % 3, letters.next()?) {
            (_, '-') => 0,
            (0, 'r') | (1, 'w') | (2, 'x') => bit,
            (2, 's' | 't') => bit | special,
            (2, 'S' | 'T') => special,
            _ => return None,
        };
    }
    Some((kind, mode))
}

async fn over_sftp(remote: &Remote<'_>, target: &Target) -> Result<Audit, WorldError> {
    let files = remote.files().await?;
    let Some(root) = files.stat(&target.root).await? else {
        let fix = "Check the root of the target in deploy-ops.toml.";
        return Err(WorldError::new(Code::WorldFailed, DOING, "its root is not there", fix));
    };
    let mut tally = Tally::new(target, root.owner);
    let mut open = vec![String::new()];
    while let Some(directory) = open.pop() {
        let entries = match files.entries(&target.root.join(Path::new(&directory))).await {
            Ok(entries) => entries,
            Err(error) if is_transient(&error) => return Err(error),
            Err(_) => {
                tally.audit.partly = true;
                continue;
            }
        };
        for (name, found) in entries {
            if tally.audit.entries == LISTED {
                tally.audit.partly = true;
                return Ok(tally.finish());
            }
            tally.audit.entries += 1;
            // A name that is none would lead the next listing elsewhere.
            if name.contains(['/', '\n']) {
                tally.add(Fault::OddName, "(not shown)");
                continue;
            }
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            let kind = Kind::of(found.mode);
            tally.take(&Entry { path: path.clone(), kind, mode: found.mode & 0o7777, owner: found.owner });
            if kind == Kind::Directory {
                open.push(path);
            }
        }
    }
    Ok(tally.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            host: "web".parse().unwrap(),
            root: "/www/site".into(),
            url: None,
            through_host: false,
            private_network: false,
            ca: None,
            databases: Vec::new(),
            env_file: Some("config/app".parse().unwrap()),
            volatile: vec!["cache".parse().unwrap()],
            logs: Vec::new(),
        }
    }

    #[test]
    fn modes_are_read_as_ls_writes_them() {
        for (text, kind, mode) in [
            ("-rw-r--r--", Kind::File, 0o644),
            ("drwxr-x--T", Kind::Directory, 0o1750),
            ("drwxrwxrwt+", Kind::Directory, 0o1777),
            ("-rwsr-Sr-x.", Kind::File, 0o6745),
            ("crw-rw-rw-", Kind::Device, 0o666),
            ("srwxrwxrwx", Kind::Other, 0o777),
        ] {
            assert_eq!(of_mode(text), Some((kind, mode)), "{text}");
        }
        for bad in ["", "-rw", "-wr-r--r--", "-rwxrwxrwq", "total 12"] {
            assert_eq!(of_mode(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_is_counted_and_a_cut_one_is_none() {
        let said = "Welcome\nowner 1000\n\
                    -rw-rw-rw-    1 1000     1000             5 Jan  1 00:00 ./a b.php\n\
                    -rw-r--r-- 1 33 33 5 Jan 1 00:00 ./other.php\n\
                    -rw-r--r-- 1 33 33 5 Jan 1 00:00 ./cache/x\n\
                    odd\n\
                    -rw-r--r-- 1 1000 1000 5 Jan 1 00:00 ./config/app\n\
                    found 0\ntotal 42\nend\n";
        let audit = of_answer(said, &target()).unwrap();
        assert_eq!((audit.entries, audit.partly), (42, false));
        let found: Vec<_> = audit.faults.iter().map(|f| (f.fault, f.count, f.named[0].as_str())).collect();
        assert_eq!(
            found,
            [
                (Fault::SecretReadable, 1, "config/app"),
                (Fault::WorldWritable, 1, "a b.php"),
                (Fault::OtherOwner, 1, "other.php"),
                (Fault::OddName, 1, "(not shown)"),
            ]
        );
        assert!(of_answer(&said.replace("found 0", "found 1"), &target()).unwrap().partly);
        assert_eq!(of_answer(&said.replace("found 0", "found 127"), &target()), None);
        assert_eq!(of_answer(said.strip_suffix("end\n").unwrap(), &target()), None);
        assert_eq!(of_answer("This service allows sftp connections only.\n", &target()), None);
    }
}
