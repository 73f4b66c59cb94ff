-- written: the transaction that wrote this row. A row that was loaded, as from a dump of the data alone into tables that
-- are there, was written by another one than it says; VACUUM, crashes, standbys and base backups change neither. Whoever
-- writes next, an older decider too, freezes the ledger then.
ALTER TABLE countersign.head ADD COLUMN written xid8;

UPDATE countersign.head SET written = pg_current_xact_id();

CREATE FUNCTION countersign.freeze_what_was_loaded() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.xmin IS DISTINCT FROM OLD.written::xid THEN
    NEW.frozen = coalesce(NEW.frozen, 'the ledger was restored from a dump: its tables were loaded anew');
  END IF;
  NEW.written = pg_current_xact_id();
  RETURN NEW;
END $$;

CREATE TRIGGER freeze_what_was_loaded BEFORE UPDATE ON countersign.head
  FOR EACH ROW EXECUTE FUNCTION countersign.freeze_what_was_loaded();
