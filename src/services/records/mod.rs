//! Records: list, view, create, update and delete, each in a file of its own as a function over the
//! [`App`](crate::services::app::App). What happens inside the transaction is a synchronous function
//! beside it, so that seeds, sign-up and a batch run the very same steps. Knows no HTTP and no SQL.

mod access;
pub mod account;
pub mod answer;
pub mod batch;
mod checks;
pub mod create;
pub mod delete;
pub mod empty_lists;
mod expand;
mod expand_tree;
pub mod hashes;
pub mod list;
pub mod own_password;
pub mod record_view;
pub mod sign_in_fields;
mod submission;
pub mod system_refs;
pub mod told;
pub mod update;
pub mod view;
mod visibility;

pub use access::{require_stored, require_unlocked, require_viewable};
pub use create::create;
pub use delete::delete;
pub use list::list;
pub use submission::Submission;
pub use update::update;
pub use view::view;
