//! Pages of services that are looked at in a browser.

use serde::Serialize;

use super::super::{
    lighthouse::Below,
    look::Changed,
    name::{PageName, ViewportName},
};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Its name, unique in the service.
    pub name: PageName,
    /// Path and query below the target's URL; empty for the URL itself.
    pub path: String,
    /// What it is shown on; never empty.
    pub viewports: Vec<ViewportName>,
    /// Whether pictures show it to its end instead of what is seen first.
    pub full_page: bool,
    /// What is not compared and not shown, because it changes or is nobody's business.
    pub masks: Vec<Mask>,
    /// How many thousandths of the pixels may differ from the accepted picture.
    pub threshold_permille: u32,
    /// By how much a channel of a pixel may differ and count as the same, 0 to 255.
    pub tolerance: u8,
}

/// Pages that Lighthouse measures after a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasuredAfter {
    /// Which; never empty.
    pub pages: Vec<PageName>,
    /// What one does that misses what it has to reach.
    pub below: Below,
}

/// Pages whose pictures are taken after a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownAfter {
    /// Which; never empty.
    pub pages: Vec<PageName>,
    /// What one does that looks otherwise than it was accepted.
    pub changed: Changed,
}

/// A part of a page that is painted over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Every element that a CSS selector matches.
    Selector(String),
    /// A part of the picture.
    Rectangle(Rectangle),
}

/// A part of a picture, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rectangle {
    /// From the left.
    pub x: u32,
    /// From above.
    pub y: u32,
    /// To the right.
    pub width: u32,
    /// Down.
    pub height: u32,
}
