//! One page in one viewport: loaded, held still, read, photographed.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::{
    reach::Reach,
    seen::{Seen, reason, text},
    text::PageText,
    wire::{Fault, Wire},
};
use crate::domain::inventory::{Mask, Page, Rectangle, Viewport};

/// How long the network may stay busy after everything is there: some pages never stop asking.
const BUSY: Duration = Duration::from_secs(4);
/// How high a picture of a full page may be, pixels.
const HIGHEST: u32 = 8000;
/// Runs in the page before its own scripts: what connects past the browser's resolver is not there.
const WITHOUT: &str = "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport', 'TCPSocket', 'UDPSocket']) \
                       { delete globalThis[name]; }";
const STILL: &str = include_str!("still.js");

/// What a visit brought.
#[derive(Debug)]
pub(super) struct Visit<'r> {
    pub(super) seen: Seen<'r>,
    pub(super) end: End,
}

/// How a visit ended.
#[derive(Debug)]
pub(super) enum End {
    /// With a picture.
    Taken(Taken),
    /// There is no page: what the network said.
    NoPage(String),
    /// The page was not there in time.
    Late,
    /// The page's process ended.
    Crashed,
    /// A mask is no selector: its number.
    WrongMask(usize),
}

/// A picture, as the browser made it.
#[derive(Debug)]
pub(super) struct Taken {
    /// PNG.
    pub(super) png: Vec<u8>,
    /// Everything that is masked.
    pub(super) masked: Vec<Rectangle>,
    /// What the page said before and after.
    pub(super) text: PageText,
    /// Whether the network had become quiet.
    pub(super) quiet: bool,
}

/// A tab of its own: no other page's cookies, storage or cache.
struct Tab<'w> {
    wire: &'w mut Wire,
    session: String,
}

/// Visits `url`. It takes until `limit` at most; the browser can be used afterwards in any case.
pub(super) async fn visit<'r>(
    wire: &mut Wire,
    reach: &'r Reach,
    url: &Url,
    page: &Page,
    viewport: Viewport,
    limit: Instant,
) -> Result<Visit<'r>, Fault> {
    let context = wire.call("", "Target.createBrowserContext", json!({ "disposeOnDetach": true })).await?;
    let context = text(&context, "/browserContextId").to_owned();
    let of_context = json!({ "behavior": "deny", "browserContextId": context });
    wire.call("", "Browser.setDownloadBehavior", of_context).await?;
    let target = json!({ "url": "about:blank", "browserContextId": context });
    let target = wire.call("", "Target.createTarget", target).await?;
    let frame = text(&target, "/targetId").to_owned();
    let attach = json!({ "targetId": frame, "flatten": true });
    let session = text(&wire.call("", "Target.attachToTarget", attach).await?, "/sessionId").to_owned();
    // What another tab had to say is of no interest any more.
    wire.waiting().for_each(drop);
    let mut seen = Seen::new(reach, &session, &frame);
    let mut tab = Tab { wire, session };
    tab.prepare(viewport).await?;
    let end = match tokio::time::timeout_at(limit, tab.look(&mut seen, &frame, url, page, viewport, limit)).await {
        Ok(Ok(end)) => end,
        Ok(Err(Fault::Refused(_))) if seen.crashed => End::Crashed,
        Ok(Err(fault)) => return Err(fault),
        Err(_) => End::Late,
    };
    tab.wire.send("", "Target.disposeBrowserContext", json!({ "browserContextId": context })).await?;
    Ok(Visit { seen, end })
}

