//! Pictures in an HTML report. A report is composed, signed and compared with the digests of its pictures in their place; the file that
//! people open holds the pictures themselves.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::domain::digest::Digest;

/// How the source of a picture begins before it is put in, and where it is not kept any more.
const BARE: &str = "src=\"sha256:";
const GONE: &str = "src=\"data:,sha256:";
/// How it begins in a file.
const WHOLE: &str = "src=\"data:image/png;base64,";

/// The page with its pictures put in. Of one that is not there its description is shown.
pub fn put_in<'p>(page: &str, picture: impl Fn(&Digest) -> Option<&'p [u8]>) -> String {
    replaced(page, BARE, |source| {
        let digest: Digest = source.parse().ok()?;
        Some(match picture(&digest) {
            Some(png) => format!("{WHOLE}{}", BASE64_STANDARD.encode(png)),
            None => format!("{GONE}{digest}"),
        })
    })
}

/// The page with the digests of its pictures in their place.
pub fn take_out(page: &str) -> String {
    let whole =
        replaced(page, WHOLE, |source| Some(format!("{BARE}{}", Digest::of(&BASE64_STANDARD.decode(source).ok()?))));
    replaced(&whole, GONE, |source| Some(format!("{BARE}{}", source.parse::<Digest>().ok()?)))
}

/// Each source that begins so, replaced with its beginning; what cannot be read stays. What others wrote in a page has no bare quote.
fn replaced(page: &str, begin: &str, with: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = page.split(begin);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let source = part.split('"').next().unwrap_or_default();
        if let Some(new) = with(source) {
            out.push_str(&new);
            out.push_str(part.get(source.len()..).unwrap_or_default());
        } else {
            out.push_str(begin);
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_again() {
        let (there, gone) = (Digest::of(b"there"), Digest::of(b"gone"));
        let bare = format!("<img {BARE}{there}\"> <img {BARE}{gone}\" alt=\"x\"> {BARE}no digest\"");
        let whole = put_in(&bare, |digest| (*digest == there).then_some(b"there".as_slice()));
        assert!(whole.contains("src=\"data:image/png;base64,dGhlcmU=\"> <img src=\"data:,sha256:"), "{whole}");
        assert_eq!(take_out(&whole), bare);
        let other = whole.replace("dGhlcmU=", &BASE64_STANDARD.encode("other"));
        assert_eq!(take_out(&other), bare.replace(&there.to_string(), &Digest::of(b"other").to_string()));
        let broken = whole.replace("dGhlcmU=", "!");
        assert!(take_out(&broken).contains("base64,!"));
    }
}
