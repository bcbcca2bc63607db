//! Ending a process before its time, with everybody it began.

use std::time::Duration;

use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, getpgrp, getpid, getsid};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe::Receiver,
    time::{Instant, sleep},
};

use super::{Group, Sink, members};

/// How often it is looked who still lives.
const LOOK: Duration = Duration::from_millis(50);

/// When a process is ended before its time, and who with it.
pub(crate) struct Stop {
    /// Is over when the process is to end.
    pub(super) asked: BoxFuture<'static, ()>,
    /// The session whose every process but ours is ended, besides the group of the process.
    pub(super) session: Option<Pid>,
}

impl Stop {
    /// When `asked` is over. Where we lead a session of our own, everybody in it is ended: programs like `timeout` put what they run
    /// into a process group of its own.
    pub(crate) fn when(asked: impl Future<Output = ()> + Send + 'static) -> Self {
        let session = getsid(None).ok().filter(|session| *session == getpid());
        Self { asked: Box::pin(asked), session }
    }

    pub(super) fn never() -> Self {
        Self { asked: Box::pin(std::future::pending()), session: None }
    }
}

/// Ends everybody of the group and the session, first by `TERM` and after `grace` by `KILL`, and returns when nobody of them lives.
/// What they write meanwhile is taken.
pub(super) async fn end(
    group: &Group,
    session: Option<Pid>,
    grace: Duration,
    output: &mut Receiver,
    sink: &mut dyn Sink,
) {
    let Some(leader) = group.0 else { return };
    let signal = |signal| {
        let living = members::living(leader, session);
        // Somebody who entered our own group can only be waited for.
        let others = living.iter().filter(|group| **group != getpgrp().as_raw_pid());
        others.for_each(|group| Group(Pid::from_raw(*group), false).signal(signal));
        living.is_empty()
    };
    signal(Signal::TERM);
    let patience = Instant::now() + grace;
    let (mut buffer, mut open) = (vec![0; 64 * 1024], true);
    loop {
        let look = sleep(LOOK);
        tokio::pin!(look);
        loop {
            tokio::select! {
                read = output.read(&mut buffer), if open => match read {
                    Ok(0) | Err(_) => open = false,
                    Ok(count) => sink.take(buffer.get(..count).unwrap_or_default()),
                },
                () = &mut look => break,
            }
        }
        let ended =
            if Instant::now() < patience { members::living(leader, session).is_empty() } else { signal(Signal::KILL) };
        if ended {
            break;
        }
    }
    // What they wrote last.
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(LOOK, output.read(&mut buffer)).await {
        sink.take(buffer.get(..count).unwrap_or_default());
    }
}
