//! From a config file to a database: what would change, what the rows say to it, and doing it in
//! one transaction (config.md §4).
//!
//! A plan compares three things by name: what the file declares, what was applied last, and what
//! the database has. It deletes nothing because it is missing from the file, and it never guesses.

mod declared;
mod fields;
mod guest;

pub use declared::{Declared, DeclaredCollection, Removed};
