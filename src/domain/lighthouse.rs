//! What Lighthouse measured, read from its report.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A category that is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// How fast a page is.
    Performance,
    /// Whether everybody can use it.
    Accessibility,
    /// Whether it is built as it should be.
    BestPractices,
    /// Whether it can be found.
    Seo,
}

/// All categories. Lighthouse has more; only these are asked for.
pub const CATEGORIES: [Category; 4] =
    [Category::Performance, Category::Accessibility, Category::BestPractices, Category::Seo];

impl Category {
    /// As Lighthouse calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Performance => "performance",
            Self::Accessibility => "accessibility",
            Self::BestPractices => "best-practices",
            Self::Seo => "seo",
        }
    }
}

/// What a page that misses its least score or its budget does to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Below {
    /// It is degraded: a human decides.
    #[default]
    Warn,
    /// It has failed.
    Fail,
}

/// A metric that can have a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Until the largest content is painted, ms.
    LargestContentfulPaint,
    /// How long the page was blocked, ms.
    TotalBlockingTime,
    /// How much the layout moved, thousandths.
    CumulativeLayoutShift,
}

/// All metrics.
pub const METRICS: [Metric; 3] =
    [Metric::LargestContentfulPaint, Metric::TotalBlockingTime, Metric::CumulativeLayoutShift];

impl Metric {
    fn audit(self) -> &'static str {
        match self {
            Self::LargestContentfulPaint => "largest-contentful-paint",
            Self::TotalBlockingTime => "total-blocking-time",
            Self::CumulativeLayoutShift => "cumulative-layout-shift",
        }
    }

    /// A value in words, for example `LCP 1200 ms`.
    pub fn say(self, value: u64) -> String {
        match self {
            Self::LargestContentfulPaint => format!("LCP {value} ms"),
            Self::TotalBlockingTime => format!("TBT {value} ms"),
            Self::CumulativeLayoutShift => format!("CLS {}.{:03}", value / 1000, value % 1000),
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The score of every category, 0 to 100.
    pub scores: BTreeMap<Category, u64>,
    /// The metrics that were measured.
    pub metrics: BTreeMap<Metric, u64>,
}

/// Why a run measured nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmeasured {
    /// The report is no report.
    #[error("its report cannot be read")]
    Unreadable,
    /// Lighthouse could not look at the page.
    #[error("Lighthouse says {0}")]
    Failed(String),
    /// A category has no score.
    #[error("it has no score for {0}")]
    NoScore(&'static str),
}

/// Reads a report (`--output=json`).
pub fn read(report: &Value) -> Result<Measured, Unmeasured> {
    if let Some(code) = report.pointer("/runtimeError/code").and_then(Value::as_str)
        && code != "NO_ERROR"
    {
        // Anything else than the name of an error would be somebody else's words.
        let plain = code.len() <= 60 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        return Err(Unmeasured::Failed(if plain { code.to_owned() } else { "that it failed".to_owned() }));
    }
    let categories = report.get("categories").ok_or(Unmeasured::Unreadable)?;
    let score = |category: Category| {
        let score = categories.get(category.name()).and_then(|found| found.get("score")).and_then(Value::as_f64);
        let score = score.and_then(|score| whole(score * 100.0)).filter(|score| *score <= 100);
        score.map(|score| (category, score)).ok_or(Unmeasured::NoScore(category.name()))
    };
    let scores = CATEGORIES.into_iter().map(score).collect::<Result<_, _>>()?;
    let metric = |metric: Metric| {
        let value = report.pointer(&format!("/audits/{}/numericValue", metric.audit())).and_then(Value::as_f64)?;
        let thousandths = metric == Metric::CumulativeLayoutShift;
        Some((metric, whole(if thousandths { value * 1000.0 } else { value })?))
    };
    Ok(Measured { scores, metrics: METRICS.into_iter().filter_map(metric).collect() })
}

/// The nearest whole number of what is one, and not less than none.
fn whole(value: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked before")]
    (value.is_finite() && (0.0..1e12).contains(&value)).then(|| value.round() as u64)
}

/// The value in the middle; of an even number the lower one of the two.
pub fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// What a report says is wrong: title and value of each audit that failed, worst first. The page's words may be in it.
pub fn faults(report: &Value) -> Vec<String> {
    let audits = report.get("audits").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values);
    let mut faults: Vec<(f64, String)> = audits
        .filter_map(|audit| {
            let score = audit.get("score")?.as_f64().filter(|score| *score < 0.9)?;
            let title = audit.get("title")?.as_str()?;
            let shown = audit.get("displayValue").and_then(Value::as_str).unwrap_or_default();
            Some((score, format!("{title} {shown}").trim_end().to_owned()))
        })
        .collect();
    faults.sort_by(|a, b| a.0.total_cmp(&b.0));
    faults.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(performance: Value) -> Value {
        json!({
            "categories": {
                "performance": { "score": performance }, "accessibility": { "score": 1 },
                "best-practices": { "score": 0.96 }, "seo": { "score": 0.895 },
            },
            "audits": {
                "largest-contentful-paint": { "numericValue": 668.55, "score": 1, "title": "LCP" },
                "cumulative-layout-shift": { "numericValue": 0.1234, "score": 0.5, "title": "CLS", "displayValue": "0.12" },
                "is-on-https": { "score": 0, "title": "Does not use HTTPS" },
                "manual": { "score": null, "title": "By hand" },
            },
        })
    }

    #[test]
    fn scores_are_whole_and_none_is_made_up() {
        let measured = read(&report(json!(0.29))).unwrap();
        let scores: Vec<u64> = measured.scores.into_values().collect();
        assert_eq!(scores, [29, 100, 96, 90]);
        let metrics: Vec<u64> = measured.metrics.into_values().collect();
        assert_eq!(metrics, [669, 123]);
        assert_eq!(read(&report(Value::Null)), Err(Unmeasured::NoScore("performance")));
        assert_eq!(read(&report(json!(1.5))), Err(Unmeasured::NoScore("performance")));
        assert_eq!(read(&json!({})), Err(Unmeasured::Unreadable));
        let failed = |code: &str| {
            let mut report = report(json!(1));
            report["runtimeError"] = json!({ "code": code });
            read(&report).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(failed("NO_ERROR"), Ok(()));
        assert_eq!(failed("NO_FCP"), Err("Lighthouse says NO_FCP".to_owned()));
        assert_eq!(failed("hunter2"), Err("Lighthouse says that it failed".to_owned()));
    }

    #[test]
    fn the_middle_counts() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![75, 100, 100]), Some(100));
        assert_eq!(median(vec![100, 75]), Some(75));
    }

    #[test]
    fn faults_are_worst_first() {
        assert_eq!(faults(&report(json!(1))), ["Does not use HTTPS", "CLS 0.12"]);
        assert_eq!(Metric::CumulativeLayoutShift.say(123), "CLS 0.123");
    }
}
