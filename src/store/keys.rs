//! The subjects that an owner has rows of.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::columns::quoted;

/// The keys of all subjects of an owner, in their order: stepped to one by one in the index, because the rows of each are
/// thousands. `columns` are those of the key between the owner and the time.
pub fn of_owner(
    connection: &Connection,
    table: &str,
    (owner, id): (&str, i64),
    columns: &[&str],
) -> rusqlite::Result<Vec<Vec<String>>> {
    if columns.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let list = columns.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ");
    let places = (2..).take(columns.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let text = |after: &str| format!("SELECT {list} FROM {table} WHERE {owner} = ?1{after} ORDER BY {list} LIMIT 1");
    let (first, next) = (text(""), text(&format!(" AND ({list}) > ({places})")));
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
