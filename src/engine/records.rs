//! The ledger as tools see it.

use std::time::Duration;

use super::{Engine, view};
use crate::{
    domain::{
        evidence::Evidence,
        name::{DatabaseName, EnvironmentName, ServiceName},
        operation::{JournalEntry, Operation, OperationFilter, OperationId},
        plan::{Plan, PlanId},
        release::Deployment,
        snapshot::SnapshotManifest,
    },
    ledger::Ledger,
    tools::records::{OperationView, Reading, Records, Standings},
};

/// Reads for tools.
pub(super) struct EngineRecords<'e> {
    pub(super) engine: &'e Engine,
    pub(super) ledger: &'e Ledger,
}

impl<'e> EngineRecords<'e> {
    pub(super) fn new(engine: &'e Engine, ledger: &'e Ledger) -> Self {
        Self { engine, ledger }
    }
}

impl Records for EngineRecords<'_> {
    fn halted(&self) -> Reading<'_, Option<String>> {
        Box::pin(async move { self.engine.halted(self.ledger).await })
    }

    fn operation<'a>(&'a self, id: &'a OperationId) -> Reading<'a, Option<Operation>> {
        Box::pin(async move { Ok(self.ledger.operation(id).await?) })
    }

    fn view<'a>(&'a self, id: &'a OperationId, with_journal: bool) -> Reading<'a, OperationView> {
        Box::pin(async move { self.engine.view(id, with_journal).await })
    }

    fn wait<'a>(&'a self, id: &'a OperationId, wait_s: Option<u32>) -> Reading<'a, ()> {
        Box::pin(async move {
            let limit = self.engine.0.options.waits.of(wait_s);
            if let Some(live) = self.engine.0.live.get(id) {
                live.settled(limit).await;
                return Ok(());
            }
            // Another process runs it: ask the ledger until it has settled.
            let end = tokio::time::Instant::now() + limit;
            while tokio::time::Instant::now() < end {
                match self.ledger.operation(id).await? {
                    Some(operation) if !operation.state.is_terminal() && operation.finished_at.is_none() => {
                        tokio::time::sleep(Duration::from_millis(250)).await;
                    }
                    _ => break,
                }
            }
            Ok(())
        })
    }

    fn operations<'a>(&'a self, filter: &'a OperationFilter) -> Reading<'a, Vec<Operation>> {
        Box::pin(async move { Ok(self.ledger.operations(filter).await?) })
    }

    fn journal<'a>(&'a self, id: &'a OperationId) -> Reading<'a, Vec<JournalEntry>> {
        Box::pin(async move { Ok(self.ledger.journal(id).await?) })
    }

    fn evidence<'a>(&'a self, id: &'a OperationId) -> Reading<'a, Vec<Evidence>> {
        Box::pin(async move { Ok(self.ledger.evidence(id).await?) })
    }

    fn newest_evidence(&self, operations: u32) -> Reading<'_, Vec<Evidence>> {
        Box::pin(async move { Ok(self.ledger.newest_evidence(operations).await?) })
    }

    fn rehearsal<'a>(&'a self, id: &'a OperationId) -> Reading<'a, Option<String>> {
        Box::pin(async move { Ok(view::rehearsal(self.ledger, id).await?) })
    }

    fn plan<'a>(&'a self, id: &'a PlanId) -> Reading<'a, Option<Plan>> {
        Box::pin(async move { Ok(self.ledger.plan(id).await?.map(|stored| stored.plan)) })
    }

    fn deployments<'a>(
        &'a self,
        service: &'a ServiceName,
        environment: &'a EnvironmentName,
    ) -> Reading<'a, Vec<Deployment>> {
        Box::pin(async move { Ok(self.ledger.deployments(service, environment).await?) })
    }

    fn standings(&self) -> Reading<'_, Standings> {
        Box::pin(async move {
            let mut standings = Standings::new();
            for live in self.ledger.live().await? {
                let place = (live.service.clone(), live.environment.clone());
                standings.entry(place).or_default().live = Some(live);
            }
            for last in self.ledger.newest().await? {
                let Some(service) = last.service.clone() else { continue };
                let place = (service, last.environment.clone());
                standings.entry(place).or_default().last = Some(last);
            }
            Ok(standings)
        })
    }

    fn snapshots<'a>(&'a self, database: &'a DatabaseName) -> Reading<'a, Vec<SnapshotManifest>> {
        Box::pin(async move { Ok(self.ledger.snapshots(database).await?) })
    }

    fn head(&self) -> Reading<'_, String> {
        Box::pin(async move { Ok(self.ledger.head().await?.to_string()) })
    }
}
