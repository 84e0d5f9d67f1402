//! Faults and warnings with their places, and how they are shown: file, line, column, the line
//! with a caret, and what to do next. Knows nothing of what the faults are about.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Heading, Renderer, Snippet};

use crate::config::source::{Place, SourceFile};

/// Whether a load goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The configuration cannot be used.
    Error,
    /// It can, though somebody should look.
    Warning,
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Error or warning.
    pub level: Level,
    /// What happened, one line.
    pub message: String,
    /// Where; a fault of the whole configuration has no place.
    pub place: Option<Place>,
    /// A few words at the caret, or none.
    pub label: String,
    /// What to do next.
    pub help: Option<String>,
    /// A second place that matters, with a few words about it.
    pub related: Option<(Place, String)>,
}

impl Fault {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            help: None,
            related: None,
        }
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(message) }
    }

    /// The same fault at a place.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }

    /// The same fault with words at the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same fault with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same fault with advice where there is any.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The same fault with a second place.
    #[must_use]
    pub fn and(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.related = Some((place.clone(), label.into()));
        self
    }
}

/// Whether a rendered report has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Text alone.
    Plain,
    /// ANSI escapes for a terminal.
    Ansi,
}

/// The faults of one load together with the texts they point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    files: Arc<[SourceFile]>,
    faults: Vec<Fault>,
}

impl Report {
    /// A report of these faults, sorted by place, each fault once.
    pub fn new(files: Arc<[SourceFile]>, mut faults: Vec<Fault>) -> Self {
        let position = |fault: &Fault| {
            fault.place.as_ref().map_or((usize::MAX, 0), |place| (place.file, place.span.start))
        };
        faults.sort_by_key(position);
        let mut unique: Vec<Fault> = Vec::with_capacity(faults.len());
        for fault in faults {
            if !unique.contains(&fault) {
                unique.push(fault);
            }
        }
        Self { files, faults: unique }
    }

    /// The files that places point into.
    pub const fn files(&self) -> &Arc<[SourceFile]> {
        &self.files
    }

    /// The faults in the order of their places.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.level == Level::Error).count()
    }

    /// Line and column of a place, both from 1, the column in characters.
    pub fn line_and_column(&self, place: &Place) -> Option<(usize, usize)> {
        let text = &self.files.get(place.file)?.text;
        let before = &text[..boundary(text, place.span.start)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Some((line, before[line_start..].chars().count() + 1))
    }

    /// Every fault as text for people, with a count at the end. Empty without faults.
    pub fn render(&self, colours: Colours) -> String {
        if self.faults.is_empty() {
            return String::new();
        }
        let renderer = match colours {
            Colours::Plain => Renderer::plain(),
            Colours::Ansi => Renderer::styled(),
        }
        .decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for fault in &self.faults {
            text.push_str(&renderer.render(&[self.group(fault)]));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// Every fault as text for people, with its place but without the lines of the file, which may hold
    /// secrets.
    pub fn render_without_source(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            let level = match fault.level {
                Level::Error => "error",
                Level::Warning => "warning",
            };
            text.push_str(&format!("{level}: {}\n", fault.message));
            let place = fault.place.as_ref();
            let file = place.and_then(|place| self.files.get(place.file));
            let position = place.and_then(|place| self.line_and_column(place));
            if let (Some(file), Some((line, column))) = (file, position) {
                text.push_str(&format!("  --> {}:{line}:{column}  {}", file.path, fault.label));
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
            if let Some(help) = &fault.help {
                text.push_str(&format!("  help: {help}\n"));
            }
            text.push('\n');
        }
        text.push_str(&self.summary());
        text
    }

    /// `2 errors, 1 warning in config.toml`.
    fn summary(&self) -> String {
        let errors = self.errors();
        let warnings = self.faults.len() - errors;
        let counted = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{count} {word}s")),
        };
        let counts: Vec<String> = [counted(errors, "error"), counted(warnings, "warning")]
            .into_iter()
            .flatten()
            .collect();
        let file = self.files.first().map_or("the configuration", |file| file.path.as_str());
        format!("{} in {file}", counts.join(", "))
    }

    fn group<'a>(&'a self, fault: &'a Fault) -> Group<'a> {
        let heading = match fault.level {
            Level::Error => Heading::ERROR,
            Level::Warning => Heading::WARNING,
        };
        let mut group = Group::with_title(heading.primary_title(fault.message.as_str()));
        let places = [
            fault.place.as_ref().map(|place| (place, AnnotationKind::Primary, &fault.label)),
            fault.related.as_ref().map(|(place, label)| (place, AnnotationKind::Context, label)),
        ];
        let places: Vec<_> = places.into_iter().flatten().collect();
        let one_file = places.windows(2).all(|pair| pair[0].0.file == pair[1].0.file);
        if one_file {
            group = group.elements(self.snippet(&places));
        } else {
            group = group.elements(places.iter().filter_map(|place| self.snippet(&[*place])));
        }
        match &fault.help {
            Some(help) => group.element(Heading::HELP.message(help.as_str())),
            None => group,
        }
    }

    fn snippet<'a>(
        &'a self,
        places: &[(&'a Place, AnnotationKind, &'a String)],
    ) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let file = self.files.get(places.first()?.0.file)?;
        let annotations = places.iter().map(|(place, kind, label)| {
            let annotation = kind.span(inside(&file.text, &place.span));
            if label.is_empty() { annotation } else { annotation.label(label.as_str()) }
        });
        Some(Snippet::source(file.text.as_str()).path(file.path.as_str()).annotations(annotations))
    }
}

/// `span` cut to the text and to its first line: a table that spans many lines is shown by its head.
fn inside(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = boundary(text, span.start);
    let end = boundary(text, span.end.max(start));
    let line_end = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..line_end
}

/// The nearest character boundary at or before `position`.
fn boundary(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}

/// The candidate that somebody who wrote `word` most likely meant.
pub(super) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Advice for an unknown word: what was likely meant, else what there is.
pub(super) fn advise<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(meant) = closest(word, candidates.clone()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    let known: Vec<String> =
        candidates.into_iter().take(12).map(|candidate| format!("`{candidate}`")).collect();
    if known.is_empty() { None } else { Some(format!("there is {}", known.join(", "))) }
}
