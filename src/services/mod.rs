//! Use cases: who may do what, in which order, in one transaction. Knows no HTTP.
