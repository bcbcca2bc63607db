//! The browser that looks at pages, and what it shows them on.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::super::{
    name::ViewportName,
    refusal::{Code, Refusal},
};

/// The browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Browser {
    /// The program; looked for in the usual directories when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chromium: Option<PathBuf>,
    /// How long a page may take until it can be looked at, seconds.
    pub timeout_s: u32,
    /// Hosts besides that of the target from which pages may load parts; every other host is closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What pages are shown on.
    pub viewports: BTreeMap<ViewportName, Viewport>,
}

impl Browser {
    /// The viewport of that name, or a refusal with those that there are.
    pub fn viewport(&self, name: &ViewportName) -> Result<Viewport, Refusal> {
        self.viewports.get(name).copied().ok_or_else(|| {
            let names: Vec<&str> = self.viewports.keys().map(ViewportName::as_str).collect();
            let fix = format!("Give a viewport as one of: {}.", names.join(", "));
            Refusal::new(Code::UnknownName, "There is no such viewport.", fix)
        })
    }
}

/// What a page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Viewport {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Whether it is a device for fingers: the page's own viewport counts, and there is touch instead of a pointer.
    pub mobile: bool,
}
