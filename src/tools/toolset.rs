//! Groups of tools.

/// The group a tool belongs to; groups can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Toolset {
    /// Deployments and what they need.
    Deploy,
    /// Looking around.
    Inspect,
    /// What users see, measured.
    Quality,
    /// What GitHub knows.
    GitHub,
    /// What the web knows.
    Research,
    /// What people are told.
    Report,
}

impl Toolset {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Inspect => "inspect",
            Self::Quality => "quality",
            Self::GitHub => "github",
            Self::Research => "research",
            Self::Report => "report",
        }
    }
}
