//! How much two pictures differ.

use super::picture::Pixels;

/// The colour of what differs.
const CHANGED: [u8; 3] = [220, 0, 40];

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Difference {
    /// They have not the same size.
    Size,
    /// So many of so many pixels differ, and where.
    Pixels { changed: u64, of: u64, shown: Pixels },
}

impl Difference {
    /// Of two pictures; a channel may differ by `tolerance`. The picture of it is the new one, pale, with what differs in red.
    pub(super) fn between(accepted: &Pixels, now: &Pixels, tolerance: u8) -> Self {
        if (accepted.width, accepted.height) != (now.width, now.height) {
            return Self::Size;
        }
        let mut changed = 0;
        let mut shown = now.clone();
        let pixels = shown.rgb.chunks_exact_mut(3).zip(accepted.rgb.chunks_exact(3));
        for (pixel, before) in pixels {
            if pixel.iter().zip(before).any(|(now, before)| now.abs_diff(*before) > tolerance) {
                changed += 1;
                pixel.copy_from_slice(&CHANGED);
            } else {
                for channel in pixel {
                    *channel = 255 - (255 - *channel) / 4;
                }
            }
        }
        Self::Pixels { changed, of: u64::from(now.width) * u64::from(now.height), shown }
    }

    /// Thousandths, rounded up: what differs at all is never nothing. A picture of another size is another picture.
    pub(super) fn permille(&self) -> u32 {
        match self {
            Self::Size | Self::Pixels { of: 0, .. } => 1000,
            Self::Pixels { changed, of, .. } => u32::try_from((changed * 1000).div_ceil(*of)).unwrap_or(1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::picture::tests::plain, *};

    #[test]
    fn what_differs_is_counted_and_shown() {
        let before = plain(10, 100, 100);
        let mut now = before.clone();
        assert_eq!(Difference::between(&before, &now, 0).permille(), 0);
        now.rgb[..3].copy_from_slice(&[100, 116, 100]);
        assert_eq!(Difference::between(&before, &now, 16).permille(), 0);
        assert_eq!(Difference::between(&before, &now, 15).permille(), 1);
        now.rgb[3..9].fill(0);
        let Difference::Pixels { changed, of, shown } = Difference::between(&before, &now, 15) else { panic!() };
        assert_eq!((changed, of), (3, 1000));
        assert_eq!((&shown.rgb[..3], &shown.rgb[9..12]), (&CHANGED[..], &[217; 3][..]));
    }

    #[test]
    fn another_size_is_another_picture() {
        let found = Difference::between(&plain(10, 10, 1), &plain(10, 11, 1), 255);
        assert_eq!((found.permille(), found), (1000, Difference::Size));
    }
}
