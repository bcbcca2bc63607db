//! rmcp's reading and writing of lines, past which an answer that is written already goes.

use std::{future::Future, io};

use futures::future::Either;
use rmcp::{
    RoleServer,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use tokio::io::AsyncRead;

use super::writer::{GateWriter, Outbox};
use crate::server::written::Slots;

/// One message a line, in both directions.
pub(super) struct Lines<R: AsyncRead> {
    rmcp: AsyncRwTransport<RoleServer, R, GateWriter>,
    outbox: Outbox,
    slots: Slots,
}

impl<R: AsyncRead + Unpin + Send> Lines<R> {
    pub(super) fn new(reader: R, writer: GateWriter, longest: usize) -> Self {
        let outbox = writer.outbox();
        let rmcp = AsyncRwTransport::new_server(reader, writer).with_max_line_length(longest);
        Self { rmcp, outbox, slots: Slots::default() }
    }
}

impl<R: AsyncRead + Unpin + Send> Transport<RoleServer> for Lines<R> {
    type Error = io::Error;

    fn send(&mut self, message: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        match self.slots.instead_of(&message) {
            Some(response) => Either::Left(self.outbox.send(response)),
            None => Either::Right(self.rmcp.send(message)),
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let mut message = self.rmcp.receive().await?;
        self.slots.received(&mut message);
        Some(message)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.rmcp.close().await
    }
}
