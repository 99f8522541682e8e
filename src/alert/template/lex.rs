//! A template as words: texts outside of `{{ … }}` and what stands within, as Go's `text/template` cuts it.

/// A word of an action, or a text between two of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    /// `{{`; `}}`.
    Open,
    Close,
    Space,
    Pipe,
    Left,
    Right,
    Comma,
    /// `:=`; `=`.
    Declare,
    Assign,
    /// `.` alone.
    Dot,
    /// `.name`, without the dot.
    Field(String),
    /// `$name`, with the dollar; `$` alone.
    Variable(String),
    /// A keyword, a function, `true`, `nil`.
    Word(String),
    Quoted(String),
    Number(String),
    /// `'x'`: the number of the letter.
    Letter(u32),
}

/// Why a text is no template, and where: bytes from its beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateError {
    pub offset: usize,
    /// Letters that are meant, 0 if that cannot be told.
    pub length: usize,
    pub reason: String,
}

impl TemplateError {
    pub(super) fn new(offset: usize, length: usize, reason: impl Into<String>) -> Self {
        Self { offset, length, reason: reason.into() }
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Every token with the byte where it begins.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, TemplateError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    // Whether the last action ate the blanks behind it.
    let mut trims = false;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find("{{");
        let mut plain = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if trims {
            plain = plain.trim_start_matches(is_space);
        }
        let Some(end) = end else {
            push_text(&mut tokens, at, plain);
            return Ok(tokens);
        };
        let inside = at + end + 2;
        let after = text.get(inside..).unwrap_or_default();
        let trimmed = after.strip_prefix('-').filter(|rest| rest.starts_with(is_space));
        if trimmed.is_some() {
            plain = plain.trim_end_matches(is_space);
        }
        push_text(&mut tokens, at, plain);
        let body = inside + usize::from(trimmed.is_some());
        let comment = text.get(body..).map(|rest| rest.trim_start_matches(is_space)).unwrap_or_default();
        if comment.starts_with("/*") {
            let start = text.len() - comment.len();
            let close = text.get(start..).and_then(|rest| rest.find("*/")).map(|end| start + end + 2);
            let Some(close) = close else { return Err(TemplateError::new(start, 2, "a comment is never closed")) };
            let tail = text.get(close..).unwrap_or_default();
            (at, trims) = match tail.strip_prefix("}}") {
                Some(_) => (close + 2, false),
                None if is_trimming_close(tail) => (text.len() - after_trimming_close(tail).len(), true),
                None => return Err(TemplateError::new(start, 2, "a comment has to be alone between `{{` and `}}`")),
            };
            continue;
        }
        tokens.push((at + end, Token::Open));
        (at, trims) = action(text, body, at + end, &mut tokens)?;
    }
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn push_text(tokens: &mut Vec<(usize, Token)>, at: usize, text: &str) {
    if !text.is_empty() {
        tokens.push((at, Token::Text(text.to_owned())));
    }
}

/// Blanks, at least one, then `-}}`.
fn is_trimming_close(rest: &str) -> bool {
    rest.starts_with(is_space) && rest.trim_start_matches(is_space).starts_with("-}}")
}

fn after_trimming_close(rest: &str) -> &str {
    rest.trim_start_matches(is_space).get(3..).unwrap_or_default()
}

/// Cuts what stands between `{{` and `}}`; gives where that ends and whether the blanks behind it go.
fn action(
    text: &str,
    mut at: usize,
    open: usize,
    tokens: &mut Vec<(usize, Token)>,
) -> Result<(usize, bool), TemplateError> {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if is_trimming_close(rest) {
            tokens.push((at, Token::Close));
            return Ok((text.len() - after_trimming_close(rest).len(), true));
        }
        if rest.starts_with("}}") {
            tokens.push((at, Token::Close));
            return Ok((at + 2, false));
        }
        let Some(first) = rest.chars().next() else {
            return Err(TemplateError::new(open, 2, "`{{` is never closed; write `}}` behind it"));
        };
        let run = |fits: fn(char) -> bool| rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        let name = |from: usize| {
            let tail = rest.get(from..).unwrap_or_default();
            let length = tail.find(|letter: char| !is_name(letter)).unwrap_or(tail.len());
            tail.get(..length).unwrap_or_default().to_owned()
        };
        let next = rest.chars().nth(1);
        let (token, length) = match first {
            _ if is_space(first) => (Token::Space, run(is_space)),
            '|' => (Token::Pipe, 1),
            '(' => (Token::Left, 1),
            ')' => (Token::Right, 1),
            ',' => (Token::Comma, 1),
            ':' if next == Some('=') => (Token::Declare, 2),
            '=' => (Token::Assign, 1),
            '"' => quoted(rest).map_err(|reason| TemplateError::new(at, 1, reason))?,
            '`' => match rest.get(1..).and_then(|tail| tail.find('`')) {
                Some(end) => (Token::Quoted(rest.get(1..end + 1).unwrap_or_default().replace('\r', "")), end + 2),
                None => return Err(TemplateError::new(at, 1, "a quoted text is never closed")),
            },
            '\'' => letter(rest).map_err(|reason| TemplateError::new(at, 1, reason))?,
            '$' => {
                let name = name(1);
                let length = 1 + name.len();
                (Token::Variable(format!("${name}")), length)
            }
            '.' if next.is_none_or(|next| !next.is_ascii_digit()) => match name(1) {
                name if name.is_empty() => (Token::Dot, 1),
                name => {
                    let length = 1 + name.len();
                    (Token::Field(name), length)
                }
            },
            '+' | '-' | '.' | '0'..='9' => {
                let mut before = ' ';
                let part_of_number = |letter: char| {
                    let sign = matches!(letter, '+' | '-') && matches!(before, 'e' | 'E' | 'p' | 'P' | ' ');
                    before = letter;
                    sign || letter.is_ascii_alphanumeric() || letter == '.' || letter == '_'
                };
                let mut part_of_number = part_of_number;
                let length = rest.find(|letter| !part_of_number(letter)).unwrap_or(rest.len());
                (Token::Number(rest.get(..length).unwrap_or_default().to_owned()), length)
            }
            _ if is_name(first) => {
                let word = name(0);
                let length = word.len();
                (Token::Word(word), length)
            }
            other => {
                return Err(TemplateError::new(at, 1, format!("`{other}` has no meaning between `{{{{` and `}}}}`")));
            }
        };
        tokens.push((at, token));
        at += length;
    }
}

