//! MCP over the standard streams: one client, the owner of the process.

mod lines;
mod writer;

use rmcp::{ServiceExt, service::QuitReason};
use tokio::io::{AsyncRead, AsyncWrite};

use self::lines::Lines;
use super::{handler::Handler, identity::Identity};

pub use writer::{GateWriter, gate};

/// The longest line that is read, bytes. A longer one is dropped, and the connection stays open.
pub const LONGEST_LINE: usize = 1024 * 1024;

/// Why serving ended before the client closed its end.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The client did not begin as MCP wants.
    #[error("cannot begin the MCP session on stdin")]
    Begin(#[source] Box<rmcp::service::ServerInitializeError>),
    /// The session's task failed.
    #[error("the MCP session on stdin failed")]
    Session(#[source] tokio::task::JoinError),
}

/// Serves stdin and stdout until the client closes stdin.
pub async fn serve(handler: &Handler) -> Result<QuitReason, StdioError> {
    let (reader, writer) = rmcp::transport::stdio_pipes();
    serve_streams(handler, Identity::local("stdio"), reader, writer).await
}

/// Serves any pair of streams for one known client.
pub async fn serve_streams<R, W>(
    handler: &Handler,
    identity: Identity,
    reader: R,
    writer: W,
) -> Result<QuitReason, StdioError>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (writer, written) = gate(writer, handler.door().redactor());
    let session = handler.for_identity(identity).serve(Lines::new(reader, writer, LONGEST_LINE)).await;
    let quit = match session {
        Ok(session) => session.waiting().await.map_err(StdioError::Session),
        // A client that goes away without a word has done nothing wrong.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(QuitReason::Closed),
        Err(error) => Err(StdioError::Begin(Box::new(error))),
    };
    // The last answers leave before the process does.
    let _ = written.await;
    quit
}
