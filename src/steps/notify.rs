//! Tell a channel about an operation. Told twice it has the same key, by which whoever listens knows it.

use super::{Context, Done, Failure};
use crate::domain::notice::Notify;

pub(super) async fn run(step: &Notify, context: &Context<'_>) -> Result<Done, Failure> {
    let attempt = context.world.notify(context.permit, step).await.map_err(|undelivered| undelivered.error)?;
    let after = if attempt > 1 { format!(" at attempt {attempt}") } else { String::new() };
    Ok(Done::new(format!("Channel {} took the message{after}.", step.channel)))
}
