//! What the rules about evidence share.

use super::super::Case;
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    plan::Plan,
    refusal::{Code, Refusal},
};

/// Every requirement of `kind` in the plan is met by evidence that passed, is about the same subject, and still counts.
pub(super) fn require(
    plan: &Plan,
    case: &Case<'_>,
    kind: EvidenceKind,
    code: Code,
    what: &str,
    fix: &str,
) -> Result<(), Refusal> {
    for requirement in plan.body().requirements.iter().filter(|r| r.kind == kind) {
        let newest = case.newest(kind, &requirement.subject);
        let problem = match newest {
            Some(evidence) if evidence.holds(case.now) => continue,
            Some(evidence) if evidence.outcome == Outcome::Pass => {
                format!("is out of date since {}", evidence.valid_until)
            }
            Some(evidence) => format!("did not pass: {}", evidence.summary),
            None => "is missing".to_owned(),
        };
        let refusal = Refusal::new(code, format!("{what} ({}) {problem}.", requirement.subject), fix);
        return Err(match newest {
            Some(e) => refusal.with_evidence(format!("{} collected {} by {}", e.summary, e.collected_at, e.collector)),
            None => refusal,
        });
    }
    Ok(())
}

/// Whether the plan asks for evidence of `kind` at all.
pub(super) fn required(plan: &Plan, kind: EvidenceKind) -> bool {
    plan.body().requirements.iter().any(|r| r.kind == kind)
}
