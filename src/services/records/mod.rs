//! Records: list, view, create, update and delete, each in a file of its own as a function over the
//! [`App`](crate::services::app::App). What happens inside the transaction is a synchronous function
//! beside it, so that seeds, sign-up and a batch run the very same steps. Knows no HTTP and no SQL.

pub mod empty_lists;
pub mod expand_tree;
pub mod paging;
pub mod record_view;
pub mod sign_in_fields;
