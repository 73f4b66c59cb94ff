-- Whether the ledger may decide. origin: the server, the database and the table that it was last seen in: a dump that is
-- restored elsewhere has another one, a standby that takes over the same. frozen: why nothing is decided until an
-- operator states what was lost.
ALTER TABLE countersign.head ADD COLUMN origin text, ADD COLUMN frozen text;

-- Every time that an operator stated what was lost. position: where the log ended; lost: 'nothing', or the lines of an
-- export that were entered after it.
CREATE TABLE countersign.releases (
  number      bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  released_us bigint NOT NULL,
  released_by text NOT NULL,
  frozen      text NOT NULL,
  position    bigint NOT NULL,
  lost        text NOT NULL
);

-- Deciders of before this schema know no freeze. It is looked at once for each batch, with the head's row at hand.
CREATE FUNCTION countersign.refuse_while_frozen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF (SELECT frozen IS NOT NULL FROM countersign.head) THEN
    RAISE EXCEPTION 'the ledger is frozen since it was restored: run decider store release';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER refuse_while_frozen BEFORE INSERT ON countersign.decisions
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.refuse_while_frozen();

