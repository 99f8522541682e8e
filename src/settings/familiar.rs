//! What of a configuration file is not known to be harmless: the values of keys that are not ours, comments, and lines
//! that are no TOML. A password may stand in any of them: in YAML's habit, or under a name that somebody made up.
//!
//! It walks the plain text, since a file with a syntax error is shown too, and it rather hides too much.

use std::ops::Range;

use super::harmless::{KEYS, TABLES};
use super::mask::value_after;

/// The table whose keys are the user's own words.
const LABELS: &str = "labels";
/// Its arguments may be secrets, its program is none.
const COMMANDS: [&str; 2] = ["password_command", "command"];

/// Byte ranges to hide, in order.
pub fn unfamiliar(text: &str) -> Vec<Range<usize>> {
    let mut walk = Walk { text, at: 0, table: Known::Ours, found: Vec::new() };
    while let Some(letter) = walk.letter() {
        match letter {
            ' ' | '\t' | '\r' | '\n' | '\u{feff}' => walk.at += letter.len_utf8(),
            '#' => walk.comment(),
            '[' if walk.begins_line() => walk.header(),
            _ => walk.statement(),
        }
    }
    walk.found
}

/// Which keys of a table are known.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    Ours,
    All,
    Nothing,
}

impl Known {
    fn has(self, key: &str) -> bool {
        let known = |name: &str| KEYS.contains(&name) || TABLES.contains(&name);
        match self {
            Self::Ours => {
                let names: Vec<&str> = segments(key).collect();
                let below_labels = names.iter().position(|name| *name == LABELS).map_or(names.len(), |at| at + 1);
                names.iter().take(below_labels).all(|name| known(name))
            }
            Self::All => true,
            Self::Nothing => false,
        }
    }
}

fn segments(key: &str) -> impl Iterator<Item = &str> {
    key.split('.').map(|name| name.trim().trim_matches(['"', '\'']))
}

/// Whether a rest of a line in a list may be something else than words and commas.
fn is_unclear(line: &str) -> bool {
    line.contains(['"', '\'', '=']) || line.contains(": ")
}

fn may_be_in_key(letter: char) -> bool {
    letter.is_alphanumeric() || "_-.\"' \t".contains(letter)
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    table: Known,
    found: Vec<Range<usize>>,
}

impl<'t> Walk<'t> {
    fn letter(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn line_end(&self, from: usize) -> usize {
        self.text.get(from..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |at| from + at)
    }

    /// What is left of the line.
    fn line(&self) -> &'t str {
        self.text.get(self.at..self.line_end(self.at)).unwrap_or_default()
    }

    fn begins_line(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default().trim_end_matches([' ', '\t', '\u{feff}']);
        before.is_empty() || before.ends_with('\n')
    }

    /// Hides what there is until this byte, and goes there.
    fn hide(&mut self, end: usize) {
        let text = self.text.get(self.at..end).unwrap_or_default();
        let start = self.at + (text.len() - text.trim_start().len());
        let last = start + text.trim().len();
        if start < last {
            self.found.push(start..last);
        }
        self.at = end;
    }

    fn hide_line(&mut self) {
        self.hide(self.line_end(self.at));
    }

    fn comment(&mut self) {
        self.at += 1;
        self.hide_line();
    }

    /// `[metrics]`, also when it is not closed.
    fn header(&mut self) {
        let line = self.line();
        let inner = line.trim_start_matches('[');
        let name = inner.split(']').next().unwrap_or_default();
        if !name.trim_end().chars().all(may_be_in_key) {
            return self.hide_line();
        }
        let names: Vec<&str> = segments(name).collect();
        let are_ours = |names: &[&str]| names.iter().all(|name| TABLES.contains(name));
        self.table = match names.split_last() {
            Some((&LABELS, above)) if are_ours(above) => Known::All,
            _ if are_ours(&names) => Known::Ours,
            _ => Known::Nothing,
        };
        let rest = inner.get(name.len()..).unwrap_or_default().trim_start_matches(']');
        self.at += line.len() - rest.len();
    }

