//! A first walk over an expression's text: what the parser would choke on is refused here, with its place, and what it
//! reads otherwise than Prometheus is written anew. `$__interval`, which it does not know, becomes a duration that
//! nobody can write.
//!
//! The parser drops a unary plus, which is no nothing: `+x` is no bare selector any more, so `timestamp(+x)` is the
//! moment of evaluation. And two minuses take the metric's name away. So every run of signs is written as one minus if
//! it negates, as two if it has none but pluses, else as four; the compiler reads it back.

use super::error::{ParseError, Position};
use super::{duration, literal};

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
    /// The strings: what they mean and where they stand.
    texts: Vec<(String, usize)>,
    /// The ends of the pieces after which an expression could stop.
    ends: Vec<usize>,
    open: Vec<Open>,
    operators: usize,
    /// The last thing seen was the keyword `offset` or an `@`, or the sign behind it.
    after: After,
    /// A whole operand stands before, so a sign is a binary operator.
    operand: bool,
    /// The last word was `on` or one of its kin: the bracket that follows is a list of labels and no operand.
    matching: bool,
}

/// A bracket that is still open.
struct Open {
    closing: u8,
    at: usize,
    /// After it an operand is still to come.
    matching: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum After {
    #[default]
    Anything,
    Offset,
    At,
}

pub(super) fn scan(text: &str) -> Result<Scan, ParseError> {
    let scan = scan_prefix(text)?;
    match scan.open.last() {
        None => Ok(scan),
        Some(Open { at, .. }) => {
            let bracket = text.get(*at..=*at).unwrap_or_default();
            Err(ParseError::at(text, *at, format!("`{bracket}` is never closed")))
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
        at += match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'#' => {
                let length = blank(rest);
                scan.prepared.push_str(rest.get(..length).unwrap_or_default());
                length
            }
            b'"' | b'\'' | b'`' => scan.string(text, at)?,
            b'(' | b'{' | b')' | b'}' | b']' => scan.bracket(text, at, byte)?,
            b'[' => scan.range(text, at)?,
            b'0'..=b'9' | b'.' => scan.number(text, at)?,
            b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' => scan.word(text, at)?,
            b'@' => scan.piece("@", After::At, false),
            b',' => scan.piece(",", After::Anything, false),
            b'$' if rest.starts_with(INTERVAL) => {
                return Err(ParseError::at(text, at, "`$__interval` stands only in range brackets: `[$__interval]`"));
            }
            b'+' | b'-' if !scan.operand && !scan.in_braces() => scan.signs(text, at)?,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'!' | b'<' | b'>' => scan.operator(text, at)?,
            _ => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                scan.piece(rest.get(..length).unwrap_or_default(), After::Anything, false)
            }
        };
    }
    Ok(scan)
}

/// The length of white space and comments at the start.
pub(super) fn blank(rest: &str) -> usize {
    let mut length = 0;
    while let Some(byte) = rest.as_bytes().get(length) {
        length += match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => 1,
            b'#' => rest.get(length..).map_or(0, |comment| comment.find('\n').unwrap_or(comment.len())),
            _ => break,
        };
    }
    length
}

