//! What uploaded files are called, what they are, and how they are served: decisions about names,
//! first bytes and headers. Where and how files are kept is not known here.

pub mod layout;
pub mod name;
pub mod ranges;
pub mod serving;
pub mod sniff;
pub mod thumb;
