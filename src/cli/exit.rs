//! What the process ends with.

use std::process::{ExitCode, Termination};

use crate::domain::{
    operation::OperationState,
    refusal::{Code, Refusal},
};

/// The exit codes. They are documented in `docs/cli.md`; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// It went well.
    Done = 0,
    /// It was refused, or something is wrong.
    Refused = 1,
    /// The command line or the configuration cannot be used.
    Usage = 2,
    /// The operation failed, was cancelled or was rolled back.
    Failed = 3,
    /// Blockers stand in the way, or a human has to approve or decide.
    Blocked = 4,
    /// The operation is still running.
    Running = 5,
    /// The program that this process was to become cannot be started; the number is a shell's. Only the server itself sees it.
    NotStarted = 127,
}

impl Exit {
    /// For a refusal.
    pub fn of_refusal(refusal: &Refusal) -> Self {
        Self::of_code(refusal.code)
    }

    /// For the code of a refusal.
    pub fn of_code(code: Code) -> Self {
        if code == Code::ApprovalRequired { Self::Blocked } else { Self::Refused }
    }

    /// For an operation in that state, with or without blockers.
    pub fn of_operation(state: OperationState, blocked: bool) -> Self {
        match state {
            OperationState::Running | OperationState::RollingBack => Self::Running,
            OperationState::AwaitingDecision | OperationState::Indeterminate => Self::Blocked,
            OperationState::Succeeded if blocked => Self::Blocked,
            OperationState::Succeeded | OperationState::Accepted => Self::Done,
            OperationState::Failed
            | OperationState::RolledBack
            | OperationState::RollbackFailed
            | OperationState::Cancelled => Self::Failed,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
