//! The only floor that knows SQL: statements as data, transactions as functions.

mod dialect;
mod sql;
mod value;

pub use dialect::Dialect;
pub use sql::{Statement, quote};
pub use value::{Kind, Value};
