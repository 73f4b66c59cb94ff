-- One row: where the log ends. Whoever writes holds its lock, so that positions have no gaps and stand in the order of
-- the commits. timeline: the server's, which rises at every failover.
CREATE TABLE countersign.head (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position  bigint NOT NULL,
  latest_us bigint,
  timeline  bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO countersign.head (position, timeline) VALUES (0, 0);

-- Every file of every policy that ever decided, once: as it was read, by its SHA-256.
CREATE TABLE countersign.policy_files (
  hash    text PRIMARY KEY,
  content bytea NOT NULL
);

-- Every policy that ever decided. Its manifest is what sha256sum prints for its files; its hash is the manifest's.
CREATE TABLE countersign.policies (
  hash     text PRIMARY KEY,
  manifest text NOT NULL
);

-- Every answer, in the order in which it was given; never changed. The first row of a key is the answer that stands;
-- further ones are for the same id with other content. body is the answer as JSON; what stands beside it is for people
-- and for indexes. In texts that came from outside a backslash is written twice and NUL as \0: text here holds no NUL.
-- policy_hash is no foreign key: each decision would lock the policy's one row.
CREATE TABLE countersign.decisions (
  position    bigint PRIMARY KEY,
  id          text NOT NULL UNIQUE,
  tenant      text NOT NULL,
  request_id  text NOT NULL,
  key         bytea NOT NULL,
  digest      bytea NOT NULL,
  kind        text NOT NULL,
  decided_us  bigint NOT NULL,
  policy_hash text NOT NULL,
  stage       text,
  verdict     text NOT NULL,
  action      text NOT NULL,
  reason_code text NOT NULL,
  reason      text NOT NULL,
  body        text NOT NULL,
  UNIQUE (tenant, request_id, key, digest)
);

-- What each decision was asked and what it read of the ledger. Apart, because this may be pruned.
CREATE TABLE countersign.payloads (
  position bigint PRIMARY KEY,
  tenant   text NOT NULL,
  payload  bytea NOT NULL,
  evidence text NOT NULL
);

-- What each transaction holds against the limits, each time that it changed: of a key, the row of the highest position
-- counts. Nothing is updated, so that there is nothing to vacuum, and whoever follows the log finds what was before.
-- latest_us: the latest time at which it counts for anybody.
CREATE TABLE countersign.charges (
  position  bigint PRIMARY KEY,
  tenant    text NOT NULL,
  tx_id     text NOT NULL,
  suffix    text NOT NULL,
  latest_us bigint NOT NULL,
  body      text NOT NULL,
  UNIQUE (tenant, tx_id, suffix, position)
);

CREATE INDEX charges_by_time ON countersign.charges (latest_us);

-- For people: the decisions, newest last.
CREATE VIEW countersign.decision_lines AS
SELECT to_timestamp(decided_us / 1000000.0) AS decided,
       tenant, kind, request_id, stage, verdict, action, reason_code, reason, id, policy_hash
  FROM countersign.decisions ORDER BY position;

-- For people: the charges, one line for each destination. Amounts are base units, values micro-dollars. A NUL, which
-- JSON of the server's own cannot hold, is shown as U+FFFD.
CREATE VIEW countersign.charge_lines AS
SELECT to_timestamp((c.json ->> 'at')::numeric / 1000000) AS charged,
       c.tenant, c.tx_id, c.suffix,
       c.json -> 'intent' ->> 'operation' AS operation,
       c.json -> 'intent' ->> 'asset' AS asset,
       c.json -> 'intent' -> 'source' ->> 'kind' AS source_type,
       c.json -> 'intent' -> 'source' ->> 'id' AS source_id,
       d -> 'account' ->> 'kind' AS destination_type,
       d -> 'account' ->> 'id' AS destination_id,
       d ->> 'address' AS address,
       d ->> 'tag' AS tag,
       (d ->> 'amount')::numeric AS amount,
       (d ->> 'usd')::numeric AS usd_micros
  FROM (SELECT *, replace(body, '\u0000', '\ufffd')::json AS json FROM countersign.charges c
         WHERE NOT EXISTS (SELECT 1 FROM countersign.charges n
                            WHERE (n.tenant, n.tx_id, n.suffix) = (c.tenant, c.tx_id, c.suffix)
                              AND n.position > c.position)) AS c
  LEFT JOIN LATERAL json_array_elements(c.json -> 'intent' -> 'destinations') AS d ON true
 ORDER BY c.latest_us, c.position;
