//! What is wrong with an input, by field: codes, messages and parameters (contract A 1.4, 1.5).

use std::collections::BTreeMap;

use crate::domain::JsonMap;

/// One failed check.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// A code of contract A 1.5; clients branch on it.
    pub code: &'static str,
    /// A sentence for people; not part of the contract.
    pub message: String,
    /// Bounds and the like; the key is absent in JSON when empty.
    pub params: JsonMap,
}

/// A tree of faults. List items nest by their index written as text.
#[derive(Debug, Clone, PartialEq)]
pub enum Invalid {
    /// The value itself failed.
    Fault(Fault),
    /// Something inside the value failed.
    Nested(FieldErrors),
}

/// Faults by field name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldErrors(BTreeMap<String, Invalid>);

impl Fault {
    /// A fault without parameters.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), params: JsonMap::new() }
    }

    /// The same fault with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<crate::domain::Json>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// `validation_required`.
    pub fn required() -> Self {
        Self::new("validation_required", "Cannot be blank.")
    }

    /// `validation_invalid_value`: the fallback, and what does not parse as the field's type.
    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("validation_invalid_value", message)
    }

    /// A length in bytes, or a number of items, outside of its bounds; 0 is no bound.
    pub fn length(min: usize, max: usize) -> Self {
        let (code, message) = match (min, max) {
            (0, _) => ("validation_length_too_long", format!("Must be no longer than {max}.")),
            (_, 0) => ("validation_length_too_short", format!("Must be no shorter than {min}.")),
            (min, max) if min == max => {
                ("validation_length_invalid", format!("Must be exactly {min} long."))
            }
            _ => {
                ("validation_length_out_of_range", format!("Must be between {min} and {max} long."))
            }
        };
        Self::new(code, message).with("min", min).with("max", max)
    }

    /// A number, or a moment, below its threshold.
    pub fn below(threshold: impl Into<crate::domain::Json>) -> Self {
        let threshold = threshold.into();
        Self::new(
            "validation_min_greater_equal_than_required",
            format!("Must be no less than {}.", plain(&threshold)),
        )
        .with("threshold", threshold)
    }

    /// A number, or a moment, above its threshold.
    pub fn above(threshold: impl Into<crate::domain::Json>) -> Self {
        let threshold = threshold.into();
        Self::new(
            "validation_max_less_equal_than_required",
            format!("Must be no greater than {}.", plain(&threshold)),
        )
        .with("threshold", threshold)
    }

    /// Must be empty beside what else is said.
    pub fn not_empty(message: impl Into<String>) -> Self {
        Self::new("validation_empty", message)
    }
}

/// A JSON value as a sentence shows it: texts without their quotes.
fn plain(value: &crate::domain::Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl FieldErrors {
    /// No faults yet.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Notes a fault of `field`, unless the field has one already: the first check that fails wins.
    pub fn add(&mut self, field: impl Into<String>, fault: Fault) {
        self.0.entry(field.into()).or_insert(Invalid::Fault(fault));
    }

    /// Notes the faults inside `field`, unless there are none or the field has a fault already.
    pub fn nest(&mut self, field: impl Into<String>, errors: Self) {
        if !errors.is_empty() {
            self.0.entry(field.into()).or_insert(Invalid::Nested(errors));
        }
    }

    /// Notes the outcome of a check of `field`.
    pub fn check(&mut self, field: impl Into<String>, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            self.add(field, fault);
        }
    }

    /// Takes over all faults of `others`, except of fields that have one already.
    pub fn merge(&mut self, others: Self) {
        for (field, invalid) in others.0 {
            self.0.entry(field).or_insert(invalid);
        }
    }

    /// What is wrong with `field`.
    pub fn get(&self, field: &str) -> Option<&Invalid> {
        self.0.get(field)
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults by field name, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Invalid)> {
        self.0.iter().map(|(field, invalid)| (field.as_str(), invalid))
    }

    /// Each fault with the path of what it is about, such as `fields.1.name`, in byte order.
    pub fn faults(&self) -> Vec<(String, &Fault)> {
        let mut faults = Vec::new();
        for (field, invalid) in self.iter() {
            match invalid {
                Invalid::Fault(fault) => faults.push((field.to_owned(), fault)),
                Invalid::Nested(inner) => {
                    let inner = inner.faults().into_iter();
                    faults.extend(inner.map(|(path, fault)| (format!("{field}.{path}"), fault)));
                }
            }
        }
        faults
    }

    /// Nothing when nothing failed, else all faults together.
    ///
    /// # Errors
    /// The faults themselves.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<(&str, Fault)> for FieldErrors {
    fn from((field, fault): (&str, Fault)) -> Self {
        let mut errors = Self::new();
        errors.add(field, fault);
        errors
    }
}
