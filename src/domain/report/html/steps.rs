//! The timeline: one line per attempt, with its place in time as a picture.

use std::fmt::Write;

use super::{
    super::{sheet::Bar, words::span},
    class, escape, mark,
};

/// The width of a picture, in its own units.
const WIDTH: u64 = 1000;
/// The least width of a bar: what took no time is seen nevertheless.
const LEAST: u64 = 4;

pub(super) fn timeline(out: &mut String, bars: &[Bar]) {
    let whole = bars.iter().map(|bar| bar.end.unwrap_or(bar.begin)).max().unwrap_or_default().max(1);
    out.push_str("<ol class=\"steps\">\n");
    for bar in bars {
        let end = bar.end.unwrap_or(bar.begin).max(bar.begin);
        let left = (bar.begin * WIDTH / whole).min(WIDTH - LEAST);
        let width = (end * WIDTH / whole).saturating_sub(left).clamp(LEAST, WIDTH - left);
        let took = bar.end.map_or_else(|| "no outcome".to_owned(), |end| span(end - bar.begin));
        let began = span(bar.begin);
        let _ = write!(
            out,
            "<li><p class=\"what\">{} {}</p>\n\
             <svg viewBox=\"0 0 {WIDTH} 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"began after {began}, took {took}\">\
             <rect class=\"track\" width=\"{WIDTH}\" height=\"12\"/>\
             <rect class=\"{}\" x=\"{left}\" width=\"{width}\" height=\"12\"/></svg>\n\
             <p class=\"when\">+{began} <strong>{took}</strong></p>\n",
            escape(&bar.label),
            mark(bar.tone, bar.state),
            class(bar.tone),
        );
        if !bar.outcome.is_empty() {
            let _ = writeln!(out, "<p class=\"came\">{}</p>", escape(&bar.outcome));
        }
        out.push_str("</li>\n");
    }
    let _ = write!(out, "</ol>\n<p class=\"scale\"><span>0</span><span>{}</span></p>\n", span(whole));
}
