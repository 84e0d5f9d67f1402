//! Wire formats: request to service call to response. The only floor that knows HTTP.

pub mod body;
pub mod error;
pub mod json;
pub mod pick;
pub mod query;
