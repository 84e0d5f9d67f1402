//! What every engine of the store promises, told as one story: functions are all or nothing, hurt
//! no neighbour, and are answered when they last.

mod functions;
mod groups;
mod open;
mod reads;
mod support;
