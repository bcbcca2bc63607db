//! A stand-in for GitHub: a server of this process that keeps what it is told and answers as GitHub's own description
//! says.
//!
//! ```ignore
//! let github = GitHub::start().await;                        // GitHub::enterprise() serves below /api/v3
//! let head = github.edit(|world| {
//!     let shop = world.repository("acme/shop");              // made when first named
//!     let head = shop.commit("main", "Mend the cart");
//!     shop.check_run(&head, "test", "success");
//!     shop.annotated_tag("v1.4.0", &head);
//!     shop.issue("ada", "The cart is slow", &["incident"]);
//!     head
//! });
//! github.fault_once("GET check-runs", 2, Fault::Status(502)); // the second call from now
//! connect(github.url(), github.token());
//! assert_eq!(github.count("POST issues"), 1);
//! ```
//!
//! What is in the world is shown as the API shows it, and what a test gives no value for is filled in from the
//! description. A client that asks for what the description does not know, or sends what it does not allow, fails the
//! test when the server goes; so does one that shows its token to where files are stored.

mod account;
mod actions;
mod admission;
mod alerts;
mod answer;
mod asked;
mod call;
mod checks;
mod commits;
mod contents;
mod contract;
mod deployments;
mod environments;
mod fault;
mod fill;
mod issues;
mod jwt;
mod limit;
mod pages;
mod pulls;
mod refs;
mod releases;
mod render;
mod reply;
mod repository;
mod routes;
mod secrets;
mod serve;
mod shelf;
mod site;
mod state;
mod storage;
mod token;
mod world;

use std::{
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

pub(crate) use account::App;
pub(crate) use asked::Asked;
pub(crate) use contract::Contract;
pub(crate) use fault::Fault;
use jiff::SignedDuration;
pub(crate) use repository::Repository;
use serve::{Door, Shared};
use site::Site;
use state::State;
pub(crate) use token::Token;
use tokio::{net::TcpListener, task::JoinHandle};
pub(crate) use world::World;

/// The server. Dropping it ends all connections, and fails the test if a client did what it may not.
#[derive(Debug)]
pub(crate) struct GitHub {
    shared: Arc<Shared>,
    token: String,
    tasks: Vec<JoinHandle<()>>,
}

impl GitHub {
    /// A server as api.github.com is, with one good token and nothing else.
    pub(crate) async fn start() -> Self {
        Self::below("").await
    }

    /// A server as GitHub Enterprise is: everything is below `/api/v3`.
    pub(crate) async fn enterprise() -> Self {
        Self::below("/api/v3").await
    }

    async fn below(prefix: &'static str) -> Self {
        let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let storage = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let site = Arc::new(Site::new(format!("{}{prefix}", address(&api)), address(&storage)));
        let mut world = World::new(site.clone());
        let token = world.add_token(Token::fine_grained("deploy-bot"));
        let shared = Arc::new(Shared { prefix, site, state: Mutex::new(State::new(world)) });
        let tasks = vec![
            tokio::spawn(serve::accept(shared.clone(), Door::Api, api)),
            tokio::spawn(serve::accept(shared.clone(), Door::Storage, storage)),
        ];
        Self { shared, token, tasks }
    }

    /// The base of its addresses, with the prefix and without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.shared.site.base
    }

    /// A token that may do what deployments want, and that nothing may ever show.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Looks at the world, or alters it.
    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        edit(self.state().edit())
    }

    /// Installs an App with a new RSA key, which is written to this file as PEM. Its installation has the number 77.
    pub(crate) fn install_app(&self, id: u64, key_file: &Path) {
        let public_key = jwt::make_key(key_file);
        self.edit(|world| world.app = Some(App::new(id, 77, public_key)));
    }

    /// What nothing may ever show: every token, and every secret that an alert is about.
    pub(crate) fn canaries(&self) -> Vec<String> {
        let state = self.state();
        let alerts = state.world.repositories().iter().flat_map(|it| it.alerts.secret.all());
        let secrets = alerts.filter_map(|alert| Some(alert["secret"].as_str()?.to_owned()));
        state.world.tokens.iter().map(|token| token.text.clone()).chain(secrets).collect()
    }

    /// Lets each call of an operation go wrong, until [`mend`](Self::mend). `GET check-runs` is short for the
    /// operation whose path ends like that; `GET storage` is the download of a file.
    pub(crate) fn fault(&self, operation: &str, fault: Fault) {
        self.state().faults.plan(fault::operation(operation), None, fault);
    }

    /// Lets one call of an operation go wrong: the `nth` from now, of which the next is 1.
    pub(crate) fn fault_once(&self, operation: &str, nth: usize, fault: Fault) {
        self.state().faults.plan(fault::operation(operation), Some(nth), fault);
    }

    /// Lets nothing go wrong any more.
    pub(crate) fn mend(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.down = false;
    }

    /// Ends each connection without an answer, until [`mend`](Self::mend).
    pub(crate) fn down(&self) {
        self.state().down = true;
    }

    /// Lets each call take that long.
    pub(crate) fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Sets the server's clock ahead of the machine's, or behind.
    pub(crate) fn clock_ahead(&self, by: SignedDuration) {
        self.shared.site.set_ahead(by);
    }

    /// What it was asked so far.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.state().log.clone()
    }

    /// What it was asked of an operation, which may be named shortly.
    pub(crate) fn asked(&self, operation: &str) -> Vec<Asked> {
        let operation = fault::operation(operation);
        self.state().log.iter().filter(|asked| asked.operation == operation).cloned().collect()
    }

    /// How often it was asked for an operation, which may be named shortly.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.asked(operation).len()
    }

    /// Forgets what it was asked.
    pub(crate) fn forget(&self) {
        self.state().log.clear();
    }

    /// What clients did that they may not. They are forgiven then.
    pub(crate) fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.state().violations)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

/// The operations that are served, as `GET /user`.
pub(crate) fn served() -> impl Iterator<Item = &'static str> {
    routes::ROUTES.iter().map(|route| route.operation)
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        if !std::thread::panicking() {
            let violations = self.take_violations();
            assert!(violations.is_empty(), "against GitHub's description:\n{}", violations.join("\n"));
        }
    }
}
