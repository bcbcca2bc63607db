//! That users were told of a deployment window.

use serde::{Deserialize, Serialize};

use super::time::Time;

/// The record of it, by whoever sent the notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// When it was recorded (UTC); it had been sent then.
    pub sent_at: Time,
    /// The begin of the window (UTC).
    pub from: Time,
    /// The end of the window (UTC); it does not belong to it.
    pub until: Time,
}

impl Announcement {
    /// Why it is no notice of a deployment at `now`; nothing when it is one. It must have been sent so many minutes before the window.
    pub fn lacks(&self, lead_min: u32, now: Time) -> Option<&'static str> {
        match () {
            () if now >= self.until => Some("the window that users were told of is over"),
            () if now < self.from => Some("the window that users were told of has not begun"),
            () if self.sent_at.plus_s(i64::from(lead_min) * 60) > self.from => {
                Some("users were told of the window too late")
            }
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_counts_inside_its_window_when_it_was_early_enough() {
        let at = |minute: i64| Time::from_millis(0).plus_s(minute * 60);
        let announcement = Announcement { sent_at: at(0), from: at(60), until: at(120) };
        for (lead, now, lacks) in [
            (60, 59, Some("has not begun")),
            (60, 60, None),
            (0, 119, None),
            (60, 120, Some("is over")),
            (61, 60, Some("too late")),
        ] {
            let found = announcement.lacks(lead, at(now));
            assert!(
                found.is_some() == lacks.is_some() && found.unwrap_or_default().ends_with(lacks.unwrap_or_default())
            );
        }
    }
}
