//! One turn per plan.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OwnedMutexGuard;

use crate::domain::plan::PlanId;

/// Of many executions of one plan in this process, one at a time goes to the ledger; the others then find what it wrote. Without
/// this they would all queue up for the right to write, and the last of them would wait longer than a write may.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<PlanId, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits for the turn. It ends when the guard is dropped.
    pub(super) async fn of(&self, plan: &PlanId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            turns.get(plan).and_then(Weak::upgrade).unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(plan.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> PlanId {
        PlanId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn each_plan_has_one_turn_at_a_time_and_is_forgotten_afterwards() {
        let turns = Turns::default();
        let (one, two) = (id(1), id(2));
        let first = turns.of(&one).await;
        let other = turns.of(&two).await;
        let second = turns.of(&one);
        futures::pin_mut!(second);
        assert!(futures::poll!(&mut second).is_pending());
        drop((first, other));
        drop(second.await);
        drop(turns.of(&id(3)).await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
