//! The grammar of a field's shorthand (config.md 1.1): text to parts, each with its bytes. Knows
//! the words of the language but not which of them belong together; `fields` does.

use std::ops::Range;

use crate::config::report::advise;

/// A part of a shorthand and where it stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// What is wrong with a shorthand, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShorthandFault {
    pub message: String,
    pub span: Range<usize>,
    pub help: Option<String>,
}

/// A field's type as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    Text,
    Editor,
    Number,
    Int,
    Bool,
    Email,
    Url,
    Date,
    Autodate,
    /// With its values; none in the long form, where `values` has them.
    Select(Option<Vec<String>>),
    File,
    /// With its target; none in the long form, where `to` has it.
    Relation(Option<Spanned<String>>),
    Json,
    Geo,
    Password,
}

/// Words and keys of options, in the order of config.md 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OptionName {
    Unique,
    Nocase,
    Index,
    Label,
    Hidden,
    Protected,
    Server,
    Immutable,
    Nonzero,
    Default,
    Min,
    Max,
    Pattern,
    Autogenerate,
    Types,
    Thumbs,
    Only,
    Except,
    On,
    OnDelete,
    RenamedFrom,
    Help,
    Ts,
}

/// Options that are said by their name alone.
pub(super) const WORDS: [(&str, OptionName); 9] = [
    ("unique", OptionName::Unique),
    ("nocase", OptionName::Nocase),
    ("index", OptionName::Index),
    ("label", OptionName::Label),
    ("hidden", OptionName::Hidden),
    ("protected", OptionName::Protected),
    ("server", OptionName::Server),
    ("immutable", OptionName::Immutable),
    ("nonzero", OptionName::Nonzero),
];

/// Options that take a value.
pub(super) const KEYS: [(&str, OptionName); 14] = [
    ("default", OptionName::Default),
    ("min", OptionName::Min),
    ("max", OptionName::Max),
    ("pattern", OptionName::Pattern),
    ("autogenerate", OptionName::Autogenerate),
    ("types", OptionName::Types),
    ("thumbs", OptionName::Thumbs),
    ("only", OptionName::Only),
    ("except", OptionName::Except),
    ("on", OptionName::On),
    ("on_delete", OptionName::OnDelete),
    ("renamed_from", OptionName::RenamedFrom),
    ("help", OptionName::Help),
    ("ts", OptionName::Ts),
];

const HEADS: [&str; 15] = [
    "text", "editor", "number", "int", "bool", "email", "url", "date", "autodate", "select",
    "file", "json", "geo", "password", "->",
];

impl OptionName {
    /// The name as it is written.
    pub(super) fn as_str(self) -> &'static str {
        WORDS.iter().chain(&KEYS).find(|(_, name)| *name == self).map_or("", |(text, _)| *text)
    }
}

/// A shorthand taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shorthand {
    pub head: Spanned<Head>,
    /// `!`
    pub required: Option<Range<usize>>,
    /// `?`
    pub nullable: Option<Range<usize>>,
    /// `[]` or `[n]`
    pub multiple: Option<Spanned<Option<i64>>>,
    /// The options in order; a word has no value.
    pub options: Vec<Spanned<(OptionName, Option<String>)>>,
}

/// Which form a text is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A field that is a string.
    Short,
    /// The `type` of a field that is a table.
    Long,
}

/// Whether `text` is a `name` of the grammar.
pub(super) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(is_name_character)
}

const fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// A character as messages show it.
fn visible(character: char) -> String {
    match character {
        '\'' | '"' => character.to_string(),
        _ => character.escape_debug().to_string(),
    }
}

/// Takes a shorthand apart, or answers everything that is wrong with it.
pub(super) fn parse(text: &str, form: Form) -> Result<Shorthand, Vec<ShorthandFault>> {
    let mut parser = Parser { text, position: 0, faults: Vec::new() };
    parser.spaces();
    let Some(head) = parser.head(form) else { return Err(parser.faults) };
    let mut shorthand =
        Shorthand { head, required: None, nullable: None, multiple: None, options: Vec::new() };
    parser.suffixes(&mut shorthand);
    parser.options(&mut shorthand);
    if parser.faults.is_empty() { Ok(shorthand) } else { Err(parser.faults) }
}

