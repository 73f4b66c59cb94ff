-- What each decision was asked and what it read of the ledger, until retention lets it go. Apart, so that what goes frees
-- whole pages, which are used again.
CREATE TABLE payloads (
  seq      INTEGER NOT NULL PRIMARY KEY REFERENCES decisions (seq),
  payload  BLOB NOT NULL,
  evidence TEXT NOT NULL
) STRICT;

INSERT INTO payloads SELECT seq, payload, evidence FROM decisions;
ALTER TABLE decisions DROP COLUMN payload;
ALTER TABLE decisions DROP COLUMN evidence;

-- When that was let go, and the keys of the charges that the decision had looked at, as JSON.
CREATE TABLE pruned (
  seq       INTEGER NOT NULL PRIMARY KEY REFERENCES decisions (seq),
  pruned_us INTEGER NOT NULL,
  charges   TEXT NOT NULL
) STRICT;
