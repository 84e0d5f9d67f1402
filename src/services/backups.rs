//! Backups of the whole server.

use crate::services::app::App;

/// Whether a backup can begin now.
pub const fn can_backup(_app: &App) -> bool {
    true
}
