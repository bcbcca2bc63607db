//! A small HTTP server in the place of somebody else's: it answers as a test wants it to, and keeps what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// These bytes with this status and these headers.
    This { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// What somebody else says to the same question, at this origin.
    Forward(String),
    /// Nothing, ever.
    Hang,
    /// The connection ends instead.
    Closed,
    /// The first half of a body.
    Cut(Vec<u8>),
    /// A body without an end.
    Endless,
}

/// JSON with status 200.
pub(crate) fn json(value: &Value) -> Says {
    status(200, &value.to_string())
}

/// A text with a status.
pub(crate) fn status(status: u16, body: &str) -> Says {
    Says::This { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

impl Says {
    /// The same with one header more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::This { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Script = Arc<Mutex<Box<dyn FnMut(&Asked) -> Says + Send>>>;

/// The server. It ends with the test.
pub(crate) struct StandIn {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Script,
}

impl StandIn {
    /// One that answers so.
    pub(crate) async fn start(answer: impl FnMut(&Asked) -> Says + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Script = Arc::new(Mutex::new(Box::new(answer)));
        let server = Self { port, asked: Arc::default(), script };
        let (asked, script) = (server.asked.clone(), server.script.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, asked.clone(), script.clone()));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on it answers so.
    pub(crate) fn say(&self, answer: impl FnMut(&Asked) -> Says + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(answer);
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, asked: Arc<Mutex<Vec<Asked>>>, script: Script) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(question) = question(&mut stream).await? else { return Ok(()) };
    asked.lock().unwrap().push(question.clone());
    let says = (script.lock().unwrap())(&question);
    match says {
        Says::This { status, headers, body } => answer(&mut stream, status, &headers, &body).await?,
        Says::Forward(origin) => {
            let url = format!("{origin}{}?{}", question.path, question.query);
            let answered = reqwest::get(url).await.unwrap();
            let status = answered.status().as_u16();
            answer(&mut stream, status, &[], &answered.bytes().await.unwrap()).await?;
        }
        Says::Hang => std::future::pending::<()>().await,
        Says::Closed => {}
        Says::Cut(body) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() * 2);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Says::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[").await?;
            loop {
                stream.write_all(&[b' '; 65536]).await?;
            }
        }
    }
    stream.shutdown().await
}

async fn question(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut asked = Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: BTreeMap::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        asked.headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = asked.header("content-length").parse().unwrap_or(0);
    asked.body = vec![0; length];
    stream.read_exact(&mut asked.body).await?;
    Ok(Some(asked))
}

async fn answer(
    stream: &mut BufReader<TcpStream>,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    stream.write_all(body).await
}
