//! Thumbnails of stored pictures.

pub mod render;
