//! What every engine of the store promises, told as one story: functions are all or nothing, hurt
//! no neighbour, and are answered when they last.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod accounts;
mod collections;
#[path = "../engine/mod.rs"]
mod engine;
mod files;
mod functions;
mod groups;
#[path = "../engine/only.rs"]
mod only;
mod open;
mod processes;
mod queue;
mod reads;
mod support;
