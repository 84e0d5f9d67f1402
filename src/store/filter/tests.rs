//! Filters as SQL of both dialects, and as rows of a real SQLite.

mod agreement;
mod behaviour;
mod clients;
mod goldens;
mod world;
