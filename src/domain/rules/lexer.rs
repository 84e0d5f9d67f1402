//! Filter text to tokens (contract A 3.9). Knows nothing of collections.

use crate::domain::rules::ast::{Operator, Span};
use crate::domain::rules::error::RuleError;

/// One token of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    And,
    Or,
    Compare { operator: Operator, any: bool },
    Number(f64),
    Text(String),
    Word(String),
}

/// Every token of `text` with the bytes it stands in; spaces and comments leave none.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, RuleError> {
    let mut lexer = Lexer { text, position: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.position;
        let Some(token) = lexer.token()? else {
            return Ok(tokens);
        };
        tokens.push((token, start..lexer.position));
    }
}

struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.position..].chars().next()
    }

    /// The longest run from here whose characters all satisfy `belongs`.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let start = self.position;
        let rest = &self.text[start..];
        self.position += rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        &self.text[start..self.position]
    }

    fn skip_blank(&mut self) {
        loop {
            self.run(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            if !self.text[self.position..].starts_with("//") {
                return;
            }
            self.run(|c| c != '\n');
        }
    }

    fn token(&mut self) -> Result<Option<Token>, RuleError> {
        let start = self.position;
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        let token = match first {
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            ',' => self.single(Token::Comma),
            '\'' | '"' => self.quoted(first)?,
            '-' | '0'..='9' => self.number()?,
            'A'..='Z' | 'a'..='z' | '_' | '@' | '#' => self.word()?,
            '=' | '!' | '<' | '>' | '~' | '?' | '&' | '|' => self.sign()?,
            other => {
                let span = start..start + other.len_utf8();
                return Err(RuleError::new(format!("unexpected character {other:?}"), span));
            }
        };
        Ok(Some(token))
    }

    fn single(&mut self, token: Token) -> Token {
        self.position += 1;
        token
    }

    /// Signs are read greedily, so `a=!b` is an unknown operator and not `=` before `!b`.
    fn sign(&mut self) -> Result<Token, RuleError> {
        let start = self.position;
        let sign = self.run(|c| matches!(c, '=' | '!' | '<' | '>' | '~' | '?' | '&' | '|'));
        match sign {
            "&&" => return Ok(Token::And),
            "||" => return Ok(Token::Or),
            _ => {}
        }
        let (any, rest) = sign.strip_prefix('?').map_or((false, sign), |rest| (true, rest));
        let operator = match rest {
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "~" => Operator::Like,
            "!~" => Operator::NotLike,
            _ => {
                let message = format!("unknown operator \"{sign}\"");
                return Err(RuleError::new(message, start..self.position));
            }
        };
        Ok(Token::Compare { operator, any })
    }

    fn number(&mut self) -> Result<Token, RuleError> {
        let start = self.position;
        // Everything that could continue a number or a name belongs to the faulty token, so that
        // `1e5` and `5.` are one error and not two tokens.
        let text = self
            .run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@' | '#' | ':'));
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        match number {
            Some(number) if is_digits(fraction) && (is_digits(whole) || text.starts_with("-.")) => {
                Ok(Token::Number(number))
            }
            _ => {
                let message = format!("\"{text}\" is not a number");
                Err(RuleError::new(message, start..self.position))
            }
        }
    }

    fn word(&mut self) -> Result<Token, RuleError> {
        let start = self.position;
        let word =
            self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '@' | '#'));
        let inner = word.get(1..).unwrap_or_default();
        if word.ends_with(['.', ':']) || inner.contains(['@', '#']) {
            let message = format!("\"{word}\" is not a name");
            return Err(RuleError::new(message, start..self.position));
        }
        Ok(Token::Word(word.to_owned()))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, RuleError> {
        let start = self.position;
        let mut value = String::new();
        let mut rest = self.text[start + 1..].char_indices().peekable();
        while let Some((offset, c)) = rest.next() {
            if c == quote {
                self.position = start + 1 + offset + 1;
                return Ok(Token::Text(value));
            }
            let escaped = match (c, rest.peek()) {
                ('\\', Some(&(_, next))) => unescape(next),
                _ => None,
            };
            if escaped.is_some() {
                rest.next();
            }
            value.push(escaped.unwrap_or(c));
        }
        Err(RuleError::new("this text is never closed", start..self.text.len()))
    }
}

/// The character that a backslash before `c` stands for; `None` where the backslash is itself.
const fn unescape(c: char) -> Option<char> {
    match c {
        '\'' | '"' | '\\' => Some(c),
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        _ => None,
    }
}
