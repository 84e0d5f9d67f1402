//! Ferrobase: one executable and one `config.toml` are a whole backend.
//!
//! The modules are floors. Each may use the ones above it in this list and none below, which
//! `tests/floors.rs` holds; `ARCHITECTURE.md` says what each part must not know.

pub mod domain;

pub mod config;

pub mod store;

pub mod services;

pub mod http;

pub mod cli;
