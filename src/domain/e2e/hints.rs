//! What the error of an end-to-end test usually means, in our own words: of the error nothing but its kind and its numbers is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::results::Case;

/// What an error usually means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "hint")]
pub enum Hint {
    /// The page could not be reached where the test looked for it.
    BaseUrl,
    /// The certificate of the page is not trusted.
    Certificate,
    /// A video was asked for, and nothing can record it.
    Recorder,
    /// The browser could not be started.
    Browser,
    /// More than one element fits the selector.
    SelectorAmbiguous,
    /// No element fits the selector within its time, ms.
    SelectorMissing {
        /// How long was waited for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        waited_ms: Option<u64>,
    },
    /// The test took longer than it may, ms.
    Timeout {
        /// How long it may take.
        #[serde(skip_serializing_if = "Option::is_none")]
        limit_ms: Option<u64>,
    },
}

impl Hint {
    /// What the error of a test means; nothing of an error that says nothing of this kind.
    pub fn of(case: &Case) -> Vec<Self> {
        let error = case.error.as_str();
        let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
        let of_address = ["net::ERR_CONNECTION", "net::ERR_NAME", "net::ERR_ADDRESS", "net::ERR_TUNNEL"];
        let mut hints = Vec::new();
        if says(&of_address) || says(&["ECONNREFUSED", "ENOTFOUND", "Cannot navigate to invalid URL", "Invalid URL"]) {
            hints.push(Self::BaseUrl);
        }
        if says(&["net::ERR_CERT", "SELF_SIGNED_CERT", "unable to verify the first certificate"]) {
            hints.push(Self::Certificate);
        }
        if says(&["Video rendering requires ffmpeg"]) {
            hints.push(Self::Recorder);
        } else if says(&["Executable doesn't exist", "browserType.launch", "Failed to launch"]) {
            hints.push(Self::Browser);
        }
        if says(&["strict mode violation"]) {
            hints.push(Self::SelectorAmbiguous);
        } else if says(&["waiting for locator", "waiting for getBy", "element(s) not found", "waiting for selector"]) {
            hints.push(Self::SelectorMissing { waited_ms: number_behind(error, "Timeout ") });
        }
        if says(&["Test timeout of "]) {
            hints.push(Self::Timeout { limit_ms: number_behind(error, "Test timeout of ").or(case.timeout_ms) });
        }
        hints
    }

    /// What was seen, and what to do.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.seen(), self.fix())
    }

    /// What was seen, in one sentence.
    pub fn seen(self) -> String {
        let after = |time: Option<u64>| time.map_or_else(String::new, |ms| format!(" within {ms} ms"));
        match self {
            Self::BaseUrl => "The page could not be reached where the test looked for it.".to_owned(),
            Self::Certificate => "The browser does not trust the certificate of the page.".to_owned(),
            Self::Recorder => "It asks for a video, and there is no ffmpeg to record it.".to_owned(),
            Self::Browser => "The browser could not be started.".to_owned(),
            Self::SelectorAmbiguous => "A selector fits more than one element.".to_owned(),
            Self::SelectorMissing { waited_ms } => {
                format!("A selector fits no element that is ready{}.", after(waited_ms))
            }
            Self::Timeout { limit_ms } => format!("The test did not end{}.", after(limit_ms)),
        }
    }

    /// What to do about it.
    pub fn fix(self) -> &'static str {
        match self {
            Self::BaseUrl => {
                "Let the suite take its address from BASE_URL (use.baseURL in playwright.config), and paths in page.goto."
            }
            Self::Certificate => "Look at the certificate with run_smoke; never let the suite ignore it.",
            Self::Recorder => "Let playwright.config ask for a video only where E2E_VIDEO is set, and install ffmpeg.",
            Self::Browser => {
                "Install the browser for the server's account, or set its path in the suite's environment."
            }
            Self::SelectorAmbiguous => "Make the selector name one element: by role and name, or by test id.",
            Self::SelectorMissing { .. } => {
                "Compare the selector with the page: it may have changed, or come later than actionTimeout or expect.timeout."
            }
            Self::Timeout { .. } => "See in the trace what it waited for; timeout of playwright.config is the limit.",
        }
    }
}

/// The number that stands behind some words, of the kind `Timeout 1500ms`.
fn number_behind(text: &str, words: &str) -> Option<u64> {
    let behind = text.split(words).nth(1)?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).take(9).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_playwright_says_what_it_usually_means() {
        let hints =
            |error: &str| Hint::of(&Case { error: error.to_owned(), timeout_ms: Some(30_000), ..Case::default() });
        for (error, wanted) in [
            ("Error: page.goto: net::ERR_CONNECTION_REFUSED at http://127.0.0.1:1/", vec![Hint::BaseUrl]),
            ("Error: page.goto: Protocol error (Page.navigate): Cannot navigate to invalid URL", vec![Hint::BaseUrl]),
            ("Error: page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://x/", vec![Hint::Certificate]),
            ("Error: browserType.launch: Executable doesn't exist at /x", vec![Hint::Browser]),
            (
                "Error: browserContext.newPage: Executable doesn't exist at /x\nVideo rendering requires ffmpeg binary.",
                vec![Hint::Recorder],
            ),
            (
                "Error: locator.click: Error: strict mode violation: locator('b') resolved to 2 elements:\n - waiting for locator('b')",
                vec![Hint::SelectorAmbiguous],
            ),
            (
                "TimeoutError: locator.click: Timeout 1500ms exceeded.\nCall log:\n  - waiting for locator('#gone')",
                vec![Hint::SelectorMissing { waited_ms: Some(1500) }],
            ),
            ("\u{1b}[31mTest timeout of 4000ms exceeded.\u{1b}[39m", vec![Hint::Timeout { limit_ms: Some(4000) }]),
            ("Test timeout of x", vec![Hint::Timeout { limit_ms: Some(30_000) }]),
            ("Error: expect(received).toBe(expected)\nExpected: 1\nReceived: 0", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(hints(error), wanted, "{error}");
        }
        assert_eq!(
            Hint::SelectorMissing { waited_ms: Some(1500) }.seen(),
            "A selector fits no element that is ready within 1500 ms."
        );
    }
}