/// The length of the string literal at the start of `rest`, quotes included.
pub(super) fn quoted(rest: &str) -> Option<usize> {
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
    /// Writes a piece for the parser; its length.
    fn piece(&mut self, own: &str, after: After, operand: bool) -> usize {
        self.prepared.push_str(own);
        (self.after, self.operand, self.matching) = (after, operand, false);
        own.len()
    }

    fn in_braces(&self) -> bool {
        self.open.last().is_some_and(|open| open.closing == b'}')
    }

    /// A whole string literal, quotes included.
    fn string(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length =
            quoted(rest).ok_or_else(|| ParseError::at(text, at, "the string that starts here is never closed"))?;
        let own =
            literal::text(rest.get(..length).unwrap_or_default()).map_err(|reason| ParseError::at(text, at, reason))?;
        self.piece(&literal::quoted(&own), After::Anything, true);
        self.texts.push((own, at));
        self.ends.push(at + length);
        Ok(length)
    }

    fn bracket(&mut self, text: &str, at: usize, byte: u8) -> Result<usize, ParseError> {
        let mut operand = false;
        match byte {
            b'(' => self.open.push(Open { closing: b')', at, matching: self.matching }),
            b'{' => self.open.push(Open { closing: b'}', at, matching: false }),
            _ => {
                let Some(opened) = self.open.pop().filter(|open| open.closing == byte) else {
                    return Err(ParseError::at(text, at, format!("`{}` closes nothing", char::from(byte))));
                };
                operand = !opened.matching;
                self.ends.push(at + 1);
            }
        }
        if self.open.len() > DEEPEST_NESTING {
            return Err(ParseError::at(text, at, format!("brackets nest deeper than {DEEPEST_NESTING} levels")));
        }
        Ok(self.piece(text.get(at..=at).unwrap_or_default(), After::Anything, operand))
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
            self.piece(&format!("[{RESERVED_YEARS}y]"), After::Anything, true);
        } else {
            if content.is_empty() {
                return Err(ParseError::at(text, at, "the range is empty; write a duration like `[5m]`"));
            }
            let millis = duration::parse(content).map_err(|reason| ParseError::at(text, content_at, reason))?;
            self.piece(&format!("[{}]", duration::format(millis)), After::Anything, true);
        }
        self.ends.push(at + length);
        Ok(length)
    }

    fn number(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length = literal::length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let own = match self.after {
            After::Offset => duration::offset(word).map(duration::format),
            After::Anything | After::At => literal::number(word).map(literal::written),
        };
        let own = own.map_err(|reason| ParseError::at(text, at, reason))?;
        // `x.5` is two pieces, and `x5e-1` would be others.
        if self.prepared.ends_with(|last: char| last.is_ascii_alphanumeric() || matches!(last, '_' | ':')) {
            self.prepared.push(' ');
        }
        self.piece(&own, After::Anything, true);
        self.ends.push(at + length);
        Ok(length)
    }

    fn word(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let rest = text.get(at..).unwrap_or_default();
        let length =
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')).count();
        let word = rest.get(..length).unwrap_or_default();
        let is_one_of = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
        if self.after == After::Offset && is_one_of(&["inf", "nan"]) {
            return Err(ParseError::at(text, at, format!("`{word}` is not a duration; write one like `5m`")));
        }
        let operator = is_one_of(&["and", "or", "unless", "atan2"]);
        if operator {
            self.count_operator(text, at)?;
        }
        let matching = is_one_of(&["on", "ignoring", "group_left", "group_right"]);
        // `and` is an operator behind an operand, and else the name of a metric.
        let operand = !(matching || is_one_of(&["bool", "offset"]) || operator && self.operand);
        let after = if word.eq_ignore_ascii_case("offset") { After::Offset } else { After::Anything };
        self.piece(word, after, operand);
        self.matching = matching;
        self.words.push((at, length));
        self.ends.push(at + length);
        Ok(length)
    }

    /// A run of signs before an operand.
    fn signs(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        let (mut end, mut minuses) = (at, 0);
        while let Some(sign @ (b'+' | b'-')) = text.as_bytes().get(end + blank(text.get(end..).unwrap_or_default())) {
            end += blank(text.get(end..).unwrap_or_default());
            self.count_operator(text, end)?;
            minuses += usize::from(*sign == b'-');
            end += 1;
            // Behind `offset` and `@` there is one at most, and it belongs to the number.
            if self.after != After::Anything {
                self.prepared.push(char::from(*sign));
                return Ok(end - at);
            }
        }
        let own = match minuses {
            0 => "--",
            odd if odd % 2 == 1 => "-",
            _ => "----",
        };
        self.piece(own, After::Anything, false);
        Ok(end - at)
    }

    fn operator(&mut self, text: &str, at: usize) -> Result<usize, ParseError> {
        self.count_operator(text, at)?;
        let pair = text.get(at..at + 2).filter(|pair| ["==", "!=", "<=", ">="].contains(pair));
        let own = pair.or_else(|| text.get(at..=at)).unwrap_or_default();
        Ok(self.piece(own, After::Anything, false))
    }

    fn count_operator(&mut self, text: &str, at: usize) -> Result<(), ParseError> {
        // Inside braces stand matchers, which do not nest.
        self.operators += usize::from(!self.in_braces());
        if self.operators > MOST_OPERATORS {
            return Err(ParseError::at(text, at, format!("the expression has more than {MOST_OPERATORS} operators")));
        }
        Ok(())
    }

    /// The words outside strings, comments and range brackets: offset and length in the original text.
    pub fn words(&self) -> impl Iterator<Item = (usize, usize)> {
        self.words.iter().copied()
    }

    /// Where `word` stands first.
    pub fn find(&self, text: &str, word: &str) -> Option<Position> {
        let is_it = |(at, length): &&(usize, usize)| {
            text.get(*at..at + length).is_some_and(|own| own.eq_ignore_ascii_case(word))
        };
        self.words.iter().find(is_it).map(|(at, _)| Position::of(text, *at))
    }

    /// Where a string of this meaning stands first.
    pub fn find_text(&self, text: &str, meaning: &str) -> Option<Position> {
        self.texts.iter().find(|(own, _)| own == meaning).map(|(_, at)| Position::of(text, *at))
    }

    /// Where `or` stands between matchers.
    pub fn find_or_in_braces(&self, text: &str) -> Option<Position> {
        let is_it = |(at, length): &&(usize, usize)| {
            let own = text.get(*at..at + length);
            own.is_some_and(|own| own.eq_ignore_ascii_case("or"))
                && text.get(..*at).is_some_and(|before| scan_prefix(before).is_ok_and(|scan| scan.in_braces()))
        };
        self.words.iter().find(is_it).map(|(at, _)| Position::of(text, *at))
    }

    /// The first piece that cannot follow what stands before it, for a text that the parser refused without saying
    /// where: the longest beginning that is an expression, once its brackets are closed, ends before it.
    pub fn first_misfit<'a>(&self, text: &'a str, parses: impl Fn(&str) -> bool) -> Option<Misfit<'a>> {
        // Each try is a parse; a text with more pieces than this is not worth the seconds.
        const MOST_TRIES: usize = 200;
        let accepted = self.ends.iter().take(MOST_TRIES).rev().find_map(|end| {
            let beginning = scan_prefix(text.get(..*end)?).ok()?;
            let closing: String = beginning.open.iter().rev().map(|open| char::from(open.closing)).collect();
            let in_braces = beginning.in_braces();
            parses(&(beginning.prepared + &closing)).then_some((*end, in_braces))
        });
        let (end, in_braces) = accepted.unwrap_or_default();
        let misfit = text.get(end..)?.trim_start();
        let first = misfit.chars().next()?;
        let word = misfit.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let pair = misfit.get(..2).filter(|pair| PAIRS.contains(pair)).map_or(0, str::len);
        let string = quoted(misfit).filter(|_| matches!(first, '"' | '\'' | '`')).unwrap_or(0);
        let piece = misfit.get(..word.max(pair).max(string).max(first.len_utf8()))?;
        Some(Misfit { offset: text.len() - misfit.len(), piece, in_braces })
    }

    /// A word that wants a list of labels and has none, at a misfit or right behind the operator that is one.
    pub fn bare_list<'a>(&self, text: &'a str, misfit: usize) -> Option<(usize, &'a str)> {
        let word = |place: &(usize, usize)| Some((place.0, text.get(place.0..place.0 + place.1)?));
        let mut words = self.words.iter().filter(|(at, _)| *at >= misfit).filter_map(word);
        let (at, own) = words.find(|(_, own)| !["bool", "and", "or", "unless", "atan2"].contains(own))?;
        let between = text.get(misfit..at)?;
        let near = !between.contains(['(', ')', '{', '}', '[', ']', ',']);
        let rest = text.get(at + own.len()..)?;
        let bare = !rest.get(blank(rest)..)?.starts_with('(');
        let takes = ["by", "without", "on", "ignoring"].iter().any(|list| own.eq_ignore_ascii_case(list));
        (near && bare && takes).then_some((at, own))
    }
}

/// Operators of two letters.
const PAIRS: [&str; 6] = ["==", "!=", "<=", ">=", "=~", "!~"];

/// What cannot stand where it stands.
pub(super) struct Misfit<'a> {
    /// In bytes.
    pub offset: usize,
    pub piece: &'a str,
    /// Among matchers.
    pub in_braces: bool,
}
