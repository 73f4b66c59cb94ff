//! Indexes, constraints and triggers that deciders rely on. No statement fails for want of one: it is slow then, or writes
//! what must not be there.

use tokio_postgres::{Client, Error, Row};

use super::connection::Trouble;

/// What an index is to its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Primary,
    Unique,
    Plain,
}

/// Every index that the steps of the schema make: its table, its columns. Partitions follow their table.
const INDEXES: [(&str, &str, Kind); 13] = [
    ("head", "only_row", Kind::Primary),
    ("decisions", "position", Kind::Primary),
    ("decisions", "id", Kind::Unique),
    ("decisions", "tenant, request_id, key, digest", Kind::Unique),
    ("charges", "position", Kind::Primary),
    ("charges", "tenant, tx_id, suffix, position", Kind::Unique),
    ("charges", "latest_us", Kind::Plain),
    ("payloads_by_month", "position, decided_us", Kind::Primary),
    ("payloads", "position", Kind::Primary),
    ("policies", "hash", Kind::Primary),
    ("policy_files", "hash", Kind::Primary),
    ("prunings", "before_us, pruned_us", Kind::Plain),
    ("releases", "number", Kind::Primary),
];

/// Every trigger: its name, which is that of its function too; its table; when it acts.
const TRIGGERS: [(&str, &str, &str); 2] = [
    ("refuse_while_frozen", "decisions", "BEFORE INSERT ON countersign.decisions FOR EACH STATEMENT"),
    ("freeze_what_was_loaded", "head", "BEFORE UPDATE ON countersign.head FOR EACH ROW"),
];

/// Those that no index stands for, whatever it is called, each with one that would if it were valid.
const LACKING_INDEXES: &str = "
    SELECT w.place, f.broken
      FROM unnest($1::text[], $2::text[], $3::boolean[]) WITH ORDINALITY AS w (name, columns, is_unique, place)
     CROSS JOIN LATERAL (
           SELECT coalesce(bool_or(i.indisvalid AND i.indisready), false) AS stands,
                  min(i.indexrelid::regclass::text) AS broken
             FROM pg_index i
            WHERE i.indrelid = to_regclass('countersign.' || w.name) AND (i.indisunique OR NOT w.is_unique)
              AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
              AND w.columns = (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
                                 FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                                WHERE k.place <= i.indnkeyatts)) AS f
     WHERE NOT f.stands ORDER BY w.place";

/// Those that do not act, and whether they are there.
const LACKING_TRIGGERS: &str = "
    SELECT w.place, t.tgname IS NOT NULL
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (name, acts_on, place)
      LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass('countersign.' || w.acts_on) AND t.tgname = w.name
     WHERE t.tgenabled IS NULL OR t.tgenabled NOT IN ('O', 'A') ORDER BY w.place";

/// Whether all of them are there.
///
/// # Errors
/// Each that is not, and what to do about it.
pub async fn check(client: &Client) -> Result<(), Trouble> {
    match lacking(client).await?.as_slice() {
        [] => Ok(()),
        lacking => Err(Trouble(format!(
            "the ledger lacks what keeps it right and fast: {}. Then run `decider store verify`",
            lacking.join("; ")
        ))),
    }
}

/// Each that is not there, with the statement that brings it back.
pub async fn lacking(client: &Client) -> Result<Vec<String>, Error> {
    let (tables, columns) = (INDEXES.map(|(table, ..)| table), INDEXES.map(|(_, columns, _)| columns));
    let are_unique = INDEXES.map(|(.., kind)| kind != Kind::Plain);
    let (triggers, acts_on) = (TRIGGERS.map(|(name, ..)| name), TRIGGERS.map(|(_, table, _)| table));
    let indexes = client
        .query(LACKING_INDEXES, &[&tables.as_slice(), &columns.as_slice(), &are_unique.as_slice()])
        .await?;
    let triggers = client.query(LACKING_TRIGGERS, &[&triggers.as_slice(), &acts_on.as_slice()]).await?;
    let told = indexes.iter().map(index).chain(triggers.iter().map(trigger));
    told.filter_map(Result::transpose).collect()
}

/// Where a row says that one of these stands, from 1.
fn named<T: Copy>(row: &Row, all: &[T]) -> Result<Option<T>, Error> {
    let place = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
    Ok(all.get(place.saturating_sub(1)).copied())
}

fn index(row: &Row) -> Result<Option<String>, Error> {
    let broken: Option<String> = row.try_get(1)?;
    Ok(named(row, &INDEXES)?.map(|wanted| told(wanted, broken)))
}

fn told((table, columns, kind): (&str, &str, Kind), broken: Option<String>) -> String {
    if let Some(index) = broken {
        return format!("the index {index} is not valid: run `REINDEX INDEX {index}`");
    }
    let (unique, made) = match kind {
        Kind::Primary => ("unique ", format!("ALTER TABLE countersign.{table} ADD PRIMARY KEY ({columns})")),
        Kind::Unique => ("unique ", format!("ALTER TABLE countersign.{table} ADD UNIQUE ({columns})")),
        Kind::Plain => ("", format!("CREATE INDEX ON countersign.{table} ({columns})")),
    };
    format!("there is no {unique}index on countersign.{table} ({columns}): run `{made}`")
}

fn trigger(row: &Row) -> Result<Option<String>, Error> {
    let is_there: bool = row.try_get(1)?;
    Ok(named(row, &TRIGGERS)?.map(|(name, table, acts)| match is_there {
        true => format!(
            "the trigger {name} is off: run `ALTER TABLE countersign.{table} ENABLE TRIGGER {name}`"
        ),
        false => format!(
            "there is no trigger {name}: run `CREATE TRIGGER {name} {acts} EXECUTE FUNCTION countersign.{name}()`"
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::fixture::Backend;

    /// One that a later step adds is looked for, too.
    #[test]
    fn every_index_and_trigger_of_the_schema_is_looked_for() {
        let Backend::Postgres(place) = Backend::postgres() else { panic!("another backend") };
        let made = place.texts(
            "SELECT substring(indexdef FROM 'countersign[.](.*)') FROM pg_indexes
              WHERE schemaname = 'countersign' AND tablename !~ '^payloads_(other|2.*)$'",
        );
        let mut known = INDEXES.map(|(table, columns, _)| format!("{table} USING btree ({columns})"));
        known.sort();
        let mut made: Vec<_> = made.iter().map(|made| made.replace("ONLY ", "").replace('"', "")).collect();
        made.sort();
        assert_eq!(made, known);
        let triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0";
        assert_eq!(place.texts(triggers).len(), TRIGGERS.len());
    }
}
