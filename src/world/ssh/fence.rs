//! Who may change what is below a directory of a host, said on the host itself.
//!
//! Two servers that do not share their state know nothing of each other's locks. So before an operation changes anything below a
//! target's root, it claims the root there: `<root>/.deploy-ops/claim`, a symbolic link whose text names the holder. Making a link
//! is atomic and never replaces one, so one server wins, and a claim without a holder does not exist.

use std::{fmt, path::Path, str::FromStr};

use super::{Command, Remote};
use crate::{
    domain::{operation::OperationId, refusal::Code},
    policy::Permit,
    world::WorldError,
};

/// What we keep below a target's root for ourselves.
const DIRECTORY: &str = ".deploy-ops";

/// Who holds a root, as the text of the link: `v1:<installation>:<operation>:<fence>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) struct Claim {
    installation: String,
    operation: OperationId,
    fence: i64,
}

/// What a claim that was found means for one that is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// It is the wanted one.
    Ours,
    /// Its holder cannot act any more: our own ledger has given the service's lock to us since.
    Over,
    /// Somebody else may be acting.
    Taken,
}

impl Claim {
    fn over(&self, found: &Self) -> Answer {
        if self == found {
            Answer::Ours
        } else if (self.operation == found.operation || self.installation == found.installation)
            && self.fence > found.fence
        {
            Answer::Over
        } else {
            Answer::Taken
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{}:{}:{}", self.installation, self.operation, self.fence)
    }
}

impl FromStr for Claim {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(':');
        let (Some("v1"), Some(installation), Some(operation), Some(fence), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let plain = installation.len() <= 64 && installation.bytes().all(|b| b.is_ascii_alphanumeric());
        let (operation, fence) = (operation.parse().map_err(|_| ())?, fence.parse().map_err(|_| ())?);
        if plain { Ok(Self { installation: installation.to_owned(), operation, fence }) } else { Err(()) }
    }
}

impl Remote<'_> {
    /// Takes the right to change what is below `root` for the permit's operation, or makes sure that it has it. Refused with the
    /// holder's name when somebody else has it. Gives the text that the claim's link has from then on.
    pub(in crate::world) async fn claim(&self, root: &Path, permit: &Permit) -> Result<String, WorldError> {
        let ours = Claim {
            installation: self.reader.installation()?,
            operation: permit.operation().clone(),
            fence: permit.fence(),
        };
        let files = self.files().await?;
        let link = root.join(DIRECTORY).join("claim");
        // A second look finds who was faster.
        for _ in 0..3 {
            match self.holder(root).await? {
                None => {
                    files.make_directory(&root.join(DIRECTORY), 0o700).await?;
                    let made = files.symlink(Path::new(&ours.to_string()), &link).await;
                    if let Err(error) = made
                        && self.holder(root).await?.is_none()
                    {
                        return Err(error);
                    }
                }
                Some(found) => match ours.over(&found) {
                    Answer::Ours => return Ok(ours.to_string()),
                    Answer::Over => {
                        let beside = root.join(DIRECTORY).join(format!("claim.{}", ours.operation));
                        self.replace_link(Path::new(&ours.to_string()), &link, &beside).await?;
                    }
                    Answer::Taken => return Err(self.taken(root, &found)),
                },
            }
        }
        Err(self.unreadable(root))
    }

    /// Refuses a root that another installation is changing now.
    pub(in crate::world) async fn check_free(&self, root: &Path) -> Result<(), WorldError> {
        match self.holder(root).await? {
            Some(found) if found.installation != self.reader.installation()? => Err(self.taken(root, &found)),
            _ => Ok(()),
        }
    }

    /// Gives the right back. Another's claim stays.
    pub(in crate::world) async fn give_back(&self, root: &Path, permit: &Permit) -> Result<(), WorldError> {
        match self.holder(root).await? {
            Some(found) if found.operation == *permit.operation() && found.fence <= permit.fence() => {
                self.files().await?.remove(&root.join(DIRECTORY).join("claim")).await
            }
            _ => Ok(()),
        }
    }

    /// Who holds a root.
    async fn holder(&self, root: &Path) -> Result<Option<Claim>, WorldError> {
        let files = self.files().await?;
        let link = root.join(DIRECTORY).join("claim");
        match files.stat(&link).await? {
            None => Ok(None),
            Some(found) if found.is_link() => {
                let text = files.read_link(&link).await?;
                text.parse().map(Some).map_err(|()| self.unreadable(root))
            }
            Some(_) => Err(self.unreadable(root)),
        }
    }

    /// Makes `link` lead to `target` in one step, whatever it led to before. `beside` is a name for the time between.
    pub(in crate::world) async fn replace_link(
        &self,
        target: &Path,
        link: &Path,
        beside: &Path,
    ) -> Result<(), WorldError> {
        let files = self.files().await?;
        files.remove(beside).await?;
        files.symlink(target, beside).await?;
        if files.replaces() {
            return files.rename(beside, link).await;
        }
        let doing = "replace a link";
        let moved = Command::sh(r#"exec mv -f -T -- "$1" "$2""#).arg(beside).arg(link);
        self.text(doing, moved).await.map(drop)
    }

    /// Whether a link can be replaced in one step. Without that nothing can be switched.
    pub(in crate::world) async fn replaces_links(&self) -> Result<bool, WorldError> {
        Ok(self.files().await?.replaces() || self.tools().await?.has("mv-over"))
    }

    fn taken(&self, root: &Path, holder: &Claim) -> WorldError {
        let link = root.join(DIRECTORY).join("claim");
        WorldError::new(
            Code::Locked,
            format!("change {} on host {}", root.display(), self.name),
            format!("operation {} of installation {} is changing it", holder.operation, holder.installation),
            format!(
                "Wait for its end. If that server is gone for good, look at what it left and remove {} on the host.",
                link.display()
            ),
        )
    }

    fn unreadable(&self, root: &Path) -> WorldError {
        WorldError::new(
            Code::Locked,
            format!("change {} on host {}", root.display(), self.name),
            format!("{DIRECTORY}/claim is not a claim that this version understands, or changes all the time"),
            "Look at who works there, and remove it when nobody does.",
        )
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn claim(installation: &str, operation: u128, fence: i64) -> Claim {
        let operation = OperationId::from_uuid(Uuid::from_u128(operation));
        Claim { installation: installation.to_owned(), operation, fence }
    }

    #[test]
    fn a_claim_gives_way_to_a_higher_fence_of_the_same_ledger_only() {
        let holder = claim("aa", 1, 5);
        for (wanted, answer) in [
            (claim("aa", 1, 5), Answer::Ours),
            (claim("aa", 1, 6), Answer::Over),
            // Another server took over the operation: they share their ledger.
            (claim("bb", 1, 6), Answer::Over),
            (claim("aa", 2, 6), Answer::Over),
            (claim("aa", 1, 4), Answer::Taken),
            (claim("aa", 2, 5), Answer::Taken),
            (claim("bb", 2, 6), Answer::Taken),
            (claim("bb", 1, 5), Answer::Taken),
        ] {
            assert_eq!(wanted.over(&holder), answer, "{wanted} over {holder}");
        }
    }

    #[test]
    fn a_claim_is_read_strictly() {
        let claim = claim("0123abcd", 7, 42);
        assert_eq!(claim.to_string().parse(), Ok(claim.clone()));
        for bad in
            ["", "v1", "v2:aa:op:1", "/etc/passwd", &format!("{claim}:x"), &claim.to_string().replace("0123", "a/b")]
        {
            assert_eq!(bad.parse::<Claim>(), Err(()), "{bad}");
        }
    }
}
