//! What both layers report.

/// A byte range of the scanned text that must not leave, and the rule that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// First byte to mask.
    pub start: usize,
    /// One past the last byte to mask.
    pub end: usize,
    /// Name of the rule, for the operator's ledger; never derived from the text.
    pub rule: &'static str,
}
