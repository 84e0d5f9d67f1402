//! Records through the whole application: what is asked over HTTP and what is there afterwards.

mod accounts;
mod batches;
mod cascades;
mod expands;
mod files;
mod lists;
mod refusals;
mod searches;
mod values;
mod world;
