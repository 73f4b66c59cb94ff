//! The statements: one for each thing that is read or written, for a whole batch at once, prepared once.

use tokio_postgres::{Client, Statement};

use super::connection::Trouble;
use super::durability;

/// The server's default for the isolation is never relied on.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
pub const COMMIT: &str = "COMMIT";
pub const ROLLBACK: &str = "ROLLBACK";

/// Whether the log has a head.
pub const HAS_HEAD: &str = "SELECT EXISTS (SELECT 1 FROM countersign.head)";

const LOCK: &str = "SELECT 1 FROM countersign.head FOR UPDATE";

/// Whether a commit waits for a standby, and who has a lock on the head without waiting for one: the longest there.
pub const HOLDER: &str = "
    SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'),
           (SELECT CASE WHEN l.pid IS NULL THEN 'a prepared transaction, see pg_prepared_xacts'
                        ELSE format('process %s (%s), in a transaction since %s', l.pid, a.application_name,
                                    coalesce(a.xact_start::text, 'a time that only a monitor may read')) END
              FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'relation' AND l.relation = 'countersign.head'::regclass
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND l.granted AND l.mode <> 'AccessShareLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
               AND NOT EXISTS (SELECT 1 FROM pg_locks w WHERE w.pid = l.pid AND NOT w.granted)
             ORDER BY a.xact_start LIMIT 1)";

/// The server's clock, in microseconds since 1970.
pub const CLOCK_MICROS: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// Apart from the lock: what stands beside `FOR UPDATE` may be worked out before the lock is there, the clock among it.
fn head() -> String {
    format!(
        "SELECT h.position, h.latest_us, {CLOCK_MICROS}, {FROZEN},
                (SELECT d.id FROM countersign.decisions d WHERE d.position = h.position),
                (SELECT coalesce(max(number), 0) FROM countersign.releases), {}
           FROM countersign.head h",
        durability::COLUMNS
    )
}

/// The server, the database and the table that this is. A standby that takes over is the same, a restored dump is not.
pub const ORIGIN: &str = "(SELECT system_identifier FROM pg_control_system()) || '/' || \
    (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || 'countersign.head'::regclass::oid";

/// Why nothing may be decided, as the row of the head says. Its trigger says so itself at the next write.
const FROZEN: &str = "coalesce(frozen, CASE WHEN xmin IS DISTINCT FROM written::xid
    THEN 'the ledger was restored from a dump: its tables were loaded anew' END)";

const ELSEWHERE: &str = "the ledger was restored from a dump: it is in another place than it was";

/// Why nothing may be decided over the ledger of `countersign.head`, also where no decider has looked at its origin yet.
pub fn frozen() -> String {
    format!("coalesce({FROZEN}, CASE WHEN origin <> {ORIGIN} THEN '{ELSEWHERE}' END)")
}

/// The last decision that was seen, `$2` at `$1`, is not there, and nothing was stated since the release `$3`: somebody who
/// was away while an operator stated what was lost knows nothing that would end that.
const IS_FORGOTTEN: &str = "(NOT EXISTS (SELECT 1 FROM countersign.releases WHERE number > $3::bigint) AND
     (position < $1::bigint OR $2::text IS NOT NULL AND
      $2 IS DISTINCT FROM (SELECT d.id FROM countersign.decisions d WHERE d.position = $1)))";

/// What is restored, and what has another log than one that was seen. Once it is frozen it stays so.
pub fn look_at_origin() -> String {
    format!(
        "UPDATE countersign.head
            SET origin = coalesce(origin, {ORIGIN}),
                frozen = coalesce(frozen,
                  CASE WHEN origin <> {ORIGIN} THEN '{ELSEWHERE}'
                       WHEN NOT {IS_FORGOTTEN} THEN NULL
                       WHEN position < $1 THEN 'the log ends at position ' || position || ', and a decider has seen ' || $1::bigint
                       ELSE 'position ' || $1::bigint || ' of the log holds another decision than a decider has seen there'
                  END)
          WHERE origin IS NULL OR (frozen IS NULL AND (origin <> {ORIGIN} OR {IS_FORGOTTEN}))"
    )
}

const TOUCH: &str = "UPDATE countersign.head SET timeline = $1 WHERE timeline <= $1 RETURNING position";

const MOVE_HEAD: &str = "UPDATE countersign.head SET position = $1, latest_us = $2";

/// Each charge with what it was before.
const FOLLOW: &str = "
    SELECT c.position, c.body,
           (SELECT b.body FROM countersign.charges b
             WHERE b.tenant = c.tenant AND b.tx_id = c.tx_id AND b.suffix = c.suffix AND b.position < c.position
             ORDER BY b.position DESC LIMIT 1)
      FROM countersign.charges c WHERE c.position > $1 ORDER BY c.position LIMIT $2";

/// One row for each that is asked about, in order: whether anything is on record, and what is for this very content. An
/// EXISTS in its place is answered from a hash table of the whole index, made anew for each batch.
const RECORDED: &str = "
    SELECT o.known IS NOT NULL, d.position, d.body
      FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[])
           WITH ORDINALITY AS a (tenant, request_id, key, digest, place)
      LEFT JOIN LATERAL (SELECT true AS known FROM countersign.decisions
                          WHERE tenant = a.tenant AND request_id = a.request_id AND key = a.key LIMIT 1) o ON true
      LEFT JOIN countersign.decisions d
        ON d.tenant = a.tenant AND d.request_id = a.request_id AND d.key = a.key AND d.digest = a.digest
     ORDER BY a.place";

