//! Pages as they were accepted, as they look now, and what differs.

use std::fmt::Write;

use super::{super::sheet::Exhibit, escape, mark};

pub(super) fn gallery(out: &mut String, exhibits: &[Exhibit]) {
    for exhibit in exhibits {
        let name = escape(&exhibit.name);
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "<h3>{name} {}</h3>\n<p class=\"lead\">{}</p>\n<div class=\"plates\">\n",
            mark(exhibit.tone, exhibit.state),
            escape(&exhibit.found)
        );
        for plate in &exhibit.plates {
            let what = plate.what;
            let _ = writeln!(out, "<figure>\n<figcaption>{what}</figcaption>");
            let _ = match plate.picture {
                Some(digest) => writeln!(
                    out,
                    "<img src=\"sha256:{digest}\" width=\"{}\" height=\"{}\" alt=\"{name}, {what}\">",
                    plate.width, plate.height
                ),
                None => writeln!(out, "<p class=\"lead\">left out: the pictures of this report would be too large</p>"),
            };
            out.push_str("</figure>\n");
        }
        out.push_str("</div>\n");
    }
}
