-- One row: whether the store may decide. incarnation: the number of the last start, also in the file beside this one;
-- frozen: why nothing is decided until an operator states what was lost.
CREATE TABLE standing (
  only_row    INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
  incarnation INTEGER NOT NULL,
  frozen      TEXT
) STRICT;

INSERT INTO standing VALUES (1, 0, NULL);

-- Every time that an operator stated what was lost. position: where the log ended; lost: 'nothing', or the lines of an
-- export that were entered after it.
CREATE TABLE releases (
  number      INTEGER NOT NULL PRIMARY KEY,
  released_us INTEGER NOT NULL,
  released_by TEXT NOT NULL,
  frozen      TEXT NOT NULL,
  position    INTEGER NOT NULL,
  lost        TEXT NOT NULL
) STRICT;
