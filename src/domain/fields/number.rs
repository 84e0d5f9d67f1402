//! Number fields: IEEE doubles.

/// Options of a number field (contract A 2.9).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NumberOptions {
    /// Least value.
    pub min: Option<f64>,
    /// Greatest value.
    pub max: Option<f64>,
    /// Whether fractions are refused.
    pub only_int: bool,
}
