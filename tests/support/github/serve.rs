//! The two doors: of the API, and of where files are stored.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

use super::{
    fault::Fault,
    reply::Reply,
    site::Site,
    state::{Question, State},
    storage,
};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) prefix: &'static str,
    pub(super) site: Arc<Site>,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Door {
    Api,
    Storage,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

/// Takes connections until it is dropped, which ends them all.
pub(super) async fn accept(shared: Arc<Shared>, door: Door, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let _ = stream.set_nodelay(true);
                let shared = shared.clone();
                let service = service_fn(move |request| answer(shared.clone(), door, request));
                connections.spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(shared: Arc<Shared>, door: Door, request: Request<Incoming>) -> Result<Response<Body>, NoAnswer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| NoAnswer)?.to_bytes().to_vec();
    let (latency, down) = {
        let state = shared.state.lock().unwrap();
        (state.latency, state.down)
    };
    if down {
        return Err(NoAnswer);
    }
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let path = head.uri.path();
    let (reply, fault) = match door {
        Door::Storage => {
            let mut state = shared.state.lock().unwrap();
            let fault = state.faults.next(storage::OPERATION);
            (Some(storage::serve(&mut state, path, &head.headers)), fault)
        }
        Door::Api => match path.strip_prefix(shared.prefix) {
            None => (Some(Reply::new(404)), None),
            Some(path) => shared.state.lock().unwrap().answer(Question {
                method: head.method.clone(),
                path: path.to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                headers: head.headers.clone(),
                body,
            }),
        },
    };
    match &fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Closed | Fault::Lost) => return Err(NoAnswer),
        Some(Fault::Slow(by)) => sleep(*by).await,
        _ => {}
    }
    Ok(reply.ok_or(NoAnswer)?.into_response(fault.as_ref()))
}
