//! A mail server that says what a test wants it to, and writes down what it hears.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What is said to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    /// These lines.
    Words(String),
    /// Nothing, for as long as the client waits.
    Nothing,
    /// Nothing: the connection ends.
    Goodbye,
}

/// Says these words.
pub(crate) fn words(text: impl Into<String>) -> Says {
    Says::Words(text.into())
}

/// The server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    /// A server that answers the empty line, which nobody said, with its greeting, and then each line.
    pub(crate) async fn start(answer: impl Fn(&str) -> Says + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let liar = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
        let heard = liar.heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, answer.clone(), heard.clone()));
            }
        });
        liar
    }

    /// The lines that it heard.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, answer: impl Fn(&str) -> Says, heard: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        match answer(line.trim_end()) {
            Says::Words(text) => stream.write_all(text.as_bytes()).await?,
            Says::Nothing => {}
            Says::Goodbye => return Ok(()),
        }
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        heard.lock().unwrap().push(line.trim_end().to_owned());
    }
}
