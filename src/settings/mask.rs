//! Where the secrets stand in a configuration file, so that no excerpt in a message shows one.
//!
//! It works on the plain text, since a file with a syntax error has excerpts too, and it rather hides too much: also
//! the value of a misspelt `pasword`, and the user part of a URL.

use std::ops::Range;

use super::familiar::unfamiliar;
use super::words::distance;

/// Byte ranges of a file to hide, in order, never overlapping.
pub fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = named(text);
    found.extend(unfamiliar(text));
    merged(found)
}

/// The same of a variable of the environment that the settings read.
pub fn secrets_of_variable(text: &str) -> Vec<Range<usize>> {
    merged(named(text))
}

/// What is named like a secret, wherever that stands: in the midst of a broken file, or in a comment.
fn named(text: &str) -> Vec<Range<usize>> {
    text.match_indices(['=', ':'])
        .filter_map(|(at, _)| {
            let (key, value) = (key_before(text, at), value_after(text, at + 1));
            let written = text.get(value.clone()).unwrap_or_default();
            let misplaced = match key {
                "password_env" => !is_name(written),
                "password_command" => !written.starts_with('['),
                // Some write both in one word.
                "user" => written.contains(':'),
                "frontends" | "backends" | "compute_nodes" => written.contains('@') && !written.contains("://"),
                key => names_proxy(key) && !is_plain_proxy(written),
            };
            (looks_secret(key) || misplaced).then_some(value)
        })
        .chain(text.match_indices("://").filter_map(|(at, _)| login_after(text, at + 3)))
        .filter(|range| !range.is_empty())
        .collect()
}

fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// True for `password` and for what people call or misspell it; false for keys that only say where it is.
fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    let named = ["pass", "pwd", "psw", "secret", "token", "credential"].iter().any(|part| key.contains(part));
    // Two letters more or fewer are two misspellings already.
    let misspelt = || key.chars().count().abs_diff("password".len()) <= 2 && distance(&key, "password") <= 2;
    (named || misspelt()) && !["password_file", "password_env", "password_command"].contains(&key.as_str())
}

/// True for `proxy` and `HTTPS_PROXY`: a URL without a scheme may have a login, too.
fn names_proxy(key: &str) -> bool {
    key.to_lowercase().ends_with("proxy")
}

/// `http://host:3128` and nothing more: a login whose `@` was forgotten looks like a strange port.
fn is_plain_proxy(value: &str) -> bool {
    let inner = value.trim_matches(['"', '\'']);
    let address = inner.split_once("://").map_or(inner, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (address, ""),
    };
    let is_host = !host.contains(['@', ':']) || (host.starts_with('[') && host.ends_with(']') && !host.contains('@'));
    is_host && port.chars().all(|letter| letter.is_ascii_digit())
}

/// Whether it looks like the name of a variable; else someone may have taken `password_env` for the password.
pub fn is_name(value: &str) -> bool {
    let inner = value.trim_matches(['"', '\'']);
    inner.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
        && inner.starts_with(|letter: char| !letter.is_ascii_digit())
}

fn key_before(text: &str, equals: usize) -> &str {
    let before = text.get(..equals).unwrap_or_default().trim_end_matches([' ', '\t']).trim_end_matches(['"', '\'']);
    let start = before.rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-'));
    let start =
        start.map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    before.get(start..).unwrap_or_default()
}

/// The value that begins here, after blanks.
pub fn value_after(text: &str, from: usize) -> Range<usize> {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
    let value = text.get(start..).unwrap_or_default();
    let line = value.find('\n').unwrap_or(value.len());
    let until = |close: &str, skip: usize| {
        value.get(skip..).and_then(|rest| rest.find(close)).map_or(value.len(), |at| skip + at + close.len())
    };
    let length = if value.starts_with("\"\"\"") {
        until("\"\"\"", 3)
    } else if value.starts_with("'''") {
        until("'''", 3)
    } else if value.starts_with('[') {
        until("]", 1)
    } else if value.starts_with('{') {
        until("}", 1)
    } else {
        string_end(value).unwrap_or(line)
    };
    start..start + length
}

