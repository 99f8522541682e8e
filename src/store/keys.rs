//! The subjects that an owner has rows of.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::columns::quoted;

/// The keys of all subjects of an owner, in their order: stepped to one by one in the index, because the rows of each are
/// thousands. `columns` are those of the key between the owner and the time, which is the column `time`.
pub fn of_owner(
    connection: &Connection,
    table: &str,
    (owner, id): (&str, i64),
    columns: &[&str],
    time: &str,
) -> rusqlite::Result<Vec<Vec<String>>> {
    if columns.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let list = columns.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ");
    let places = (2..).take(columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let text = |after: &str| format!("SELECT {list} FROM {table} WHERE {owner} = ?1{after} ORDER BY {list} LIMIT 1");
    // A blob comes after all times. Without a time SQLite begins at the key and passes over all of its rows: it takes a
    // comparison of rows as "from there on" and leaves out afterwards what is equal.
    let (first, next) = (text(""), text(&format!(" AND ({list}, {time}) > ({places}, x'ff')")));
    let key = |row: &Row| (0..columns.len()).map(|index| row.get(index)).collect::<rusqlite::Result<Vec<String>>>();
    let mut found: Vec<Vec<String>> = Vec::new();
    loop {
        let sql = if found.is_empty() { &first } else { &next };
        let last = found.last().into_iter().flatten().cloned().map(Value::from);
        let values = params_from_iter([id.into()].into_iter().chain(last));
        match connection.prepare_cached(sql)?.query_row(values, key).optional()? {
            Some(key) => found.push(key),
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_once_whatever_its_times_are() {
        let connection = Connection::open_in_memory().expect("a database");
        for (kind, times) in [("INTEGER", "(1), (9223372036854775807)"), ("TEXT", "('2026-11-22'), ('zzz')")] {
            let table = format!(
                "CREATE TABLE rows (owner INTEGER, a TEXT, b TEXT, time {kind}, PRIMARY KEY (owner, a, b, time)) STRICT, WITHOUT ROWID;
                 WITH keys (owner, a, b) AS (VALUES (1, '', ''), (1, '', 'x'), (1, 'x', ''), (2, 'y', ''))
                 INSERT INTO rows SELECT * FROM keys, (VALUES {times});"
            );
            connection.execute_batch(&table).expect("the rows");
            let found = of_owner(&connection, "rows", ("owner", 1), &["a", "b"], "time").expect("the keys");
            assert_eq!(found, [["", ""], ["", "x"], ["x", ""]]);
            connection.execute_batch("DROP TABLE rows").expect("dropped");
        }
    }
}
