//! A first walk over an expression's text: what the parser would choke on is refused here, with its place, and
//! `$__interval`, which the parser does not know, is replaced by a duration that nobody can write.

use super::duration;
use super::error::{ParseError, Position};

const LONGEST_TEXT: usize = 8 * 1024;
const DEEPEST_NESTING: usize = 100;
/// Chains of operators nest in the parsed tree just as brackets do.
const MOST_OPERATORS: usize = 250;
const INTERVAL: &str = "$__interval";
/// Longer than any duration that is accepted from a text.
pub(super) const RESERVED_YEARS: u64 = 101;

/// A text that is safe to parse.
#[derive(Default)]
pub(super) struct Scan {
    /// The text for the parser.
    pub prepared: String,
    /// The words outside strings, comments and range brackets: offset and length in the original text.
    words: Vec<(usize, usize)>,
    /// The ends of the pieces after which an expression could stop.
    ends: Vec<usize>,
    /// Brackets still open: the byte that closes it and where it was opened.
    open: Vec<(u8, usize)>,
    operators: usize,
    /// The last thing seen was the keyword `offset`, or its sign.
    after_offset: bool,
}

pub(super) fn scan(text: &str) -> Result<Scan, ParseError> {
    let scan = scan_prefix(text)?;
    match scan.open.last() {
        None => Ok(scan),
        Some((_, opened)) => {
            let bracket = text.get(*opened..=*opened).unwrap_or_default();
            Err(ParseError::at(text, *opened, format!("`{bracket}` is never closed")))
        }
    }
}

fn scan_prefix(text: &str) -> Result<Scan, ParseError> {
    if text.len() > LONGEST_TEXT {
        return Err(ParseError::at(
            text,
            LONGEST_TEXT,
            format!("the expression has {} bytes; at most {LONGEST_TEXT} are taken", text.len()),
        ));
    }
    let mut scan = Scan { prepared: String::with_capacity(text.len()), ..Scan::default() };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let length = match byte {
            b'"' | b'\'' | b'`' => {
                at += scan.string(text, at)?;
                continue;
            }
            b'#' => rest.find('\n').unwrap_or(rest.len()),
            b'(' | b'{' | b')' | b'}' | b']' => scan.bracket(text, at, byte)?,
            b'[' => {
                at += scan.range(text, at)?;
                continue;
            }
            b'0'..=b'9' | b'.' => scan.number(text, at)?,
            b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' => scan.word(text, at)?,
            b'@' => return Err(ParseError::at(text, at, "the `@` modifier is not supported")),
            b'$' if rest.starts_with(INTERVAL) => {
                return Err(ParseError::at(text, at, "`$__interval` stands only in range brackets: `[$__interval]`"));
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'!' | b'<' | b'>' => scan.operator(text, at)?,
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        // `word` decides for itself; between the keyword and its duration only these may stand.
        let word = byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':');
        scan.after_offset &= word || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'-' | b'#');
        scan.prepared.push_str(text.get(at..at + length).unwrap_or_default());
        at += length;
    }
    Ok(scan)
}