/// One row for each that is asked about, in order.
pub const CHARGES: &str = "
    SELECT c.body
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS a (tenant, tx_id, suffix, place)
      LEFT JOIN LATERAL (SELECT body FROM countersign.charges
                          WHERE tenant = a.tenant AND tx_id = a.tx_id AND suffix = a.suffix
                          ORDER BY position DESC LIMIT 1) c ON true
     ORDER BY a.place";

/// All of one moment together.
const CHARGES_SINCE: &str = "
    SELECT c.body, c.latest_us, pg_backend_pid() FROM countersign.charges c
     WHERE c.latest_us >= $1
       AND NOT EXISTS (SELECT 1 FROM countersign.charges n
                        WHERE n.tenant = c.tenant AND n.tx_id = c.tx_id AND n.suffix = c.suffix
                          AND n.position > c.position)
     ORDER BY c.latest_us FETCH FIRST $2 ROWS WITH TIES";

pub const WRITE_DECISIONS: &str = "
    INSERT INTO countersign.decisions (position, id, tenant, request_id, key, digest, kind, decided_us, policy_hash,
                                       stage, verdict, action, reason_code, reason, body)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[],
                         $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                         $15::text[])";

pub const WRITE_PAYLOADS: &str = "
    INSERT INTO countersign.payloads_by_month (position, decided_us, tenant, payload, evidence)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::text[])
               AS p (position, decided_us, tenant, payload, evidence)
     WHERE p.payload IS NOT NULL";

pub const WRITE_CHARGES: &str = "
    INSERT INTO countersign.charges (position, tenant, tx_id, suffix, latest_us, body)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])";

/// Payload and evidence of a decision `d`; when such were pruned, and the charge that it changed.
pub const ORIGIN_COLUMNS: &str = "coalesce(m.payload, p.payload), coalesce(m.evidence, p.evidence),
           (SELECT g.pruned_us FROM countersign.prunings g WHERE g.before_us > d.decided_us
             ORDER BY g.before_us, g.pruned_us LIMIT 1), c.tenant, c.tx_id, c.suffix";

/// Where those come from, beside `countersign.payloads_by_month m`. Deciders older than schema 3 write to `payloads`.
pub const ORIGIN_TABLES: &str = "
           LEFT JOIN countersign.payloads p ON p.position = d.position
           LEFT JOIN countersign.charges c ON c.position = d.position";

/// The newest of a tenant that has this `id` or `request_id`. It is not to be looked for from the end of the log on, which
/// may be the order of `d.position` itself to the server.
fn find(column: &str) -> String {
    format!(
        "SELECT d.position, d.id, d.body, d.kind, {ORIGIN_COLUMNS} FROM countersign.decisions d
           LEFT JOIN countersign.payloads_by_month m ON m.position = d.position AND m.decided_us = d.decided_us
           {ORIGIN_TABLES}
          WHERE d.tenant = $1 AND d.{column} = $2 ORDER BY d.position + 0 DESC LIMIT 1"
    )
}

/// Of a connection.
pub struct Statements {
    pub lock: Statement,
    pub head: Statement,
    pub settings: Statement,
    pub touch: Statement,
    pub move_head: Statement,
    pub follow: Statement,
    pub recorded: Statement,
    pub charges: Statement,
    pub charges_since: Statement,
    pub write_decisions: Statement,
    pub write_payloads: Statement,
    pub write_charges: Statement,
    pub find_by_id: Statement,
    pub find_by_request: Statement,
}

impl Statements {
    /// Prepares all of them.
    ///
    /// # Errors
    /// The server does not take one.
    pub async fn prepare(client: &Client) -> Result<Self, Trouble> {
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            head: client.prepare(&head()).await?,
            settings: client.prepare(&durability::select()).await?,
            touch: client.prepare(TOUCH).await?,
            move_head: client.prepare(&whole(MOVE_HEAD, "1")).await?,
            follow: client.prepare(FOLLOW).await?,
            recorded: client.prepare(RECORDED).await?,
            charges: client.prepare(CHARGES).await?,
            charges_since: client.prepare(CHARGES_SINCE).await?,
            write_decisions: client.prepare(&whole(WRITE_DECISIONS, POSITIONS)).await?,
            write_payloads: client.prepare(&whole(WRITE_PAYLOADS, POSITIONS)).await?,
            write_charges: client.prepare(&whole(WRITE_CHARGES, POSITIONS)).await?,
            find_by_id: client.prepare(&find("id")).await?,
            find_by_request: client.prepare(&find("request_id")).await?,
        })
    }
}

/// How many rows the first parameter of what is written stands for.
const POSITIONS: &str = "cardinality($1::bigint[])";

/// A trigger or a rule that somebody has put there may take rows away: such a statement fails, and the commit behind it is a
/// rollback.
fn whole(write: &str, rows: &str) -> String {
    format!("WITH written AS ({write} RETURNING 1) SELECT 1 / (count(*) = {rows})::integer FROM written")
}

/// Every statement that must read by index, with values for its parameters.
#[cfg(test)]
pub fn that_read() -> [(&'static str, String, &'static str); 6] {
    [
        ("follow", FOLLOW.to_owned(), "1, 1000"),
        ("recorded", RECORDED.to_owned(), "ARRAY['a'], ARRAY['b'], ARRAY['c'::bytea], ARRAY['d'::bytea]"),
        ("charges", CHARGES.to_owned(), "ARRAY['a'], ARRAY['b'], ARRAY['c']"),
        ("charges since", CHARGES_SINCE.to_owned(), "1, 256"),
        ("find by id", find("id"), "'a', 'b'"),
        ("find by request", find("request_id"), "'a', 'b'"),
    ]
}
