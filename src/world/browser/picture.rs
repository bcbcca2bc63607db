//! Pictures as pixels.

use std::io::Cursor;

use super::super::WorldError;
use crate::domain::{inventory::Rectangle, refusal::Code};

/// A larger picture is not read, pixels.
const LARGEST: u32 = 40_000_000;
/// What masked parts are painted with.
const MASKED: [u8; 3] = [128, 128, 128];
/// A picture that takes more is shown at half its size, bytes.
const SHOWN: usize = 1024 * 1024;

/// Pixels of three channels, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    /// `3 * width * height` bytes.
    pub(super) rgb: Vec<u8>,
}

impl Pixels {
    /// The pixels of a PNG.
    pub(super) fn read(png: &[u8]) -> Result<Self, WorldError> {
        let mut decoder = png::Decoder::new(Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().map_err(unreadable)?;
        let (width, height) = reader.info().size();
        if width.checked_mul(height).is_none_or(|pixels| pixels > LARGEST) {
            return Err(damaged("it is too large"));
        }
        let mut bytes = vec![0; reader.output_buffer_size().ok_or_else(|| damaged("it is too large"))?];
        let info = reader.next_frame(&mut bytes).map_err(unreadable)?;
        let rgb = match info.color_type {
            png::ColorType::Rgba => {
                bytes.chunks_exact(4).filter_map(|pixel| pixel.get(..3)).flatten().copied().collect()
            }
            png::ColorType::GrayscaleAlpha => {
                bytes.chunks_exact(2).filter_map(<[u8]>::first).flat_map(|v| [*v; 3]).collect()
            }
            _ => return Err(damaged("it has another kind of pixels")),
        };
        Ok(Self { width, height, rgb })
    }

    /// As a PNG.
    pub(super) fn write(&self) -> Result<Vec<u8>, WorldError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&self.rgb)?;
            writer.finish()
        });
        written.map_err(|error| damaged("it cannot be written").because(error))?;
        Ok(bytes)
    }

    /// Paints parts over.
    pub(super) fn mask(&mut self, parts: &[Rectangle]) {
        let row = self.row();
        for part in parts {
            let from = part.x.min(self.width) as usize * 3;
            let to = part.x.saturating_add(part.width).min(self.width) as usize * 3;
            for row in self.rgb.chunks_exact_mut(row).skip(part.y as usize).take(part.height as usize) {
                row.get_mut(from..to)
                    .unwrap_or_default()
                    .chunks_exact_mut(3)
                    .for_each(|pixel| pixel.copy_from_slice(&MASKED));
            }
        }
    }

    /// As a PNG that a chat can take, with its width and height: at half its size, as often as it needs.
    pub(super) fn small(&self) -> Result<(Vec<u8>, u32, u32), WorldError> {
        let png = self.write()?;
        if png.len() <= SHOWN || self.width < 2 || self.height < 2 {
            Ok((png, self.width, self.height))
        } else {
            self.half().small()
        }
    }

    /// Each pixel the mean of four.
    fn half(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let row = self.row();
        let at = |index: usize| u16::from(self.rgb.get(index).copied().unwrap_or_default());
        let rgb = (0..height as usize)
            .flat_map(|y| (0..width as usize * 3).map(move |x| (y, x)))
            .map(|(y, x)| {
                let corner = 2 * y * row + x / 3 * 6 + x % 3;
                let sum = at(corner) + at(corner + 3) + at(corner + row) + at(corner + row + 3);
                u8::try_from(sum / 4).unwrap_or(u8::MAX)
            })
            .collect();
        Self { width, height, rgb }
    }

    fn row(&self) -> usize {
        (self.width as usize * 3).max(1)
    }
}

fn unreadable(error: png::DecodingError) -> WorldError {
    damaged("it is no PNG, or not whole").because(error)
}

fn damaged(problem: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        "read a picture",
        problem,
        "Look at the page again; for an accepted picture, accept it anew.",
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A picture of one colour.
    pub(in crate::world::browser) fn plain(width: u32, height: u32, colour: u8) -> Pixels {
        Pixels { width, height, rgb: vec![colour; (3 * width * height) as usize] }
    }

    #[test]
    fn a_picture_is_read_as_it_was_written_and_damage_is_told() {
        let mut picture = plain(7, 5, 200);
        picture.mask(&[
            Rectangle { x: 5, y: 3, width: 100, height: 100 },
            Rectangle { x: 90, y: 90, width: 1, height: 1 },
        ]);
        assert_eq!(picture.rgb.iter().filter(|value| **value == 128).count(), 3 * 4);
        let png = picture.write().unwrap();
        assert_eq!(Pixels::read(&png).unwrap(), picture);
        for damage in [&png[..png.len() / 2], b"GIF89a", b""] {
            assert!(Pixels::read(damage).unwrap_err().problem.contains("no PNG"));
        }
    }

    #[test]
    fn what_is_too_large_for_a_chat_is_shown_smaller() {
        let mut noise = plain(900, 600, 0);
        let mut state = 1_u32;
        noise.rgb.fill_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        assert!(noise.write().unwrap().len() > SHOWN);
        let (png, width, height) = noise.small().unwrap();
        let shown = Pixels::read(&png).unwrap();
        assert_eq!((shown.width, shown.height, width, height), (450, 300, 450, 300));
        assert_eq!(plain(9, 9, 77).half(), plain(4, 4, 77));
    }
}