/// The length of the string literal at the start of `rest`, quotes included.
fn quoted(rest: &str) -> Option<usize> {
    let mut bytes = rest.bytes().enumerate();
    let (_, quote) = bytes.next()?;
    while let Some((index, byte)) = bytes.next() {
        match byte {
            b'\\' if quote != b'`' => _ = bytes.next(),
            _ if byte == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

impl Scan {
    /// A whole string literal, quotes included.
    fn string(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length =
            quoted(rest).ok_or_else(|| ParseError::at(text, at, "the string that starts here is never closed"))?;
        let literal = rest.get(..length).unwrap_or_default();
        match literal.strip_prefix('`').and_then(|raw| raw.strip_suffix('`')) {
            // The parser takes backslashes in raw strings for escapes.
            Some(raw) => {
                let escaped = raw.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                self.prepared.push_str(&format!("\"{escaped}\""));
            }
            None => self.prepared.push_str(literal),
        }
        self.after_offset = false;
        self.ends.push(at + length);
        Ok(length)
    }

    fn bracket(&mut self, text: &str, at: usize, byte: u8) -> Result<usize, ParseError> {
        match byte {
            b'(' => self.open.push((b')', at)),
            b'{' => self.open.push((b'}', at)),
            _ => {
                if self.open.pop().is_none_or(|(closing, _)| closing != byte) {
                    return Err(ParseError::at(text, at, format!("`{}` closes nothing", char::from(byte))));
                }
                self.ends.push(at + 1);
            }
        }
        if self.open.len() > DEEPEST_NESTING {
            return Err(ParseError::at(text, at, format!("brackets nest deeper than {DEEPEST_NESTING} levels")));
        }
        Ok(1)
    }

    /// A whole range, brackets included.
    fn range(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.find(']').ok_or_else(|| ParseError::at(text, at, "`[` is never closed"))? + 1;
        let inside = rest.get(1..length - 1).unwrap_or_default();
        let content = inside.trim();
        let content_at = at + 1 + (inside.len() - inside.trim_start().len());
        if let Some(colon) = inside.find(':') {
            return Err(ParseError::at(text, at + 1 + colon, "subqueries (`[range:step]`) are not supported"));
        }
        if content == INTERVAL {
            self.prepared.push_str(&format!("[{RESERVED_YEARS}y]"));
        } else {
            if content.is_empty() {
                return Err(ParseError::at(text, at, "the range is empty; write a duration like `[5m]`"));
            }
            duration::parse(content).map_err(|reason| ParseError::at(text, content_at, reason))?;
            self.prepared.push_str(rest.get(..length).unwrap_or_default());
        }
        self.after_offset = false;
        self.ends.push(at + length);
        Ok(length)
    }

    fn number(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let mut length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.').count();
        let word = rest.get(..length).unwrap_or_default();
        let hexadecimal = word.starts_with("0x") || word.starts_with("0X");
        if self.after_offset || (!hexadecimal && word.ends_with(|last: char| "ywdhms".contains(last))) {
            duration::parse(word).map_err(|reason| ParseError::at(text, at, reason))?;
        } else if !hexadecimal && word.ends_with(['e', 'E']) {
            // The sign of an exponent and its digits.
            length += rest.bytes().skip(length).take_while(|byte| matches!(byte, b'+' | b'-')).take(1).count();
            length += rest.bytes().skip(length).take_while(u8::is_ascii_digit).count();
        }
        self.ends.push(at + length);
        Ok(length)
    }

    fn word(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length =
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')).count();
        let word = rest.get(..length).unwrap_or_default();
        if self.after_offset && ["inf", "nan"].iter().any(|number| word.eq_ignore_ascii_case(number)) {
            return Err(ParseError::at(text, at, format!("`{word}` is not a duration; write one like `5m`")));
        }
        if ["and", "or", "unless", "atan2"].iter().any(|operator| word.eq_ignore_ascii_case(operator)) {
            self.count_operator(text, at)?;
        }
        self.after_offset = word.eq_ignore_ascii_case("offset");
        self.words.push((at, length));
        self.ends.push(at + length);
        Ok(length)
    }

    fn operator(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        self.count_operator(text, at)?;
        let pair = text.get(at..at + 2).is_some_and(|pair| ["==", "!=", "<=", ">="].contains(&pair));
        Ok(if pair { 2 } else { 1 })
    }

    fn count_operator(&mut self, text: &str, at: usize) -> Result<(), ParseError> {
        // Inside braces stand matchers, which do not nest.
        self.operators += usize::from(self.open.last().is_none_or(|(closing, _)| *closing != b'}'));
        if self.operators > MOST_OPERATORS {
            return Err(ParseError::at(text, at, format!("the expression has more than {MOST_OPERATORS} operators")));
        }
        Ok(())
    }

    /// Where `word` stands first.
    pub fn find(&self, text: &str, word: &str) -> Option<Position> {
        let is_it = |(at, length): &&(usize, usize)| {
            text.get(*at..at + length).is_some_and(|own| own.eq_ignore_ascii_case(word))
        };
        self.words.iter().find(is_it).map(|(at, _)| Position::of(text, *at))
    }

    /// The first piece that cannot follow what stands before it, for a text that the parser refused without saying
    /// where: the longest beginning that is an expression, once its brackets are closed, ends before it.
    pub fn first_misfit<'a>(&self, text: &'a str, parses: impl Fn(&str) -> bool) -> Option<(Position, &'a str)> {
        // Each try is a parse; a text with more pieces than this is not worth the seconds.
        const MOST_TRIES: usize = 200;
        let accepted = self.ends.iter().take(MOST_TRIES).rev().find(|end| {
            let Some(Ok(beginning)) = text.get(..**end).map(scan_prefix) else { return false };
            let closing: String = beginning.open.iter().rev().map(|(closing, _)| char::from(*closing)).collect();
            !closing.contains('}') && parses(&(beginning.prepared + &closing))
        });
        let rest = text.get(accepted.copied().unwrap_or(0)..)?;
        let misfit = rest.trim_start();
        let word = misfit.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let piece = misfit.get(..word.max(misfit.chars().next()?.len_utf8()))?;
        Some((Position::of(text, text.len() - misfit.len()), piece))
    }
}