    /// `key = value`, or what stands in its place.
    fn statement(&mut self) {
        let line = self.line();
        match self.key() {
            // A key alone, without its value.
            None if self.table.has(line.trim()) => self.at += line.len(),
            None => self.hide_line(),
            Some(key) if self.table.has(key) => {
                let any_key = self.table == Known::All || segments(key).any(|name| name == LABELS);
                self.value(any_key, segments(key).last().is_some_and(|name| COMMANDS.contains(&name)));
            }
            Some(_) => self.hide(self.line_end(value_after(self.text, self.at).end)),
        }
    }

    /// The key before `=`, or before `:` as in YAML; goes behind that. None if there is none on this line.
    fn key(&mut self) -> Option<&'t str> {
        let line = self.line();
        let end = line.find(['=', ':'])?;
        let key = line.get(..end).filter(|key| key.chars().all(may_be_in_key) && !key.trim().is_empty())?;
        self.at += end + 1;
        Some(key)
    }

    /// A value that may be shown. What follows it on its line is looked at as another statement.
    fn value(&mut self, any_key: bool, is_command: bool) {
        self.skip_blanks();
        let next_line = self.line_end(self.at);
        match self.letter() {
            Some('"' | '\'') => {
                if !self.string() {
                    // Where it should have ended is not clear.
                    self.at += self.line().find([' ', '\t']).unwrap_or(self.line().len());
                    self.hide(next_line);
                }
            }
            Some('[' | '{') => {
                if !self.brackets(any_key, is_command) {
                    // What is on the other lines is looked at line by line.
                    self.at = self.at.min(next_line);
                    self.hide(next_line);
                }
            }
            _ => self.at += self.line().find([' ', '\t', '\r', '#', ',', ']', '}']).unwrap_or(self.line().len()),
        }
    }

    fn skip_blanks(&mut self) {
        self.at += self.line().len() - self.line().trim_start_matches([' ', '\t']).len();
    }

    /// Goes behind a string; false, and stays, when it is not closed.
    fn string(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for quotes in ["\"\"\"", "'''"] {
            if let Some(inner) = rest.strip_prefix(quotes) {
                let end = inner.find(quotes);
                self.at += end.map_or(0, |end| end + 2 * quotes.len());
                return end.is_some();
            }
        }
        let mut letters = self.line().char_indices();
        let Some((_, quote)) = letters.next() else { return false };
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' && quote == '"' {
                letters.next();
            } else if letter == quote {
                self.at += at + 1;
                return true;
            }
        }
        false
    }

    /// Goes behind a list or a table; false, and stays where that was seen, when it is none.
    fn brackets(&mut self, any_key: bool, is_command: bool) -> bool {
        let mut open: Vec<char> = Vec::new();
        while let Some(letter) = self.letter() {
            let in_list = open.last() == Some(&'[');
            match letter {
                '[' | '{' => open.push(letter),
                ']' | '}' => drop(open.pop()),
                '"' | '\'' if is_command && in_list => return self.program(),
                '"' | '\'' => match self.string() {
                    true => continue,
                    false => return false,
                },
                '#' => {
                    self.comment();
                    continue;
                }
                // A word without quotes is shown if it is clear where it ends.
                _ if in_list && !letter.is_whitespace() && letter != ',' && is_unclear(self.line()) => {
                    return false;
                }
                _ => {}
            }
            self.at += letter.len_utf8();
            if open.is_empty() {
                return true;
            }
            let wants_key = matches!(letter, '{' | ',') && open.last() == Some(&'{');
            if wants_key && !any_key && !self.inner_key() {
                // Its value is hidden to the end of a line, and with it what would close the table.
                return true;
            }
        }
        false
    }

    /// The key of a table in braces; false when it is not known, and its value is hidden.
    fn inner_key(&mut self) -> bool {
        let from = self.at;
        let blank = self.text.get(from..).unwrap_or_default();
        self.at += blank.len() - blank.trim_start().len();
        match self.letter() {
            Some('}' | '#') | None => return true,
            _ => {}
        }
        match self.key() {
            Some(key) if self.table.has(key) => true,
            Some(_) => {
                self.hide(self.line_end(value_after(self.text, self.at).end));
                false
            }
            None => {
                self.hide_line();
                false
            }
        }
    }

    /// Shows the first word of a command and hides the rest to the end of the list, or of the line when there is none.
    fn program(&mut self) -> bool {
        let (start, quoted) = (self.at, self.string());
        let word = self.text.get(start..self.at).unwrap_or_default();
        let blank = word.find([' ', '\t']).filter(|_| quoted);
        let from = blank.map_or(self.at, |at| start + at);
        while let Some(letter) = self.letter() {
            match letter {
                ']' => {
                    let end = self.at;
                    self.at = from + self.text.get(from..end).map_or(0, |rest| usize::from(rest.starts_with(',')));
                    self.hide(end);
                    self.at += 1;
                    return true;
                }
                '"' | '\'' if self.string() => {}
                ',' | ' ' | '\t' | '\r' | '\n' => self.at += 1,
                _ => break,
            }
        }
        self.at = from;
        self.hide_line();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_hidden_and_what_is_known_is_shown() {
        for (text, shown) in [
            ("password: S\nuser: u", "password: ***\nuser: u"),
            ("pw = S # c", "pw = ***"),
            ("pw = '''\nS\n''' # c\nuser = 'u'", "pw = ***\nuser = 'u'"),
            ("pw = ['a',\n'S', ['S'],\n'S']\nuser = 'u'", "pw = ***\n***\nuser = 'u'"),
            ("pw =\n  S\nuser = 'u'", "pw =\n  ***\nuser = 'u'"),
            ("[clusters]\nS x\nuser", "[clusters]\n***\nuser"),
            ("[passwords]\nuser = 'S'\n[metrics]\nenabled = yes", "[passwords]\nuser = ***\n[metrics]\nenabled = yes"),
            (
                "\u{feff}[metrics]\nclusters.pw = 'S'\nlogin.user = 'S'",
                "\u{feff}[metrics]\nclusters.pw = ***\nlogin.user = ***",
            ),
            ("user = 'u' pw = 'S'", "user = 'u' pw = ***"),
            ("user = 'u' unit = 'x' S", "user = 'u' unit = 'x' ***"),
            ("timeout = 5m # S", "timeout = 5m # ***"),
            ("user = \"u S\nunit = 1", "user = \"u ***\nunit = 1"),
            ("user = \"u\\\"x\" S", "user = \"u\\\"x\" ***"),
            ("clusters = [{ user = 'u', pw = 'S', name = 'n' }]", "clusters = [{ user = 'u', pw = ***"),
            ("clusters = [{ user = 'u',\n pw = 'S' }]\nname = 1", "clusters = [{ user = 'u',\n pw = ***\nname = 1"),
            ("labels = { a = 'x', \"b c\" = 'y' } S", "labels = { a = 'x', \"b c\" = 'y' } ***"),
            (
                "[clusters.labels]\na = 'x'\n[other.labels]\na = 'S'",
                "[clusters.labels]\na = 'x'\n[other.labels]\na = ***",
            ),
            ("frontends = [ # S\n'a', # S\n'b'\n]\nS", "frontends = [ # ***\n'a', # ***\n'b'\n]\n***"),
            ("frontends = ['a'\npw = 'S'", "frontends = ['a'\npw = ***"),
            ("frontends = ['a' pw = 'S'\nuser = 'u'", "frontends = ['a' ***\nuser = 'u'"),
            ("exclude = [a*, b]", "exclude = [a*, b]"),
            ("exclude = [\n'a',\npw: S\n]", "exclude = [\n***\npw: ***\n***"),
            ("password_command = [ 'vault' , '-t=S]', 'S' ]", "password_command = [ 'vault' *** ]"),
            ("password_command = ['vault', # S\n 'S']\nuser = 'u'", "password_command = ['vault'***\n ***\nuser = 'u'"),
            ("password_command = ['vault -t S']", "password_command = ['vault ***]"),
            ("password_command = ['vault', 'S\nuser = 'u'", "password_command = ['vault'***\nuser = 'u'"),
            ("[ 'S', x\nuser = 'u'", "***\nuser = 'u'"),
            ("expr = '''\nsum(\n  a{b=\"c\"})'''", "expr = '''\nsum(\n  a{b=\"c\"})'''"),
        ] {
            let mut out = text.to_owned();
            for range in unfamiliar(text).into_iter().rev() {
                out.replace_range(range, "***");
            }
            assert_eq!(out, shown, "{text}");
        }
    }
}
