//! Pages: how many the file has, how many of them are free, and how freed ones go back to the file system.

use std::time::Instant;

use rusqlite::Connection;

use super::is_over;
use super::pace::{Courtesy, Pace};
use crate::failure::Failure;
use crate::store::Store;

/// Of the file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub file: i64,
    /// In it, for rows to come.
    pub free: i64,
}

impl Space {
    pub fn used(&self) -> i64 {
        self.file - self.free
    }

    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let [page_size, pages, free] = ["page_size", "page_count", "freelist_count"]
            .map(|name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)));
        let page_size = page_size?;
        Ok(Self { file: pages? * page_size, free: free? * page_size })
    }
}

/// The bytes a row takes in a table, its share of half-full pages included: of the table's first pages, because all of them
/// would be the whole file.
pub(super) fn bytes_a_row(connection: &Connection, table: &str) -> rusqlite::Result<f64> {
    connection.query_row(
        "SELECT coalesce(sum(pgsize) * 1.0 / max(sum(ncell), 1), 0.0)
         FROM (SELECT pgsize, ncell FROM dbstat WHERE name = ?1 LIMIT 512)",
        [table],
        |row| row.get(0),
    )
}

impl Store {
    pub fn space(&self) -> Result<Space, Failure> {
        Space::of(&self.connection).map_err(|error| self.explain(&error))
    }

    /// Gives free pages back to the file system, but for those that the next days will need anyway: a quarter of what is
    /// used, less when the file has to fit into `max_size`. Returning a page moves another one, which is dear.
    pub fn give_back(&mut self, max_size: Option<i64>, until: Option<Instant>) -> Result<(), Failure> {
        let give_back = || -> rusqlite::Result<()> {
            let page_size: i64 = self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let (mut pace, mut courtesy) = (Pace::new(64, 4096), Courtesy::new());
            loop {
                let space = Space::of(&self.connection)?;
                let room = max_size.map_or(i64::MAX, |most| (most - space.used()).max(0));
                let surplus = (space.free - (space.used() / 4).min(room)).max(0);
                let surplus = (surplus + page_size - 1) / page_size.max(1);
                if surplus == 0 || is_over(until) {
                    return Ok(());
                }
                let pages = surplus.min(i64::from(pace.amount()));
                let started = Instant::now();
                // It does a part of its work with each step.
                let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                pace.took(started.elapsed());
                drop(rows);
                courtesy.let_others_in();
                if Space::of(&self.connection)?.free >= space.free {
                    // A file that somebody made over without this ability.
                    return Ok(());
                }
            }
        };
        give_back().map_err(|error| self.explain(&error))?;
        self.checkpoint()
    }

    /// Moves the log into the file as far as nobody reads it, and empties it when nobody does.
    fn checkpoint(&mut self) -> Result<(), Failure> {
        let checkpoint = || -> rusqlite::Result<()> {
            let run = |text: &str| self.connection.query_row(text, [], |_| Ok(()));
            run("PRAGMA wal_checkpoint(PASSIVE)")?;
            // This one keeps writers out while it waits for readers: it may not wait.
            self.connection.busy_timeout(std::time::Duration::ZERO)?;
            let emptied = run("PRAGMA wal_checkpoint(TRUNCATE)");
            self.connection.busy_timeout(super::super::PATIENCE)?;
            match emptied {
                Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(()),
                other => other,
            }
        };
        checkpoint().map_err(|error| self.explain(&error))
    }

    /// Writes the whole file anew, without free pages. Nobody else may write meanwhile; readers may read.
    pub fn vacuum(&mut self) -> Result<(), Failure> {
        self.connection.execute_batch("VACUUM").map_err(|error| self.explain(&error))?;
        self.checkpoint()
    }
}
