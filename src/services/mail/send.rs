//! Where a mail goes: to the mail server of the settings, or into the inbox when there is none.

use crate::domain::mail::Message;
use crate::services::app::App;
use crate::services::failure::Failure;
use crate::services::mail::{inbox, smtp};
use crate::services::settings;

/// Delivers a mail now.
///
/// # Errors
/// Why it did not leave.
pub async fn deliver(app: &App, message: &Message) -> Result<(), Failure> {
    let settings = settings::current(app).await.map_err(Failure::for_now)?;
    if settings.smtp.enabled {
        return smtp::send(&settings.smtp, message, app.clock.now()).await;
    }
    inbox::keep(app, message).await.map_err(Failure::for_now)
}
