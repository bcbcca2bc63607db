//! A sheet as one HTML page: it loads nothing, runs nothing, and reads in light and dark, wide and narrow, and on paper.

mod gallery;
mod steps;
mod trend;

use std::fmt::Write;

use super::{
    Page,
    check::{PRE_BEGIN, PRE_END},
    sheet::{Cell, Part, Section, Sheet, Table, Tile, Tone},
    words::line,
};
const STYLE: &str = include_str!("style.css");

/// What a browser may do with the page: show its own style and its own pictures.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

pub(super) fn page(sheet: &Sheet, data: &str) -> Page {
    let mut out = String::with_capacity(data.len() * 2);
    let (title, class) = (escape(&sheet.title), class(sheet.tone));
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"head {class}\">\n<p class=\"state\">{}</p>\n<h1>{title}</h1>\n<p class=\"summary\">{}</p>\n<dl class=\"facts\">\n",
        escape(&sheet.state),
        mark(sheet.tone, &sheet.state),
        escape(&sheet.summary)
    );
    for (name, value) in &sheet.facts {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
    }
    out.push_str("</dl>\n</header>\n<nav aria-label=\"Sections\">\n<ul>\n");
    for section in &sheet.sections {
        let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, section.title);
    }
    out.push_str("</ul>\n</nav>\n<main>\n");
    for section in &sheet.sections {
        one(&mut out, section);
    }
    let _ = write!(out, "<details class=\"card\">\n<summary>The data of this report</summary>\n{PRE_BEGIN}");
    let after = format!("{PRE_END}\n</details>\n</main>\n</body>\n</html>\n");
    Page { before: out, data: escape_data(data), after }
}

fn one(out: &mut String, section: &Section) {
    let (id, title) = (section.id, section.title);
    let mark = section.mark.as_ref().map(|(tone, text)| format!(" {}", mark(*tone, text))).unwrap_or_default();
    let _ = writeln!(out, "<section class=\"card\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}{mark}</h2>");
    if let Some(lead) = &section.lead {
        let _ = writeln!(out, "<p class=\"lead\">{}</p>", with_code(lead));
    }
    for part in &section.parts {
        match part {
            Part::Table(one) => table(out, section.title, one),
            Part::Tiles(all) => tiles(out, all),
            Part::Timeline(bars) => steps::timeline(out, bars),
            Part::Trend(moments, curves) => trend::trend(out, moments, curves),
            Part::Gallery(exhibits) => gallery::gallery(out, exhibits),
        }
    }
    out.push_str("</section>\n");
}

/// A table that scrolls by itself where it is too wide, and that the keyboard reaches then. On a narrow screen its rows stand below each
/// other, each cell with the name of its column; the roles say that it is a table nevertheless.
fn table(out: &mut String, name: &str, table: &Table) {
    let _ = write!(
        out,
        "<div class=\"wide\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\"><table role=\"table\">\n\
         <thead role=\"rowgroup\"><tr role=\"row\">"
    );
    for name in &table.head {
        let _ = write!(out, "<th scope=\"col\" role=\"columnheader\">{name}</th>");
    }
    out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    for row in &table.rows {
        out.push_str("<tr role=\"row\">");
        for (index, (cell, name)) in row.iter().zip(&table.head).enumerate() {
            let text = of_cell(cell);
            // A moment in time reads badly in pieces.
            let class = if name.ends_with("(UTC)") { " class=\"time\"" } else { "" };
            let _ = match index {
                0 => write!(out, "<th scope=\"row\" role=\"rowheader\">{text}</th>"),
                _ => write!(out, "<td role=\"cell\" data-label=\"{name}\"{class}>{text}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn of_cell(cell: &Cell) -> String {
    cell.tone.map_or_else(|| escape(&cell.text), |tone| mark(tone, &cell.text))
}

fn tiles(out: &mut String, tiles: &[Tile]) {
    out.push_str("<dl class=\"tiles\">\n");
    for tile in tiles {
        let (name, value) = (tile.name, escape(&tile.value));
        let _ = writeln!(out, "<div class=\"{}\"><dt>{name}</dt><dd>{value}</dd></div>", class(tile.tone));
    }
    out.push_str("</dl>\n");
}

/// A word with its colour and a sign, so that the colour is never needed.
fn mark(tone: Tone, text: &str) -> String {
    let sign = match tone {
        Tone::Good => "✓",
        Tone::Weak => "▲",
        Tone::Bad => "✕",
        Tone::Plain => "·",
    };
    format!("<span class=\"mark {}\"><span aria-hidden=\"true\">{sign} </span>{}</span>", class(tone), escape(text))
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Weak => "weak",
        Tone::Bad => "bad",
        Tone::Plain => "plain",
    }
}

/// Text as text, wherever it stands; it moves nothing and hides nothing.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The data byte for byte: it is read back.
fn escape_data(data: &str) -> String {
    data.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Our own sentence, with commands between backquotes.
fn with_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "<code>{}</code>", escape(piece));
        } else {
            out.push_str(&escape(piece));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(escape("<b a='1' b=\"2\">&\u{202e}\n"), "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp; ");
        assert_eq!(with_code("run `x <y` now"), "run <code>x &lt;y</code> now");
    }
}
