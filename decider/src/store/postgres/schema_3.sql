-- What each decision was asked and what it read of the ledger, by the month of the decision: a month goes as a whole once
-- retention has ended for all of it. What older deciders write goes to countersign.payloads, and is pruned row by row.
CREATE TABLE countersign.payloads_by_month (
  position   bigint NOT NULL,
  decided_us bigint NOT NULL,
  tenant     text NOT NULL,
  payload    bytea NOT NULL,
  evidence   text NOT NULL,
  PRIMARY KEY (position, decided_us)
) PARTITION BY RANGE (decided_us);

-- Of months that nobody has made a partition for.
CREATE TABLE countersign.payloads_other PARTITION OF countersign.payloads_by_month DEFAULT;

-- Each time that something was let go: of the decisions before before_us.
CREATE TABLE countersign.prunings (
  before_us bigint NOT NULL,
  pruned_us bigint NOT NULL
);

CREATE INDEX prunings_by_time ON countersign.prunings (before_us, pruned_us);
