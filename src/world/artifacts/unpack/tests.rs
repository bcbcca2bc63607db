use std::{fs, io::Write as _, path::PathBuf};

use ::tar::{Builder, EntryType, Header};
use ::zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

const SMALL: Bounds = Bounds { bytes: 100, entries: 5 };

/// An entry: its name, its type, and its content or target.
type Entry<'a> = (&'a str, EntryType, &'a [u8]);

/// A tar archive, with names as they are: the library would mend them.
fn tar_of(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(if name.ends_with(".sh") { 0o4777 } else { 0o666 });
        let link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if link {
            header.set_link_name_literal(content).unwrap();
        }
        let content: &[u8] = if link { &[] } else { content };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip_of(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, kind, content) in entries {
        let mode = if name.ends_with(".sh") { 0o777 } else { 0o666 };
        let options = SimpleFileOptions::default().unix_permissions(mode);
        match kind {
            EntryType::Directory => zip.add_directory(*name, options).unwrap(),
            EntryType::Symlink => zip.add_symlink(*name, String::from_utf8_lossy(content), options).unwrap(),
            _ => {
                zip.start_file(*name, options).unwrap();
                zip.write_all(content).unwrap();
            }
        }
    }
    zip.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What comes out: paths with permissions and content, or why nothing does.
fn out(archive: &[u8]) -> Result<Vec<(PathBuf, u32, String)>, String> {
    let directory = tempfile::tempdir().unwrap();
    let (file, into) = (directory.path().join("archive"), directory.path().join("out"));
    fs::write(&file, archive).unwrap();
    fs::write(directory.path().join("beside"), "untouched").unwrap();
    let done = unpack(&file, &into, SMALL);
    assert_eq!(fs::read_to_string(directory.path().join("beside")).unwrap(), "untouched");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "something lies beside");
    done.map_err(|error| error.problem)?;
    let nodes = tree::walk(&into, &|_| true).unwrap();
    let content = |node: &tree::Node| match &node.kind {
        tree::Kind::Link { target } => format!("-> {}", target.display()),
        tree::Kind::File { .. } => fs::read_to_string(into.join(&node.path)).unwrap(),
        _ => String::new(),
    };
    Ok(nodes.iter().map(|node| (node.path.clone(), node.mode, content(node))).collect())
}

#[test]
fn files_directories_and_links_come_out_of_every_kind_of_archive() {
    let entries: [Entry<'_>; 3] = [
        ("./app/run.sh", EntryType::Regular, b"#!/bin/sh\n"),
        ("app/empty/", EntryType::Directory, b""),
        ("app/now", EntryType::Symlink, b"run.sh"),
    ];
    let wanted = |path: &str, mode: u32, content: &str| (PathBuf::from(path), mode, content.to_owned());
    let tar = tar_of(&entries);
    for archive in [tar.clone(), gzip(&tar), zstd::encode_all(tar.as_slice(), 3).unwrap(), zip_of(&entries)] {
        let found = out(&archive).unwrap();
        assert_eq!(
            found,
            [
                wanted("app", 0o755, ""),
                wanted("app/empty", 0o755, ""),
                wanted("app/now", 0o777, "-> run.sh"),
                wanted("app/run.sh", 0o755, "#!/bin/sh\n"),
            ]
        );
    }
}

#[test]
fn nothing_is_written_outside_or_through_a_link() {
    use EntryType::{Directory, Regular, Symlink};
    for (entries, why) in [
        (vec![("../beside", Regular, &b"x"[..])], "would lie outside"),
        (vec![("a/../../beside", Regular, b"x")], "would lie outside"),
        (vec![("/tmp/deploy-ops-beside", Regular, b"x")], "would lie outside"),
        (vec![("..", Directory, b"")], "would lie outside"),
        (vec![("a\\b", Regular, b"x")], "a name that is none here"),
        (vec![("a\u{1b}b", Regular, b"x")], "a name that is none here"),
        (vec![("a", Symlink, b".."), ("a/beside", Regular, b"x")], "below something that is no directory"),
        (vec![("a", Symlink, b"."), ("a/b", Symlink, b"c")], "below something that is no directory"),
        (vec![("a", Regular, b"x"), ("a/b", Regular, b"x")], "below something that is no directory"),
        (vec![("a", Symlink, b"../beside"), ("a", Regular, b"x")], "two entries have one name"),
        (vec![("a", Regular, b"x"), ("./a", Regular, b"y")], "two entries have one name"),
    ] {
        assert!(out(&tar_of(&entries)).unwrap_err().contains(why), "{entries:?}");
        // The library that writes refuses some of these itself.
        let same_name = entries.len() == 2 && entries[0].0 == entries[1].0;
        if !same_name && !entries.iter().any(|(_, kind, _)| *kind == Directory) {
            assert!(out(&zip_of(&entries)).unwrap_err().contains(why), "zip: {entries:?}");
        }
    }
    for kind in [EntryType::Link, EntryType::Char, EntryType::Fifo] {
        assert!(out(&tar_of(&[("a", kind, b"beside")])).unwrap_err().contains("neither file"), "{kind:?}");
    }
}

#[test]
fn no_more_comes_out_than_fits() {
    let zeros = [0_u8; 101];
    let bomb: [Entry<'_>; 1] = [("a", EntryType::Regular, &zeros)];
    let names: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    let many: Vec<Entry<'_>> = names.iter().map(|name| (name.as_str(), EntryType::Regular, &b""[..])).collect();
    for archive in [gzip(&tar_of(&bomb)), zip_of(&bomb), gzip(&tar_of(&many)), zip_of(&many)] {
        assert!(out(&archive).unwrap_err().contains("come out of it"));
    }
    let fits: [Entry<'_>; 1] = [("a", EntryType::Regular, &zeros[..100])];
    assert!(out(&zip_of(&fits)).is_ok() && out(&tar_of(&fits)).is_ok());
}

#[test]
fn what_is_no_archive_is_refused() {
    let zip = zip_of(&[("a", EntryType::Regular, b"some text")]);
    let tar = gzip(&tar_of(&[("a", EntryType::Regular, b"some text")]));
    // One changed byte must not pass.
    let mut stored = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plainly = SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
    stored.start_file("a", plainly).unwrap();
    stored.write_all(b"some text").unwrap();
    let mut lying = stored.finish().unwrap().into_inner();
    assert!(out(&lying).is_ok());
    let at = memchr::memmem::find(&lying, b"some text").unwrap();
    lying[at] ^= 0x20;
    for bytes in [&b"<html></html>"[..], b"", &zip[..zip.len() / 2], &tar[..tar.len() / 2], &lying, &gzip(b"")] {
        assert!(out(bytes).is_err());
    }
}