fn is_name(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// A text in double quotes with Go's escapes, and how many bytes it takes.
fn quoted(rest: &str) -> Result<(Token, usize), &'static str> {
    let mut text = Vec::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Token::Quoted(String::from_utf8_lossy(&text).into_owned()), at + 1)),
            '\n' => break,
            '\\' => match escape(&mut letters.by_ref().map(|(_, letter)| letter))? {
                Escape::Letter(letter) => text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
                Escape::Byte(byte) => text.push(byte),
            },
            other => text.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("a quoted text is never closed")
}

fn letter(rest: &str) -> Result<(Token, usize), &'static str> {
    const WRONG: &str = "one letter belongs between single quotes; put texts into double ones";
    let mut letters = rest.char_indices().skip(1);
    let number = match letters.next() {
        Some((_, '\\')) => match escape(&mut letters.by_ref().map(|(_, letter)| letter))? {
            Escape::Letter(letter) => letter as u32,
            Escape::Byte(byte) => u32::from(byte),
        },
        Some((_, letter)) if letter != '\'' => letter as u32,
        _ => return Err(WRONG),
    };
    match letters.next() {
        Some((at, '\'')) => Ok((Token::Letter(number), at + 1)),
        _ => Err(WRONG),
    }
}

enum Escape {
    Letter(char),
    Byte(u8),
}

fn escape(letters: &mut dyn Iterator<Item = char>) -> Result<Escape, &'static str> {
    const WRONG: &str = "an unknown escape in a quoted text; for patterns use backquotes: `\\d+`";
    let number = |first: Option<char>, count: usize, base: u32, letters: &mut dyn Iterator<Item = char>| {
        let digits: String = first.into_iter().chain(letters.take(count)).collect();
        u32::from_str_radix(&digits, base).map_err(|_| WRONG)
    };
    let byte = |number: u32| u8::try_from(number).map(Escape::Byte).map_err(|_| WRONG);
    Ok(Escape::Letter(match letters.next().ok_or(WRONG)? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        same @ ('\\' | '\'' | '"') => same,
        'x' => return byte(number(None, 2, 16, letters)?),
        first @ '0'..='7' => return byte(number(Some(first), 2, 8, letters)?),
        'u' => char::from_u32(number(None, 4, 16, letters)?).ok_or(WRONG)?,
        'U' => char::from_u32(number(None, 8, 16, letters)?).ok_or(WRONG)?,
        _ => return Err(WRONG),
    }))
}
