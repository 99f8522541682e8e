//! Endpoints that no record of a fetch speaks of any more: nodes come and go, and so do their addresses.

use std::collections::HashSet;
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior, params};

use super::is_over;

/// Fetches that are looked at between two looks at the clock.
const AT_ONCE: usize = 10_000;

/// The records have no index by endpoint, which millions of them would pay for. Nearly every endpoint is among the newest, so the
/// look through them, newest first, mostly ends at once; only for one that is gone does it go on to the oldest, and then it goes.
/// Nothing happens where that is cut off by `until`.
pub(super) fn forget(connection: &mut Connection, until: Option<Instant>) -> rusqlite::Result<()> {
    let newest: Option<i64> = connection.query_row("SELECT max(id) FROM runs", [], |row| row.get(0))?;
    let mut unheard: HashSet<i64> =
        connection.prepare("SELECT id FROM endpoints")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for records in [
        "SELECT json_extract(value, '$[0]') FROM good_fetches CROSS JOIN json_each(packed) ORDER BY run_id DESC",
        "SELECT endpoint_id FROM failed_fetches ORDER BY run_id DESC",
    ] {
        let mut spoken_of = connection.prepare(records)?;
        let mut rows = spoken_of.query([])?;
        let mut looked_at: usize = 0;
        while !unheard.is_empty()
            && let Some(row) = rows.next()?
        {
            unheard.remove(&row.get(0)?);
            looked_at += 1;
            if looked_at.is_multiple_of(AT_ONCE) && is_over(until) {
                return Ok(());
            }
        }
    }
    if unheard.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // A collection may have asked it again meanwhile.
    let mut delete = transaction.prepare(
        "DELETE FROM endpoints WHERE id = ?1
         AND NOT EXISTS (SELECT 1 FROM failed_fetches WHERE run_id > ?2 AND endpoint_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM good_fetches CROSS JOIN json_each(packed)
                         WHERE run_id > ?2 AND json_extract(value, '$[0]') = ?1)",
    )?;
    for id in unheard {
        delete.execute(params![id, newest.unwrap_or(0)])?;
    }
    drop(delete);
    transaction.commit()
}
