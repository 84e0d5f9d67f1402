//! What every engine of the store promises, told as one story: functions are all or nothing, hurt
//! no neighbour, and are answered when they last.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod collections;
mod functions;
mod groups;
mod open;
mod reads;
mod support;
