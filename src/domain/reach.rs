//! Where somebody may change something.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    name::EnvironmentName,
    refusal::{Code, Refusal},
};

/// The environments in which somebody may plan and execute: by default all of them. Looking is not bound to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach(Option<Arc<BTreeSet<EnvironmentName>>>);

impl Reach {
    /// Those environments and no others.
    pub fn only(environments: BTreeSet<EnvironmentName>) -> Self {
        Self(Some(Arc::new(environments)))
    }

    /// Refused where the environment is not among them.
    pub fn require(&self, environment: &EnvironmentName) -> Result<(), Refusal> {
        match &self.0 {
            Some(environments) if !environments.contains(environment) => Err(Refusal::new(
                Code::Forbidden,
                format!("This client's token may change nothing in {environment}."),
                "The operator names the environment in the configuration, under [[tokens]].",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_out_of_reach() {
        let (staging, production): (EnvironmentName, EnvironmentName) =
            ("staging".parse().unwrap(), "production".parse().unwrap());
        let reach = Reach::only([staging.clone()].into());
        assert_eq!(reach.require(&staging), Ok(()));
        let refusal = reach.require(&production).unwrap_err();
        assert_eq!(refusal.code, Code::Forbidden);
        assert!(refusal.message.contains("production"), "{}", refusal.message);
        assert_eq!(Reach::default().require(&production), Ok(()));
        assert!(Reach::only(BTreeSet::new()).require(&staging).is_err());
    }
}
