//! The engine: calls tools, seals plans, runs them inside permits, resumes what a crash interrupted, and replies.
//!
//! One walk through it: [`call`] checks who asks and finds the tool; a query answers at once; an action is [`propose`]d (a dry
//! run ends with a sealed plan) or [`execute`]d (facts are read again under the lock, `policy` gives a permit, and [`drive`] runs
//! the steps with their journal); [`unwind`] takes steps back; [`close`] writes what came of it; [`resume`] goes on after a crash; [`tell`]
//! lets GitHub know, [`notices`] the channels, both out of the [`outbox`].

pub mod caller;
pub mod hooks;
pub mod options;
pub mod reply;

mod approve;
mod approved_elsewhere;
mod call;
mod cancel;
pub mod check_report;
mod close;
mod complete;
mod decide;
mod drive;
mod execute;
mod journal;
mod live;
mod memo;
mod metrics;
mod notices;
mod observe;
mod outbox;
mod propose;
mod records;
mod reduce;
mod render;
mod report;
mod resources;
mod resume;
mod state;
mod telemetry;
mod tell;
mod turns;
mod unwind;
mod view;

use std::sync::Arc;

use tokio::sync::OnceCell;

pub use approve::{ApproveError, PlanForApproval};
pub use caller::Caller;
pub use check_report::CheckedReport;
pub use hooks::{Hooks, NoHooks, Point};
pub use options::{Options, Waits};
pub use reply::{Given, Reply};
pub use resources::{ResourceBody, ResourceInfo, ResourceTemplate, TEMPLATES};

use crate::{
    domain::{inventory::Inventory, refusal::Refusal},
    ledger::Ledger,
    policy::Settings,
    redact::Redactor,
    tools::{self, Tool},
    world::World,
};
use live::LiveOperations;
use memo::Memo;
use notices::Notifier;
use telemetry::Telemetry;
use tell::Teller;
use turns::Turns;

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    world: World,
    redactor: Redactor,
    settings: Settings,
    options: Options,
    tools: Vec<Tool>,
    ledger: OnceCell<Ledger>,
    live: LiveOperations,
    memo: Memo,
    turns: Turns,
    telemetry: Telemetry,
    teller: Teller,
    notifier: Notifier,
    hooks: Arc<dyn Hooks>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over a world. Nothing is opened or read until the first call, or [`Engine::start`].
    pub fn new(world: World, redactor: Redactor, settings: Settings, options: Options, hooks: Arc<dyn Hooks>) -> Self {
        let tools = tools::all().into_iter().filter(|tool| options.offers(tool)).collect();
        Self(Arc::new(Inner {
            world,
            redactor,
            settings,
            options,
            tools,
            ledger: OnceCell::new(),
            live: LiveOperations::default(),
            memo: Memo::default(),
            turns: Turns::default(),
            telemetry: Telemetry::default(),
            teller: Teller::default(),
            notifier: Notifier::default(),
            hooks,
        }))
    }

    /// Opens the ledger, fills the redactor and goes on with interrupted operations. Safe to call more than once.
    pub async fn start(&self) -> Result<(), Refusal> {
        self.ledger().await.map(|_| ())
    }

    /// Waits until no operation of this process is running, so that a closed client stops none.
    pub async fn drain(&self) {
        self.0.live.drained().await;
        self.traces_gone().await;
        tokio::join!(self.last_words(), self.last_notices());
        if let Some(ledger) = self.0.ledger.get() {
            ledger.flush().await;
        }
    }

    /// The tools that are offered, in the order of their names.
    pub fn tools(&self) -> &[Tool] {
        &self.0.tools
    }

    /// The redactor in front of every exit.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// The inventory.
    pub fn inventory(&self) -> &Inventory {
        self.0.world.reader().inventory()
    }

    fn world(&self) -> &World {
        &self.0.world
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
