//! A sheet as Markdown.

use std::fmt::Write;

use super::{
    Page,
    check::{DATA_BEGIN, DATA_END},
    sheet::{Bar, Cell, Curve, Exhibit, Moment, Part, Section, Sheet, Table},
    words::{line, span},
};

pub(super) fn page(sheet: &Sheet, data: String) -> Page {
    let mut out = String::with_capacity(data.len());
    // Writing into a String cannot fail.
    let _ = writeln!(out, "# {}: {}\n\n{}\n", text(&sheet.title), sheet.state, text(&sheet.summary));
    let facts = sheet.facts.iter().map(|(name, value)| vec![(*name).into(), value.as_str().into()]);
    table(&mut out, &Table { head: vec!["", ""], rows: facts.collect() });
    for section in &sheet.sections {
        one(&mut out, section);
    }
    let _ = write!(out, "\n<details><summary>The data of this report</summary>\n\n{DATA_BEGIN}");
    Page { before: out, data, after: format!("{DATA_END}\n\n</details>\n") }
}

fn one(out: &mut String, section: &Section) {
    let mark = section.mark.as_ref().map(|(_, mark)| format!(": {}", text(mark))).unwrap_or_default();
    let _ = writeln!(out, "\n## {}{mark}\n", section.title);
    if let Some(lead) = &section.lead {
        let _ = writeln!(out, "{lead}\n");
    }
    for part in &section.parts {
        match part {
            Part::Table(one) => table(out, one),
            Part::Tiles(tiles) => {
                let rows = tiles.iter().map(|tile| vec![tile.name.into(), tile.value.as_str().into()]);
                table(out, &Table { head: vec!["metric", "value"], rows: rows.collect() });
            }
            Part::Timeline(bars) => table(out, &of_timeline(bars)),
            Part::Trend(moments, curves) => table(out, &of_trend(moments, curves)),
            Part::Gallery(exhibits) => table(out, &of_gallery(exhibits)),
        }
    }
}

pub(super) fn of_timeline(bars: &[Bar]) -> Table {
    let rows = bars.iter().map(|bar| {
        vec![
            bar.label.as_str().into(),
            Cell::marked((bar.tone, bar.state)),
            format!("+{}", span(bar.begin)).into(),
            bar.end.map_or_else(|| "-".to_owned(), |end| span(end - bar.begin)).into(),
            bar.outcome.as_str().into(),
        ]
    });
    Table { head: vec!["step", "state", "began", "took", "what came of it"], rows: rows.collect() }
}

pub(super) fn of_trend(moments: &[Moment], curves: &[Curve]) -> Table {
    let rows = moments.iter().enumerate().map(|(index, moment)| {
        let mut row = vec![moment.name.as_str().into(), Cell::marked((moment.tone, &moment.state))];
        row.extend(curves.iter().map(|curve| {
            let value = curve.values.get(index).copied().flatten();
            Cell::from(value.map_or_else(|| "not measured".to_owned(), curve.write))
        }));
        row
    });
    let head = ["operation", "state"].into_iter().chain(curves.iter().map(|curve| curve.name));
    Table { head: head.collect(), rows: rows.collect() }
}

/// Pictures by their digests: they stand in the HTML page.
fn of_gallery(exhibits: &[Exhibit]) -> Table {
    let rows = exhibits.iter().map(|exhibit| {
        let plates = exhibit.plates.iter().map(|plate| {
            let picture = plate.picture.map_or_else(|| "left out".to_owned(), |digest| format!("sha256 {digest}"));
            format!("{}: {picture}", plate.what)
        });
        vec![
            exhibit.name.as_str().into(),
            Cell::marked((exhibit.tone, exhibit.state)),
            exhibit.found.as_str().into(),
            plates.collect::<Vec<_>>().join("; ").into(),
        ]
    });
    Table { head: vec!["page", "outcome", "what was found", "pictures"], rows: rows.collect() }
}

fn table(out: &mut String, table: &Table) {
    let _ = writeln!(out, "| {} |\n|{}", table.head.join(" | "), "---|".repeat(table.head.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| text(&cell.text)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// A text that is shown as it is: it ends no line and no cell, and begins neither markup nor a link.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '|' | '<' | '>' | '`' | '*' | '[' | ']' | '\\' | '~' | '#' => out.extend(['\\', c]),
            // A character that names somebody on GitHub.
            '@' => out.push_str("&#64;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(
            text("a|b\n## <img src=x> [x](http://y) @ada & `c`"),
            "a\\|b \\#\\# \\<img src=x\\> \\[x\\](http://y) &#64;ada &amp; \\`c\\`"
        );
    }
}
