//! Metric columns belong to the catalogue: those that are missing are added when the file is opened. Adding is O(1), the
//! old rows read as NULL there.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

/// Adds a REAL column for every name the table has none for.
pub fn ensure(connection: &mut Connection, table: &str, names: &[&str]) -> rusqlite::Result<()> {
    if missing(connection, table, names)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let missing = missing(&transaction, table, names)?;
    match missing.as_slice() {
        [] => {}
        [name] => log::info!("a new column of {table}: {name}"),
        names => log::info!("{} new columns of {table}", names.len()),
    }
    for name in missing {
        transaction.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {} REAL", quoted(table), quoted(name)))?;
    }
    transaction.commit()
}

fn missing<'n>(connection: &Connection, table: &str, names: &[&'n str]) -> rusqlite::Result<Vec<&'n str>> {
    let present = present(connection, table)?;
    Ok(names.iter().copied().filter(|name| !present.contains(*name)).collect())
}

/// The columns that the table has.
pub fn present(connection: &Connection, table: &str) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// An SQL identifier. Metric names are plain already; quoting keeps words of SQL usable as names.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
