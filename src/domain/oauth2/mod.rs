//! Sign-in through other providers (contract B 3.2, 4): how a collection uses one, the address that
//! people are sent to, and what an account of a provider says about its owner. Reads and builds texts
//! and JSON; asks nobody.

mod application;
mod authorization;
pub mod profile;
mod requests;
#[cfg(test)]
mod tests;

pub use application::{Application, Discovery, EmailClaim, ProfileSource};
pub use authorization::{Authorization, nonce};
pub use profile::Profile;
pub use requests::{EmailLookup, NoAddress, ProfileRequest, email_lookup, profile_request};
