//! The keys of `--watch`, out of the bytes that a terminal sends for them.

use std::time::Duration;

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Quit,
    Pause,
    Refresh,
    /// Draw again what is there: somebody else wrote on the screen.
    Redraw,
    Longer,
    Shorter,
    Period(Duration),
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// The periods that have keys.
pub const PERIODS: [Duration; 3] = [Duration::from_secs(15), Duration::from_secs(30), Duration::from_secs(60)];

const ESCAPE: u8 = 0x1b;

/// Takes the first key out of `bytes`. `Err` when more bytes may belong to it: unless `all`, an escape may be the
/// beginning of an arrow. A key without a meaning is `None`.
pub fn take(bytes: &mut Vec<u8>, all: bool) -> Result<Option<Key>, Incomplete> {
    let (key, length) = match bytes.as_slice() {
        [] => return Err(Incomplete),
        [ESCAPE] if all => (Some(Key::Quit), 1),
        [ESCAPE] => return Err(Incomplete),
        [ESCAPE, b'[' | b'O', rest @ ..] => match rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) {
            Some(last) => (rest.get(..=last).and_then(of_sequence), last + 3),
            None if all || rest.len() > 32 => (None, bytes.len()),
            None => return Err(Incomplete),
        },
        // Escape twice is impatience; Alt and a letter is no key of ours.
        [ESCAPE, ESCAPE, ..] => (Some(Key::Quit), 2),
        [ESCAPE, _, ..] => (None, 2),
        [byte, ..] => (of_byte(*byte), 1),
    };
    bytes.drain(..length.min(bytes.len()));
    Ok(key)
}

/// More bytes are needed.
#[derive(Debug, PartialEq, Eq)]
pub struct Incomplete;

fn of_byte(byte: u8) -> Option<Key> {
    let key = match byte {
        // Ctrl-C where the terminal makes no signal of it.
        b'q' | b'Q' | 0x03 => Key::Quit,
        b' ' | b'p' | b'P' => Key::Pause,
        b'r' | b'R' => Key::Refresh,
        // Ctrl-L.
        0x0c => Key::Redraw,
        b'+' | b'=' => Key::Longer,
        b'-' | b'_' => Key::Shorter,
        b'1'..=b'3' => Key::Period(*PERIODS.get(usize::from(byte - b'1'))?),
        b'k' => Key::Up,
        b'j' => Key::Down,
        b'g' => Key::Top,
        b'G' => Key::Bottom,
        _ => return None,
    };
    Some(key)
}

/// What follows `ESC [` or `ESC O`.
fn of_sequence(sequence: &[u8]) -> Option<Key> {
    let key = match sequence {
        b"A" => Key::Up,
        b"B" => Key::Down,
        b"H" | b"1~" | b"7~" => Key::Top,
        b"F" | b"4~" | b"8~" => Key::Bottom,
        b"5~" => Key::PageUp,
        b"6~" => Key::PageDown,
        _ => return None,
    };
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Option<Key>> {
        let mut bytes = bytes.to_vec();
        std::iter::from_fn(|| take(&mut bytes, true).ok()).collect()
    }

    #[test]
    fn letters_arrows_and_pages_are_keys() {
        use Key::{Bottom, Down, Longer, PageDown, PageUp, Pause, Period, Quit, Refresh, Shorter, Top, Up};
        assert_eq!(all(b"q r+-2jk"), [Quit, Pause, Refresh, Longer, Shorter, Period(PERIODS[1]), Down, Up].map(Some));
        assert_eq!(all(b"\x1b[A\x1bOB\x1b[5~\x1b[6~"), [Up, Down, PageUp, PageDown].map(Some));
        assert_eq!(all(b"\x1b[H\x1b[F\x1b[1~\x1bOF"), [Top, Bottom, Top, Bottom].map(Some));
    }

    #[test]
    fn what_is_no_key_is_passed_over_whole() {
        // Ctrl and an arrow, F5, Alt-x, a Chinese letter, a click of a mouse that was cut off.
        for bytes in [&b"\x1b[1;5Aq"[..], b"\x1b[15~q", b"\x1bxq", "京q".as_bytes()] {
            assert_eq!(all(bytes).into_iter().flatten().collect::<Vec<_>>(), [Key::Quit], "{bytes:?}");
        }
        assert_eq!(all(b"\x1b[<0;1"), [None]);
    }

    #[test]
    fn an_escape_alone_is_a_key_once_nothing_follows() {
        let mut bytes = vec![ESCAPE];
        assert_eq!(take(&mut bytes, false), Err(Incomplete));
        bytes.extend(b"[");
        assert_eq!(take(&mut bytes, false), Err(Incomplete));
        bytes.extend(b"A");
        assert_eq!(take(&mut bytes, false), Ok(Some(Key::Up)));
        assert_eq!(take(&mut bytes, false), Err(Incomplete));
        assert_eq!(take(&mut vec![ESCAPE], true), Ok(Some(Key::Quit)));
        assert_eq!(take(&mut vec![ESCAPE, ESCAPE], false), Ok(Some(Key::Quit)));
    }
}
