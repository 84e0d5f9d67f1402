//! Signing in and who is signed in (contract B 3).

pub mod session;
