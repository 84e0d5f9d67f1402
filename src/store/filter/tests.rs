//! Filters as SQL of both dialects, and as rows of a real database.

mod agreement;
mod behaviour;
mod clients;
mod goldens;
mod memory;
mod searches;
mod values;
mod world;
