//! A small disk that can really be full: a file system in memory, mounted where only one process and its children see it.

use std::{
    fs::{self, File},
    io::{self, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::wait::until;

/// Runs the ignored test of that name in a process with mounts of its own. False when the machine does not let us.
pub(crate) fn run_apart(test: &str) -> bool {
    let apart = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]).stdin(Stdio::null());
        command
    };
    if !apart().args(["mount", "-t", "tmpfs", "none", "/tmp"]).status().is_ok_and(|status| status.success()) {
        eprintln!("left out: nothing may be mounted here, and a disk of its own is needed to be full");
        return false;
    }
    let run =
        apart().arg(std::env::current_exe().unwrap()).args(["--exact", test, "--ignored", "--nocapture"]).output();
    let run = run.unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    true
}

/// Puts a disk of that many MiB at `directory`.
pub(crate) fn mount(directory: &Path, mib: u32) {
    fs::create_dir_all(directory).unwrap();
    let options = format!("size={mib}m,mode=700");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(directory).status();
    assert!(mounted.unwrap().success());
}

/// Fills the disk of `partial` up as soon as that has begun to grow. Returns the file that fills it.
pub(crate) async fn fill_up_during(partial: &Path) -> PathBuf {
    until(|| fs::metadata(partial).is_ok_and(|found| found.len() > 100_000).then_some(())).await;
    let filling = partial.with_file_name("filling");
    let mut file = File::create(&filling).unwrap();
    let space = rustix::fs::statvfs(partial).unwrap();
    // All but what may be written meanwhile at once, and then the rest.
    let most = (space.f_bavail * space.f_frsize).saturating_sub(8 << 20);
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, most).unwrap();
    file.seek(io::SeekFrom::End(0)).unwrap();
    let full = io::copy(&mut io::repeat(0), &mut file).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    filling
}
