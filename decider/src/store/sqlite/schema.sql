-- Every file of every policy that ever decided, once: as it was read, by its SHA-256.
CREATE TABLE policy_files (
  hash    TEXT NOT NULL PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;

-- Every policy that ever decided. Its manifest is what sha256sum prints for its files; its hash is the manifest's.
CREATE TABLE policies (
  hash     TEXT NOT NULL PRIMARY KEY,
  manifest TEXT NOT NULL
) STRICT;

-- Every answer, in the order in which it was given; never changed. The first row of a key is the answer that
-- stands; further ones are for the same id with other content.
-- One index serves "the same request?" and "what was decided for this id?": every page that a commit touches
-- is written twice.
CREATE TABLE decisions (
  seq         INTEGER NOT NULL PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  tenant      TEXT NOT NULL,
  request_id  TEXT NOT NULL,
  key         BLOB NOT NULL,
  digest      BLOB NOT NULL,
  kind        TEXT NOT NULL,
  decided_us  INTEGER NOT NULL,
  policy_hash TEXT NOT NULL REFERENCES policies (hash),
  payload     BLOB NOT NULL,
  body        TEXT NOT NULL,
  evidence    TEXT NOT NULL,
  stage       TEXT AS (body ->> '$.stage') VIRTUAL,
  verdict     TEXT AS (body ->> '$.verdict') VIRTUAL,
  action      TEXT AS (body ->> '$.action') VIRTUAL,
  reason_code TEXT AS (body ->> '$.reason.code') VIRTUAL,
  reason      TEXT AS (body ->> '$.reason.text') VIRTUAL,
  UNIQUE (tenant, request_id, key, digest)
) STRICT;

-- What each transaction holds against the limits. latest_us: the latest time at which it counts for anybody.
CREATE TABLE charges (
  tenant    TEXT NOT NULL,
  tx_id     TEXT NOT NULL,
  suffix    TEXT NOT NULL,
  latest_us INTEGER NOT NULL,
  body      TEXT NOT NULL,
  PRIMARY KEY (tenant, tx_id, suffix)
) STRICT;

CREATE INDEX charges_by_time ON charges (latest_us);

-- For people: the decisions, newest last.
CREATE VIEW decision_lines AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', decided_us / 1000000, 'unixepoch')
         || printf('.%06dZ', decided_us % 1000000) AS decided,
       tenant, kind, request_id, stage, verdict, action, reason_code, reason, id, policy_hash
  FROM decisions ORDER BY seq;

-- For people: the charges, one line for each destination. Amounts are base units, values micro-dollars.
CREATE VIEW charge_lines AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', (c.body ->> '$.at') / 1000000, 'unixepoch')
         || printf('.%06dZ', (c.body ->> '$.at') % 1000000) AS charged,
       c.tenant, c.tx_id, c.suffix,
       c.body ->> '$.intent.operation' AS operation,
       c.body ->> '$.intent.asset' AS asset,
       c.body ->> '$.intent.source.kind' AS source_type,
       c.body ->> '$.intent.source.id' AS source_id,
       d.value ->> '$.account.kind' AS destination_type,
       d.value ->> '$.account.id' AS destination_id,
       d.value ->> '$.address' AS address,
       d.value ->> '$.tag' AS tag,
       d.value ->> '$.amount' AS amount,
       d.value ->> '$.usd' AS usd_micros
  FROM charges AS c LEFT JOIN json_each(c.body, '$.intent.destinations') AS d
 ORDER BY c.latest_us;