struct Parser<'t> {
    text: &'t str,
    position: usize,
    faults: Vec<ShorthandFault>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn spaces(&mut self) -> bool {
        let start = self.position;
        self.position += self.rest().len() - self.rest().trim_start_matches(' ').len();
        self.position > start
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn while_is(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|character| !keep(character)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    fn fault(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.faults.push(ShorthandFault { message: message.into(), span, help });
    }

    /// The bytes of the next character, or the end.
    fn here(&self) -> Range<usize> {
        self.position..self.position + self.peek().map_or(0, char::len_utf8)
    }

    fn head(&mut self, form: Form) -> Option<Spanned<Head>> {
        let start = self.position;
        if self.eat("->") {
            return self.relation(start);
        }
        let word = self.while_is(is_name_character);
        let head = match word {
            "text" => Head::Text,
            "editor" => Head::Editor,
            "number" => Head::Number,
            "int" => Head::Int,
            "bool" => Head::Bool,
            "email" => Head::Email,
            "url" => Head::Url,
            "date" => Head::Date,
            "autodate" => Head::Autodate,
            "select" => return self.select(start, form),
            "file" => Head::File,
            "json" => Head::Json,
            "geo" => Head::Geo,
            "password" => Head::Password,
            "relation" if form == Form::Long => Head::Relation(None),
            _ => {
                self.unknown_head(start, word);
                return None;
            }
        };
        Some(Spanned { value: head, span: start..self.position })
    }

    fn unknown_head(&mut self, start: usize, word: &str) {
        if word.is_empty() {
            let help = "a field begins with its type, such as \"text!\" or \"-> users\"";
            self.fault(self.here(), "a type is missing here", Some(help.to_owned()));
            return;
        }
        let help = match word {
            "relation" => Some("a relation is written \"-> collection\"".to_owned()),
            "string" | "varchar" => Some("did you mean `text`?".to_owned()),
            "boolean" => Some("did you mean `bool`?".to_owned()),
            "integer" => Some("did you mean `int`?".to_owned()),
            "float" | "decimal" => Some("did you mean `number`?".to_owned()),
            "datetime" | "timestamp" => Some("did you mean `date`?".to_owned()),
            "enum" => Some("did you mean `select(a, b)`?".to_owned()),
            _ => advise(word, HEADS.iter().copied()),
        };
        self.fault(start..self.position, format!("there is no type `{word}`"), help);
    }

    fn relation(&mut self, start: usize) -> Option<Spanned<Head>> {
        self.spaces();
        let name_start = self.position;
        let name = self.while_is(is_name_character);
        if !is_name(name) {
            let span = if name.is_empty() { self.here() } else { name_start..self.position };
            let help = "write it like \"-> users\"".to_owned();
            self.fault(span, "`->` is followed by the name of a collection", Some(help));
            return None;
        }
        let target = Spanned { value: name.to_owned(), span: name_start..self.position };
        Some(Spanned { value: Head::Relation(Some(target)), span: start..self.position })
    }

    fn select(&mut self, start: usize, form: Form) -> Option<Spanned<Head>> {
        if !self.eat("(") {
            if form == Form::Long {
                return Some(Spanned { value: Head::Select(None), span: start..self.position });
            }
            let help = "write them like \"select(draft, published)\"".to_owned();
            self.fault(start..self.position, "`select` needs its values", Some(help));
            return None;
        }
        let mut values: Vec<String> = Vec::new();
        loop {
            let value = self.select_value()?;
            if values.contains(&value.value) {
                self.fault(value.span, format!("`{}` is listed twice", value.value), None);
            } else {
                values.push(value.value);
            }
            if self.eat(")") {
                let span = start..self.position;
                return Some(Spanned { value: Head::Select(Some(values)), span });
            }
            if !self.eat(",") {
                let help = "quote a value with ( ) or ' in it: 'it''s'".to_owned();
                self.fault(self.here(), "expected `,` or `)` after a value", Some(help));
                return None;
            }
        }
    }

    fn select_value(&mut self) -> Option<Spanned<String>> {
        self.spaces();
        let start = self.position;
        if self.peek() == Some('\'') {
            let value = self.quoted()?;
            let span = start..self.position;
            self.spaces();
            return Some(Spanned { value, span });
        }
        let value = self.while_is(|character| !",()'".contains(character)).trim();
        if value.is_empty() {
            self.fault(self.here(), "a value is missing here", None);
            return None;
        }
        Some(Spanned { value: value.to_owned(), span: start..start + value.len() })
    }

    /// `'…'`, in which `''` is one quote.
    fn quoted(&mut self) -> Option<String> {
        let start = self.position;
        self.position += 1;
        let mut value = String::new();
        loop {
            value.push_str(self.while_is(|character| character != '\''));
            if !self.eat("'") {
                self.fault(start..self.text.len(), "this quote is never closed", None);
                return None;
            }
            if !self.eat("'") {
                return Some(value);
            }
            value.push('\'');
        }
    }

    fn suffixes(&mut self, shorthand: &mut Shorthand) {
        loop {
            let start = self.position;
            let twice = if self.eat("!") {
                shorthand.required.replace(start..self.position).is_some()
            } else if self.eat("?") {
                shorthand.nullable.replace(start..self.position).is_some()
            } else if self.peek() == Some('[') {
                let Some(count) = self.brackets() else { return };
                let span = start..self.position;
                shorthand.multiple.replace(Spanned { value: count, span }).is_some()
            } else {
                return;
            };
            if twice {
                let suffix = &self.text[start..self.position];
                self.fault(start..self.position, format!("`{suffix}` is said twice"), None);
            }
        }
    }

    fn brackets(&mut self) -> Option<Option<i64>> {
        let start = self.position;
        self.position += 1;
        let digits = self.while_is(|character| character.is_ascii_digit());
        if !self.eat("]") {
            let help = "write [] for several values, [3] for up to three".to_owned();
            self.fault(start..self.here().end, "`[` is followed by a number or `]`", Some(help));
            self.while_is(|character| character != ' ');
            return None;
        }
        if digits.is_empty() {
            return Some(None);
        }
        match digits.parse() {
            Ok(0 | 1) => {
                let help = "one value is written without brackets, any number with []".to_owned();
                self.fault(start..self.position, "brackets hold 2 or more", Some(help));
                Some(None)
            }
            Ok(count) => Some(Some(count)),
            Err(_) => {
                self.fault(start..self.position, "this number is too large", None);
                Some(None)
            }
        }
    }

    fn options(&mut self, shorthand: &mut Shorthand) {
        loop {
            let spaced = self.spaces();
            let Some(next) = self.peek() else { return };
            if !spaced {
                self.misplaced(next);
                self.while_is(|character| character != ' ');
                continue;
            }
            let start = self.position;
            let Some(option) = self.option() else {
                self.while_is(|character| character != ' ');
                continue;
            };
            let span = start..self.position;
            if shorthand.options.iter().any(|known| known.value.0 == option.0) {
                self.fault(span, format!("`{}` is said twice", option.0.as_str()), None);
            } else {
                shorthand.options.push(Spanned { value: option, span });
            }
        }
    }

    fn misplaced(&mut self, next: char) {
        let shown = visible(next);
        let help = match next {
            '\'' => Some("a value with quotes in it is quoted as a whole: 'it''s'".to_owned()),
            '\t' | '\n' | '\r' => Some("parts are separated by spaces".to_owned()),
            '(' => Some("only `select` takes values in parentheses".to_owned()),
            _ => Some("put a space between the parts of a field".to_owned()),
        };
        self.fault(self.here(), format!("`{shown}` cannot stand here"), help);
    }

    fn option(&mut self) -> Option<(OptionName, Option<String>)> {
        let start = self.position;
        let name = self.while_is(is_name_character);
        let span = start..self.position;
        if name.is_empty() {
            self.stray(start);
            return None;
        }
        if let Some((_, word)) = WORDS.iter().find(|(word, _)| *word == name) {
            if self.peek() == Some('=') {
                self.fault(span, format!("`{name}` takes no value"), None);
                return None;
            }
            return Some((*word, None));
        }
        let Some((_, key)) = KEYS.iter().find(|(key, _)| *key == name) else {
            self.unknown_option(name, span);
            return None;
        };
        if !self.eat("=") {
            let help = format!("write {name}=value, without spaces around `=`");
            self.fault(span, format!("`{name}` needs a value"), Some(help));
            return None;
        }
        let value = self.option_value(name)?;
        Some((*key, Some(value)))
    }

    fn stray(&mut self, start: usize) {
        let next = self.peek().unwrap_or_default();
        let help = match next {
            '!' | '?' | '[' => Some(format!("`{next}` follows the type without a space")),
            '=' => Some("there is no space around `=`".to_owned()),
            _ => None,
        };
        let shown = visible(next);
        self.fault(start..self.here().end, format!("`{shown}` cannot stand here"), help);
    }

    fn unknown_option(&mut self, name: &str, span: Range<usize>) {
        let help = match name {
            "required" => Some("write `!` after the type".to_owned()),
            "nullable" | "optional" => Some("write `?` after the type, or nothing".to_owned()),
            "multiple" => Some("write `[]` after the type".to_owned()),
            "read" | "write" => Some("field rules stand in the long form, a table".to_owned()),
            _ => advise(name, WORDS.iter().chain(&KEYS).map(|(text, _)| *text)),
        };
        self.fault(span, format!("there is no option `{name}`"), help);
    }

    fn option_value(&mut self, name: &str) -> Option<String> {
        if self.peek() == Some('\'') {
            return self.quoted();
        }
        let value = self.while_is(|character| character != ' ' && character != '\'');
        if value.is_empty() {
            let help = format!("write {name}=value; an empty text is ''");
            self.fault(self.here(), format!("`{name}=` has no value"), Some(help));
            return None;
        }
        Some(value.to_owned())
    }
}

#[cfg(test)]
mod tests;
