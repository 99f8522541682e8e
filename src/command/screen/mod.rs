//! How a text reaches a person: through a pager when it is taller than the terminal, drawn anew every period with
//! `--watch`, in ASCII for a terminal that has no other letters. What is shown is the business of the command.

mod ascii;
pub mod colour;
mod keys;
mod pager;
mod paint;
mod terminal;
mod watch;

use std::io;

use anyhow::Result;
use jiff::tz::TimeZone;

use super::{World, print};
use crate::cli::Screen;
use crate::failure::Exit;
use crate::sample::Millis;

pub use ascii::ascii;
pub use pager::paged;
pub use watch::watch;

/// What a report is made for: this moment and this much room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub now: Millis,
    /// Columns; `None` is unlimited, as on a pipe.
    pub width: Option<usize>,
    /// Lines that are seen at once.
    pub height: Option<usize>,
}

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Person,
    /// JSON, CSV and the like: neither a pager nor other letters come in between.
    Program,
}

/// Makes the text for a frame.
pub type Render<'r> = dyn FnMut(&Frame) -> Result<String> + 'r;

/// Shows what `render` makes, once or every period, as the flags want it. `zone` is that of the time in the last line.
pub fn shown(how: &Screen, reader: Reader, zone: &TimeZone, world: &World, render: &mut Render<'_>) -> Result<Exit> {
    let mut render = |frame: &Frame| {
        let text = render(frame)?;
        Ok(if how.ascii && reader == Reader::Person { ascii(&text) } else { text })
    };
    if let Some(period) = how.watch {
        return watch(period, zone, world, &mut render);
    }
    let height = size(world).map(|size| size.rows);
    let text = render(&Frame { now: world.clock()?.now(), width: world.width, height })?;
    match reader {
        Reader::Person => paged(&text, world, how.no_pager)?,
        Reader::Program => print(&text)?,
    }
    Ok(Exit::Done)
}

/// The terminal on standard output, as large as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    columns: usize,
    rows: usize,
}

/// None when standard output is no terminal, or one that does not know its size.
fn size(world: &World) -> Option<Size> {
    let found = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|_| world.stdout_is_terminal)?;
    let size = Size { columns: usize::from(found.ws_col), rows: usize::from(found.ws_row) };
    (size.columns > 0 && size.rows > 0).then_some(size)
}

/// Whether the terminal on standard output moves its cursor when it is told to.
fn is_screen(world: &World) -> bool {
    let term = (world.environment)("TERM").unwrap_or_default();
    world.stdout_is_terminal && !term.is_empty() && term != "dumb"
}
