//! Listing by `find`, in one command.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    super::{Command, Ran, Remote, tools::Tools},
    Entry,
};
use crate::{
    domain::inventory::RelativePath,
    world::{WorldError, tree::Kind},
};

/// How long a listing may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// The longest listing, bytes.
const ANSWER: usize = 128 * 1024 * 1024;
/// How many fields an entry has.
const FIELDS: usize = 8;

/// Both scripts: into the directory, and the paths that are left out made into an expression for `find`.
macro_rules! script {
    ($find:literal) => {
        concat!(
            r#"[ -d "$1" ] || { echo "No such file or directory" >&2; exit 3; }
cd -- "$1" 2>/dev/null || { echo "Permission denied" >&2; exit 3; }
shift
n=$#
while [ "$n" -gt 0 ]; do
  set -- "$@" -path "./$1" -prune -o
  shift
  n=$((n - 1))
done
"#,
            $find
        )
    };
}

/// With GNU find. Fields: type, mode, size, content changed, metadata changed, inode, path, link target.
const PRINTF: &str = script!(r#"exec find . "$@" ! -path . -printf '%y\0%m\0%s\0%T@\0%C@\0%i\0%P\0%l\0'"#);

/// With any find and a stat that knows `-c`. A batch whose files are all there costs one process, any other one per file.
const STAT: &str = script!(
    r#"find . "$@" ! -path . -exec sh -c '
say() {
  case $2 in
    4???) t=d ;;
    8???) t=f ;;
    a???) t=l ;;
    *) t=o ;;
  esac
  printf "%s\0%s\0%s\0%s\0%s\0%s\0%s\0" "$t" "$3" "$4" "$5" "$6" "$7" "${1#./}"
  [ $t = l ] && readlink -n "$1"
  printf "\0"
}
if all=$(stat -c "%f %a %s %Y %Z %i" "$@" 2>/dev/null); then
  printf "%s\n" "$all" | while read -r line; do
    say "$1" $line
    shift
  done
else
  for each do
    line=$(stat -c "%f %a %s %Y %Z %i" "$each" 2>/dev/null) && say "$each" $line
  done
fi
exit 0' sh {} +"#
);

impl Remote<'_> {
    pub(super) async fn list_by_shell(
        &self,
        doing: &str,
        root: &Path,
        leave_out: &[RelativePath],
        tools: &Tools,
    ) -> Result<Vec<Entry>, WorldError> {
        let script = if tools.has("find-printf") { PRINTF } else { STAT };
        let mut command = Command::sh(script).arg(root).within(PATIENCE).at_most(ANSWER);
        for path in leave_out {
            command = command.arg(literally(path.as_str()));
        }
        let ran = self.run(doing, command).await?;
        if !ran.is_success() && !only_vanished(&ran) {
            return Err(self.failed(doing, &ran));
        }
        parse(&ran.output).ok_or_else(|| self.nonsense(doing))
    }
}

/// A pattern of `find -path` that matches this text alone.
pub(in crate::world) fn literally(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '*' | '?' | '[' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// Whether all it complains about is that files vanished while it looked.
fn only_vanished(ran: &Ran) -> bool {
    let text = String::from_utf8_lossy(&ran.complaint);
    ran.ending == crate::world::process::Ending::Code(1)
        && text.lines().all(|line| line.ends_with(": No such file or directory"))
}

pub(super) fn parse(output: &[u8]) -> Option<Vec<Entry>> {
    let Some(output) = output.strip_suffix(b"\0") else { return output.is_empty().then(Vec::new) };
    let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
    let (entries, rest) = fields.as_chunks::<FIELDS>();
    if !rest.is_empty() {
        return None;
    }
    let read: Vec<Line> = entries.iter().map(line).collect::<Option<_>>()?;
    let there = read.into_iter().filter_map(|line| if let Line::Entry(entry) = line { Some(entry) } else { None });
    Some(there.collect())
}

/// What a listing says of one name.
enum Line {
    Entry(Entry),
    /// It went while it was looked at.
    Vanished,
}

fn line(fields: &[&[u8]; FIELDS]) -> Option<Line> {
    let [kind, mode, size, modified, changed, inode, path, target] = fields;
    let kind = match *kind {
        b"d" => Kind::Directory,
        b"f" => Kind::File { size: text(size)?.parse().ok()? },
        b"l" if target.is_empty() => return Some(Line::Vanished),
        b"l" => Kind::Link { target: path_of(target) },
        b"o" | b"p" | b"s" | b"b" | b"c" => Kind::Other,
        // GNU find says `?` of what it could not look at any more.
        _ => return Some(Line::Vanished),
    };
    let mode = u32::from_str_radix(text(mode)?, 8).ok().filter(|mode| *mode <= 0o7777)?;
    let (modified, changed) = (nanoseconds(text(modified)?)?, nanoseconds(text(changed)?)?);
    let inode = text(inode)?.parse().ok()?;
    // A record has it where a listing has nothing.
    let content = match kind {
        Kind::File { .. } if !target.is_empty() => Some(text(target)?.parse().ok()?),
        _ => None,
    };
    Some(Line::Entry(Entry { path: path_of(path), mode, kind, modified, changed, inode, content }))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}

/// Seconds since 1970 with or without a fraction, as nanoseconds.
fn nanoseconds(text: &str) -> Option<i128> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let (seconds, nanos): (i64, u32) = (seconds.parse().ok()?, nanos.parse().ok()?);
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_parsed_strictly() {
        let good = b"f\x00644\x003\x001700000000.5\x001700000001.25\x007\x00a\nb\x00\x00l\x00777\x001\x001\x001\x008\x00x\x00../y\x00";
        let entries = parse(good).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].path, Path::new("a\nb"));
        assert_eq!((entries[0].mode, entries[0].modified), (0o644, 1_700_000_000_500_000_000));
        assert_eq!(entries[1].kind, Kind::Link { target: "../y".into() });
        assert_eq!(parse(b""), Some(vec![]));
        for bad in [
            &b"f\0"[..],
            b"f",
            b"f\x00999\x003\x001\x001\x001\x00a\x00\x00",
            b"f\x00644\x00-3\x001\x001\x001\x00a\x00\x00",
        ] {
            assert_eq!(parse(bad), None, "{:?}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn a_pattern_is_literal() {
        assert_eq!(literally("a*b?[c]\\d"), "a\\*b\\?\\[c]\\\\d");
    }
}
