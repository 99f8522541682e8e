//! The terminal while `--watch` has it: keys without Return, no echo, a screen of its own, no cursor; given back however
//! the program ends. Signals come out of the same wait as keys.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use log::LevelFilter;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::low_level::{emulate_default_handler, pipe, unregister};

use super::keys::{self, Key};

/// Its own screen, no cursor, no line that goes on in the next row; empty.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J";
const LEAVE: &str = "\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

/// The bytes of an arrow may come one by one over a slow line; a person who presses Escape does not wait for this.
const ESCAPE_PAUSE: Duration = Duration::from_millis(80);

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Key(Key),
    /// The terminal has another size, or is ours again after a stop.
    Changed,
    /// Stop until somebody says `fg`.
    Stop,
    /// This signal ends the program.
    End(i32),
    /// There is no terminal any more.
    Gone,
    /// The time is over.
    Due,
}

/// The terminal, taken.
pub struct Terminal {
    /// Where keys come from; the terminal itself when standard input is something else.
    input: Option<Input>,
    signals: Signals,
    bytes: Vec<u8>,
    /// Until it is left.
    taken: Option<Taken>,
}

enum Input {
    Standard(io::Stdin),
    Opened(File),
}

impl Input {
    fn open() -> Option<Self> {
        if io::stdin().is_terminal() {
            return Some(Self::Standard(io::stdin()));
        }
        File::open("/dev/tty").ok().map(Self::Opened)
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Standard(stdin) => stdin.as_fd(),
            Self::Opened(file) => file.as_fd(),
        }
    }
}

/// How it was before.
struct Taken {
    modes: Option<Termios>,
    log: LevelFilter,
}

impl Terminal {
    pub fn take() -> io::Result<Self> {
        let mut terminal = Self { input: Input::open(), signals: Signals::new()?, bytes: Vec::new(), taken: None };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Takes the terminal, also again: after a stop the shell has set it as it likes.
    fn enter(&mut self) -> io::Result<()> {
        let modes = self.input.as_ref().and_then(|input| tcgetattr(input).ok());
        if let (Some(input), Some(modes)) = (&self.input, &modes) {
            let mut raw = modes.clone();
            // Ctrl-C and Ctrl-Z stay signals, so that they work while a report is made, too.
            raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            raw.input_modes.remove(InputModes::IXON);
            tcsetattr(input, OptionalActions::Now, &raw)?;
        }
        // What is logged would stand in the middle of the report. It was said before the first one.
        let log = log::max_level();
        log::set_max_level(LevelFilter::Off);
        self.taken.get_or_insert(Taken { modes, log });
        write(ENTER)
    }

    fn leave(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        // Nothing is left to be done about a terminal that is gone.
        let _ = write(LEAVE);
        if let (Some(input), Some(modes)) = (&self.input, &taken.modes) {
            let _ = tcsetattr(input, OptionalActions::Now, modes);
        }
        log::set_max_level(taken.log);
    }

    /// Stops as Ctrl-Z stops any program, and goes on when it is continued.
    pub fn stop(&mut self) -> io::Result<()> {
        self.leave();
        emulate_default_handler(SIGTSTP)?;
        self.signals.forget(SIGCONT);
        self.enter()
    }

    /// Gives the terminal back and ends by the signal, as the shell expects it.
    pub fn end_by(self, signal: i32) -> io::Result<()> {
        drop(self);
        emulate_default_handler(signal)
    }

    /// Waits for a key or a signal until `due`; without it as long as it takes.
    pub fn wait(&mut self, due: Option<Instant>) -> io::Result<Event> {
        loop {
            if let Some(event) = self.signalled()? {
                return Ok(event);
            }
            // A key that is half there is whole after a moment, or will never be.
            match keys::take(&mut self.bytes, false) {
                Ok(Some(key)) => return Ok(Event::Key(key)),
                Ok(None) => continue,
                Err(keys::Incomplete) => {}
            }
            let patience = Instant::now() + ESCAPE_PAUSE;
            let until = if self.bytes.is_empty() { due } else { Some(patience) };
            match self.more(until)? {
                More::Some => {}
                More::Gone => return Ok(Event::Gone),
                More::None if self.bytes.is_empty() => return Ok(Event::Due),
                More::None => {
                    if let Ok(Some(key)) = keys::take(&mut self.bytes, true) {
                        return Ok(Event::Key(key));
                    }
                }
            }
        }
    }

    fn signalled(&mut self) -> io::Result<Option<Event>> {
        let event = match self.signals.next() {
            None => return Ok(None),
            Some(SIGWINCH) => Event::Changed,
            Some(SIGTSTP) => Event::Stop,
            Some(SIGCONT) => {
                self.enter()?;
                Event::Changed
            }
            Some(signal) => Event::End(signal),
        };
        Ok(Some(event))
    }

    /// Waits for bytes of keys, or for a signal.
    fn more(&mut self, until: Option<Instant>) -> io::Result<More> {
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let (pressed, gone) = {
            let mut waited = vec![PollFd::new(&self.signals.woken, PollFlags::IN)];
            waited.extend(self.input.as_ref().map(|input| PollFd::new(input, PollFlags::IN)));
            match poll(&mut waited, timeout.as_ref()) {
                Ok(0) => return Ok(More::None),
                // By a signal.
                Err(Errno::INTR) => return Ok(More::Some),
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            let keys = waited.get(1).map_or(PollFlags::empty(), PollFd::revents);
            (keys.contains(PollFlags::IN), keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
        };
        self.signals.drain();
        let mut bytes = [0; 256];
        match (&self.input, pressed, gone) {
            (Some(input), true, _) => match rustix::io::read(input, &mut bytes) {
                Ok(0) => return Ok(More::Gone),
                Ok(length) => self.bytes.extend(bytes.iter().take(length)),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return Ok(More::Gone),
            },
            (_, false, true) => return Ok(More::Gone),
            _ => {}
        }
        Ok(More::Some)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

enum More {
    Some,
    None,
    Gone,
}

/// Writes to the terminal at once.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Signals that were caught and not yet acted upon.
struct Signals {
    caught: Vec<(i32, Arc<AtomicBool>)>,
    registered: Vec<SigId>,
    /// Has a byte in it after each signal, so that a wait ends.
    woken: UnixStream,
}

impl Signals {
    /// The first of several that came at once is acted upon first.
    const ALL: [i32; 7] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];

    fn new() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let mut signals = Self { caught: Vec::new(), registered: Vec::new(), woken };
        for signal in Self::ALL {
            let flag = Arc::new(AtomicBool::new(false));
            // First the flag: what is woken finds it set.
            signals.registered.push(signal_hook::flag::register(signal, Arc::clone(&flag))?);
            signals.registered.push(pipe::register(signal, waker.try_clone()?)?);
            signals.caught.push((signal, flag));
        }
        Ok(signals)
    }

    fn next(&self) -> Option<i32> {
        self.caught.iter().find(|(_, flag)| flag.swap(false, Ordering::AcqRel)).map(|(signal, _)| *signal)
    }

    fn forget(&self, signal: i32) {
        for (_, flag) in self.caught.iter().filter(|(known, _)| *known == signal) {
            flag.store(false, Ordering::Release);
        }
    }

    fn drain(&self) {
        let mut bytes = [0; 64];
        while (&self.woken).read(&mut bytes).is_ok_and(|length| length > 0) {}
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for one in self.registered.drain(..) {
            unregister(one);
        }
    }
}
