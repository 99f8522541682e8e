//! A terminal that programs are run in: a pseudo-terminal of the system, whose output an emulator turns into a screen.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Terminal {
    keyboard: File,
    child: Child,
    shown: Arc<Shown>,
}

#[derive(Default)]
struct Shown {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    emulator: vt100::Parser,
    written: Vec<u8>,
    closed: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { emulator: vt100::Parser::new(cells(24), cells(80), 0), written: Vec::new(), closed: false }
    }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has rows and columns")
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// What is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Without blanks at the ends.
    pub rows: Vec<String>,
    pub alternate: bool,
    pub cursor: bool,
    /// All that was written until now, escape sequences included.
    pub written: String,
}

impl Screen {
    pub fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    pub fn last(&self) -> &str {
        self.rows.last().map_or("", String::as_str)
    }
}

impl Terminal {
    /// Runs a command on a terminal of its own of so many columns and rows; what is not set is an xterm.
    pub fn run(command: &Command, columns: u16, rows: u16) -> Self {
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&control).and_then(|()| unlockpt(&control)).expect("it can be used");
        let other = ioctl_tiocgptpeer(&control, OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("its other side");
        tcsetwinsize(&control, size(columns, rows)).expect("it takes a size");
        // Makes the terminal that of a session, so that Ctrl-C is a signal.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        session.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color");
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        session.current_dir(command.get_current_dir().expect("a folder for the test"));
        let side = || Stdio::from(other.try_clone().expect("a file more"));
        let child = session.stdin(side()).stdout(side()).stderr(side()).spawn().expect("util-linux has setsid");
        drop((session, other));
        let shown = Arc::new(Shown::default());
        let mut output = File::from(control);
        let terminal = Self { keyboard: output.try_clone().expect("a file more"), child, shown: Arc::clone(&shown) };
        terminal.emulate(columns, rows);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let length = output.read(&mut bytes).unwrap_or(0);
                let mut state = shown.state.lock().expect("nobody has panicked");
                state.emulator.process(&bytes[..length]);
                state.written.extend(&bytes[..length]);
                state.closed = length == 0;
                shown.changed.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        terminal
    }

    fn emulate(&self, columns: u16, rows: u16) {
        let mut state = self.shown.state.lock().expect("nobody has panicked");
        state.emulator.set_size(cells(rows), cells(columns));
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.emulate(columns, rows);
        tcsetwinsize(&self.keyboard, size(columns, rows)).expect("it takes a size");
    }

    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("keys can be pressed");
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The screen as soon as it is as described.
    pub fn wait(&self, what: &str, is: impl Fn(&Screen) -> bool) -> Screen {
        let started = Instant::now();
        let mut state = self.shown.state.lock().expect("nobody has panicked");
        loop {
            let screen = seen(&state);
            if is(&screen) {
                return screen;
            }
            assert!(started.elapsed() < PATIENCE && !state.closed, "{what} is never seen: {screen:#?}");
            state = self.shown.changed.wait_timeout(state, Duration::from_millis(200)).expect("no panic").0;
        }
    }

    /// Waits until it is stopped, as by Ctrl-Z.
    pub fn wait_for_stop(&self) {
        let file = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        let started = Instant::now();
        let is_stopped = || std::fs::read_to_string(&file).is_ok_and(|stat| stat.contains(") T "));
        while !is_stopped() {
            assert!(started.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether keys are echoed and come as lines, as a shell wants it.
    pub fn is_as_usual(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).expect("a terminal has modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// The exit code, or 128 + signal, and the last screen.
    pub fn ended(mut self) -> (i32, Screen) {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("it can be waited for") {
                Some(status) => break status,
                None => assert!(started.elapsed() < PATIENCE, "it does not end"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut state = self.shown.state.lock().expect("nobody has panicked");
        while !state.closed {
            assert!(started.elapsed() < PATIENCE, "somebody else has the terminal open");
            state = self.shown.changed.wait_timeout(state, Duration::from_millis(200)).expect("no panic").0;
        }
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        (code.unwrap_or(-1), seen(&state))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Of a test that failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seen(state: &State) -> Screen {
    let screen = state.emulator.screen();
    let (_, columns) = screen.size();
    Screen {
        rows: screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect(),
        alternate: screen.alternate_screen(),
        cursor: !screen.hide_cursor(),
        written: String::from_utf8_lossy(&state.written).into_owned(),
    }
}
