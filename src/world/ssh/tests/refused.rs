//! A host that opens fewer channels than we ask for.

use tokio::sync::Notify;

use super::{Alone, support::sshd::Sshd};
use crate::world::ssh::Command;

#[tokio::test]
async fn a_refused_channel_for_files_is_asked_for_again() {
    let host = Sshd::shape().config("MaxSessions 1").start().await;
    let alone = Alone::with(&host.toml("web"));
    let (remote, begun) = (alone.host(), Notify::new());
    let hear = &mut |_| {
        begun.notify_one();
        true
    };
    // It holds the only channel until it was asked for in vain.
    let holding = remote.stream("hold the channel", Command::sh("echo begun; sleep 0.2"), hear);
    let asking = async {
        begun.notified().await;
        remote.files().await
    };
    let (held, files) = tokio::join!(holding, asking);
    held.unwrap();
    assert!(files.unwrap().stat(host.root().as_ref()).await.unwrap().is_some());
}

#[tokio::test]
async fn where_there_is_room_for_one_command_the_other_waits() {
    let host = Sshd::shape().config("MaxSessions 1").start().await;
    let alone = Alone::with(&host.toml("web"));
    let there = alone.host();
    // The first runs longer than a refusal is doubted when nothing else of ours runs.
    let run = |seconds| there.text("say so", Command::sh("sleep \"$1\"; echo ran").arg(seconds));
    let (first, second) = tokio::join!(run("1.7"), run("0"));
    assert_eq!([first.unwrap(), second.unwrap()], ["ran", "ran"]);
}
