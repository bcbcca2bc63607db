//! A trace that may be shown: made anew from the one that a test left behind, with every text in it redacted.
//!
//! What is neither text nor picture is left out: nobody could say what is in it. The viewer shows it as missing.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
};

use serde_json::Value;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::redact::Redactor;

/// More than this is not unpacked, bytes: all members together.
const UNPACKED: u64 = 64 * 1024 * 1024;
/// More members are not looked at.
const MEMBERS: usize = 5000;
/// What is written as one JSON value a line.
const LINES: [&str; 4] = ["trace", "network", "stacks", "json"];
/// How the pictures begin that are kept as they are: JPEG, PNG.
const PICTURES: [&[u8]; 2] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"];

/// Writes what may be shown of a trace. `None` when it is no trace, or too large for that; then what was written is of no use.
pub(super) fn redacted(from: File, to: &Path, redactor: &Redactor) -> Option<()> {
    let mut from = ZipArchive::new(from).ok().filter(|from| from.len() <= MEMBERS)?;
    let mut to = ZipWriter::new(File::create_new(to).ok()?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut left = UNPACKED;
    for index in 0..from.len() {
        let member = from.by_index(index).ok()?;
        let name = member.name().ok()?.into_owned();
        let mut bytes = Vec::new();
        member.take(left + 1).read_to_end(&mut bytes).ok()?;
        left = left.checked_sub(u64::try_from(bytes.len()).ok()?)?;
        if !is_plain(&name) || *redactor.text(&name) != *name {
            continue;
        }
        let Some(clean) = clean(&name, bytes, redactor) else { continue };
        to.start_file(name, options).ok()?;
        to.write_all(&clean).ok()?;
    }
    to.finish().ok()?;
    Some(())
}

/// Whether a name is one of those that Playwright gives.
fn is_plain(name: &str) -> bool {
    let usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@' | b'/');
    name.len() <= 200 && name.bytes().all(usual) && !name.contains("..") && !name.starts_with('/')
}

/// What may be shown of a member.
fn clean(name: &str, bytes: Vec<u8>, redactor: &Redactor) -> Option<Vec<u8>> {
    if PICTURES.iter().any(|begin| bytes.starts_with(begin)) {
        // What is written beside the picture is no secret of ours; what it shows is the operator's choice.
        return (redactor.known_bytes(&bytes).as_ref() == bytes.as_slice()).then_some(bytes);
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_json = name.rsplit_once('.').is_some_and(|(_, extension)| LINES.contains(&extension));
    if !is_json {
        return Some(redactor.text(&text).into_inner().into_bytes());
    }
    let lines = text.lines().map(|line| match serde_json::from_str::<Value>(line) {
        Ok(value) => redactor.json(value).to_json(),
        Err(_) => redactor.text(line).into_inner(),
    });
    let mut clean = lines.collect::<Vec<_>>().join("\n");
    clean.push('\n');
    Some(clean.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    const CANARY: &str = "canary-0Zx9Cv8Bn7Mq6Wl5";

    fn packed(members: &[(&str, &[u8])], to: &Path) {
        let mut zip = ZipWriter::new(File::create(to).unwrap());
        for (name, bytes) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    fn members(of: &Path) -> Vec<(String, Vec<u8>)> {
        let mut zip = ZipArchive::new(File::open(of).unwrap()).unwrap();
        let all = zip.len();
        let read = |index| {
            let mut member = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        };
        (0..all).map(read).collect()
    }

    #[test]
    fn texts_are_redacted_pictures_are_kept_and_the_rest_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from.zip"), directory.path().join("to.zip"));
        let (redactor, _) = Redactor::new([Secret::new("KEY", CANARY)]);
        let line = format!("{{\"type\":\"before\",\"headers\":[{{\"name\":\"cookie\",\"value\":\"{CANARY}\"}}]}}");
        let page = format!("<p>{CANARY}</p>");
        let framed = [b"\xff\xd8\xff pixels ".as_slice(), CANARY.as_bytes()].concat();
        packed(
            &[
                ("0-trace.network", line.as_bytes()),
                ("resources/page.html", page.as_bytes()),
                ("resources/frame.jpeg", b"\xff\xd8\xff\xfe pixels"),
                ("resources/told.jpeg", &framed),
                ("resources/font.woff2", b"\x00\xff\xfe"),
                ("../out.html", b"x"),
            ],
            &from,
        );
        redacted(File::open(&from).unwrap(), &to, &redactor).unwrap();
        let members = members(&to);
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0-trace.network", "resources/page.html", "resources/frame.jpeg"]);
        let text = String::from_utf8(members[0].1.clone()).unwrap();
        let event: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!((&event["type"], &event["headers"][0]["value"]), (&"before".into(), &"[redacted]".into()));
        assert_eq!(members[1].1, b"<p>[redacted]</p>");
        let cut = directory.path().join("cut.zip");
        std::fs::write(&cut, &std::fs::read(&from).unwrap()[..100]).unwrap();
        assert!(redacted(File::open(&cut).unwrap(), &directory.path().join("none.zip"), &redactor).is_none());
    }
}