impl Tab<'_> {
    async fn call(&mut self, method: &'static str, params: Value) -> Result<Value, Fault> {
        self.wire.call(&self.session, method, params).await
    }

    async fn prepare(&mut self, viewport: Viewport) -> Result<(), Fault> {
        for domain in ["Page.enable", "Network.enable", "Runtime.enable", "Log.enable", "Inspector.enable"] {
            self.call(domain, json!({})).await?;
        }
        self.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await?;
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WITHOUT })).await?;
        let Viewport { width, height, mobile } = viewport;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await?;
        let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.call("Emulation.setEmulatedMedia", still).await?;
        Ok(())
    }

    async fn look(
        &mut self,
        seen: &mut Seen<'_>,
        frame: &str,
        url: &Url,
        page: &Page,
        viewport: Viewport,
        limit: Instant,
    ) -> Result<End, Fault> {
        let went = self.call("Page.navigate", json!({ "url": url.as_str() })).await?;
        for event in self.wire.waiting() {
            seen.take(&event);
        }
        if let Some(error) = went.get("errorText").and_then(Value::as_str) {
            return Ok(End::NoPage(reason(error)));
        }
        let quiet = self.wait(seen, limit).await?;
        if seen.crashed {
            return Ok(End::Crashed);
        }
        let world = self.call("Page.createIsolatedWorld", json!({ "frameId": frame })).await?;
        let selectors: Vec<&str> = page.masks.iter().filter_map(selector).collect();
        let expression = format!("({})({})", STILL.trim_end(), json!(selectors));
        let evaluate = json!({
            "expression": expression, "contextId": world.get("executionContextId"),
            "awaitPromise": true, "returnByValue": true,
        });
        let still = self.call("Runtime.evaluate", evaluate).await?;
        let still = still.pointer("/result/value").cloned().unwrap_or_default();
        let Ok(still) = serde_json::from_value::<Still>(still) else { return Ok(End::Crashed) };
        if let Some(wrong) = still.wrong {
            return Ok(End::WrongMask(wrong));
        }
        let mut said = self.text().await?;
        let height =
            if page.full_page { pixels(still.height).clamp(viewport.height, HIGHEST) } else { viewport.height };
        let clip = json!({ "x": 0, "y": 0, "width": viewport.width, "height": height, "scale": 1 });
        let shoot = json!({ "format": "png", "clip": clip, "captureBeyondViewport": page.full_page });
        let shot = self.call("Page.captureScreenshot", shoot).await?;
        // What changed meanwhile may be on the picture.
        said.add(self.text().await?);
        for event in self.wire.waiting() {
            seen.take(&event);
        }
        let png = STANDARD.decode(text(&shot, "/data")).map_err(|_| Fault::Unreadable)?;
        let rectangles = page.masks.iter().filter_map(|mask| match mask {
            Mask::Rectangle(rectangle) => Some(*rectangle),
            Mask::Selector(_) => None,
        });
        let masked = still.masked.iter().map(Area::outwards).chain(rectangles).collect();
        Ok(End::Taken(Taken { png, masked, text: said, quiet }))
    }

    /// Waits until everything is there, and a little for the network. Returns whether that became quiet.
    async fn wait(&mut self, seen: &mut Seen<'_>, limit: Instant) -> Result<bool, Fault> {
        let mut patience = limit;
        while !(seen.crashed || seen.loaded && seen.quiet) {
            let Ok(event) = tokio::time::timeout_at(patience, self.wire.event()).await else { return Ok(false) };
            let before = seen.loaded;
            seen.take(&event?);
            if seen.loaded && !before {
                patience = limit.min(Instant::now() + BUSY);
            }
        }
        Ok(true)
    }

    async fn text(&mut self) -> Result<PageText, Fault> {
        let params = json!({ "computedStyles": ["visibility"] });
        let snapshot = self.call("DOMSnapshot.captureSnapshot", params).await?;
        PageText::of(snapshot)
    }
}

fn selector(mask: &Mask) -> Option<&str> {
    match mask {
        Mask::Selector(selector) => Some(selector),
        Mask::Rectangle(_) => None,
    }
}

/// What our script answers.
#[derive(Deserialize)]
struct Still {
    wrong: Option<usize>,
    #[serde(default)]
    masked: Vec<Area>,
    #[serde(default)]
    height: f64,
}

#[derive(Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Area {
    /// The pixels that it touches.
    fn outwards(&self) -> Rectangle {
        let (x, y) = (pixels(self.x.floor()), pixels(self.y.floor()));
        let (right, below) = (pixels((self.x + self.width).ceil()), pixels((self.y + self.height).ceil()));
        Rectangle { x, y, width: right.saturating_sub(x), height: below.saturating_sub(y) }
    }
}

/// A place or length as the browser tells it, as a whole number of pixels: the nearest that there is.
fn pixels(at: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float becomes the nearest number that there is"
    )]
    let whole = at as u32;
    whole
}
