//! A regular expression read backwards: the recipe of texts that it matches.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::domain::random::Random;

/// Repetitions beyond the least ones that an open end may bring.
const OPEN_END: u32 = 6;
/// Longest text that a recipe may make, in characters.
const LONGEST: u64 = 5000;

/// How a text is made.
#[derive(Debug, Clone)]
pub(super) enum Template {
    Literal(String),
    /// Ranges of characters, first and last.
    Class(Vec<(char, char)>),
    Sequence(Vec<Template>),
    OneOf(Vec<Template>),
    Repeat {
        part: Box<Template>,
        min: u32,
        max: u32,
    },
}

impl Template {
    /// The recipe of `pattern`, or why there is none.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let hir = regex_syntax::parse(pattern).map_err(|err| err.to_string())?;
        let template = Self::from_hir(&hir)?;
        if template.longest() > LONGEST {
            return Err(format!("the pattern makes texts longer than {LONGEST} characters"));
        }
        Ok(template)
    }

    fn from_hir(hir: &Hir) -> Result<Self, String> {
        let all = |subs: &[Hir]| subs.iter().map(Self::from_hir).collect::<Result<Vec<_>, _>>();
        Ok(match hir.kind() {
            HirKind::Empty => Self::Literal(String::new()),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).map_err(|_| "not text".to_owned())?;
                Self::Literal(text.to_owned())
            }
            HirKind::Class(class) => Self::Class(characters(class)?),
            HirKind::Look(_) => {
                return Err("anchors and word boundaries cannot be generated".to_owned());
            }
            HirKind::Repetition(repetition) => Self::Repeat {
                min: repetition.min,
                max: repetition.max.unwrap_or_else(|| OPEN_END.max(repetition.min)),
                part: Box::new(Self::from_hir(&repetition.sub)?),
            },
            HirKind::Capture(capture) => Self::from_hir(&capture.sub)?,
            HirKind::Concat(subs) => Self::Sequence(all(subs)?),
            HirKind::Alternation(subs) => Self::OneOf(all(subs)?),
        })
    }

    /// Characters of the longest text.
    fn longest(&self) -> u64 {
        match self {
            Self::Literal(text) => text.chars().count() as u64,
            Self::Class(_) => 1,
            Self::Sequence(parts) => {
                parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.longest()))
            }
            Self::OneOf(parts) => parts.iter().map(Self::longest).max().unwrap_or(0),
            Self::Repeat { part, max, .. } => part.longest().saturating_mul(u64::from(*max)),
        }
    }

    /// Appends one text.
    pub(super) fn write(&self, out: &mut String, random: &mut Random) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Class(ranges) => out.push(pick(ranges, random)),
            Self::Sequence(parts) => parts.iter().for_each(|part| part.write(out, random)),
            Self::OneOf(parts) => {
                let chosen = random.below(u32::try_from(parts.len()).unwrap_or(u32::MAX));
                parts[chosen as usize].write(out, random);
            }
            Self::Repeat { part, min, max } => {
                for _ in 0..min + random.below(max - min + 1) {
                    part.write(out, random);
                }
            }
        }
    }
}

fn size(&(first, last): &(char, char)) -> u32 {
    last as u32 - first as u32 + 1
}

/// One character, each of the ranges' as likely as the others.
fn pick(ranges: &[(char, char)], random: &mut Random) -> char {
    loop {
        let mut index = random.below(ranges.iter().map(size).sum());
        for range in ranges {
            if index < size(range) {
                // A range may span the surrogates, which are no characters: draw again.
                if let Some(character) = char::from_u32(range.0 as u32 + index) {
                    return character;
                }
                break;
            }
            index -= size(range);
        }
    }
}

/// The printable ASCII characters of `class`, or all of it where it has none.
fn characters(class: &Class) -> Result<Vec<(char, char)>, String> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .filter(|range| range.end() < 128)
            .map(|range| (char::from(range.start()), char::from(range.end())))
            .collect(),
    };
    let printable: Vec<(char, char)> = ranges
        .iter()
        .map(|&(first, last)| (first.max(' '), last.min('~')))
        .filter(|(first, last)| first <= last)
        .collect();
    let chosen = if printable.is_empty() { ranges } else { printable };
    if chosen.is_empty() { Err("a class without characters".to_owned()) } else { Ok(chosen) }
}