/// Whether a value ends before this rest of a line; a password with quotes in it goes on, and so does a list.
fn ends_value(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    let Some(more) = rest.strip_prefix(',') else { return rest.is_empty() || rest.starts_with(['\n', '}']) };
    let key = more.trim_start().trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
    key.len() < more.trim_start().len() && key.trim_start().starts_with('=')
}

/// The end of a one-line string, if it is closed on its line and nothing follows it.
fn string_end(value: &str) -> Option<usize> {
    let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let mut escaped = false;
    for (at, letter) in value.char_indices().skip(1) {
        match letter {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if letter == quote => {
                return value.get(at + 1..).is_some_and(ends_value).then_some(at + 1);
            }
            _ => {}
        }
    }
    None
}

fn login_after(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let end = rest.find(|letter: char| letter.is_whitespace() || letter == '"' || letter == '\'').unwrap_or(rest.len());
    rest.get(..end)?.rfind('@').map(|at| from..from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut out = text.to_owned();
        for range in secrets_of_variable(text).into_iter().rev() {
            out.replace_range(range, "***");
        }
        out
    }

    #[test]
    fn every_way_to_write_a_password_is_hidden() {
        for (text, shown) in [
            ("password = \"hunter2\" # not hunter1", "password = ***"),
            ("password = 'a', 'hunter2'", "password = ***"),
            ("password='hun\\'\nuser = 'u'", "password=***\nuser = 'u'"),
            ("password = \"hun\\\"ter\"\n", "password = ***\n"),
            ("password = \"hunter2\nuser = 1", "password = ***\nuser = 1"),
            ("password = hunter2 # x\nuser = 1", "password = ***\nuser = 1"),
            ("password = \"hun\"ter2\"\nuser = 1", "password = ***\nuser = 1"),
            ("\"password\" = 42\n", "\"password\" = ***\n"),
            ("pasword = 'a'\nPassWd = 'b'\ntoken = 'c'", "pasword = ***\nPassWd = ***\ntoken = ***"),
            ("{ user = 'u', password = 'p', x = 1 }", "{ user = 'u', password = ***, x = 1 }"),
            ("password = \"\"\"\nhunter2\n\"\"\"\nx = 1", "password = ***\nx = 1"),
            ("password = [\n'hunter2',\n]\nx = 1", "password = ***\nx = 1"),
            ("password_env = 'hunter-2'\npassword_env = 'NAME'", "password_env = ***\npassword_env = 'NAME'"),
            ("password_command = 'hunter2'\n", "password_command = ***\n"),
            ("proxy = 'u:hunter2@h:1'\nx = 1", "proxy = ***\nx = 1"),
            ("proxy = 'http://u:hunter2@h:1'", "proxy = ***"),
            ("proxy = 'http://u:hunter2h:1'", "proxy = ***"),
            ("password: hunter2\nuser: u", "password: ***\nuser: u"),
            ("user = 'u:hunter2'", "user = ***"),
            ("frontends = ['u:hunter2@h:1']", "frontends = ***"),
            ("password_env = 'hunter2'", "password_env = ***"),
            ("HTTPS_PROXY=u:hun@ter2@h:1", "HTTPS_PROXY=***"),
            ("['http://root:hunter2@h:1', 'http://h:2']", "['http://***@h:1', 'http://h:2']"),
            ("['http://root:hun@ter/2@h:1']", "['http://***@h:1']"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        for text in [
            "password_command = ['pass', 'x']",
            "proxy = 'http://h:1'",
            "proxy = '[fe80::1]:1/'",
            "password_file = '/run/x'",
            "password_env = 'SHOP'",
            "path = 'a@b'",
            "= 3",
            "é= 'x'",
            "x = 'http://h'",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
