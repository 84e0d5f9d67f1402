//! The handles that use cases work with, in one bag. Does no work of its own.

use crate::services::clock::Clock;

/// Everything that a use case may need. Made once at the start and shared by all requests.
#[derive(Debug)]
pub struct App {
    /// What time it is.
    pub clock: Clock,
    /// What the command line and the config file settled for the life of the process.
    pub options: Options,
}

/// What the command line and the config file settled for the life of the process.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether collections and settings come from the config file and the API may not change them.
    pub locked: bool,
}
