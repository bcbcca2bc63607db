//! Progress that never holds up the work it tells of.
//!
//! Sending a notification waits for the client to read. So sentences go into a queue; when the queue is full they are
//! dropped, and after the work they get a short moment to leave before the answer.

use std::{sync::Arc, time::Duration};

use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotification, ProgressNotificationParam, ProgressToken},
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::redact::Redacted;

/// Sentences that may wait for a slow client.
const QUEUE: usize = 64;
/// How long the answer waits for them.
const FLUSH: Duration = Duration::from_millis(250);

/// The way of progress from the engine to one waiting client.
#[derive(Debug)]
pub(crate) struct Progress {
    queue: mpsc::Sender<Redacted<String>>,
    task: JoinHandle<()>,
}

impl Progress {
    pub(crate) fn new(peer: Peer<RoleServer>, token: ProgressToken) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Redacted<String>>(QUEUE);
        let task = tokio::spawn(async move {
            let mut count = 0.0;
            while let Some(message) = waiting.recv().await {
                count += 1.0;
                let params = ProgressNotificationParam::new(token.clone(), count).with_message(message.into_inner());
                if peer.send_notification(ProgressNotification::new(params).into()).await.is_err() {
                    break;
                }
            }
        });
        Self { queue, task }
    }

    /// What the engine calls. It holds the queue weakly: an operation that outlives its call has nobody to tell.
    pub(crate) fn sink(&self) -> Arc<dyn Fn(Redacted<String>) + Send + Sync> {
        let queue = self.queue.downgrade();
        Arc::new(move |message| {
            if let Some(queue) = queue.upgrade() {
                let _ = queue.try_send(message);
            }
        })
    }

    /// Lets what is queued leave, for a moment.
    pub(crate) async fn finish(self) {
        let Self { queue, mut task } = self;
        drop(queue);
        if tokio::time::timeout(FLUSH, &mut task).await.is_err() {
            task.abort();
        }
    }
}
