-- Entries are only ever added. Whoever can write the file can take this away; the hashes then show what was changed.
CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries BEGIN
    SELECT RAISE(ABORT, 'entries of the ledger are only ever added');
END;
CREATE TRIGGER entries_are_not_removed BEFORE DELETE ON entries BEGIN
    SELECT RAISE(ABORT, 'entries of the ledger are only ever added');
END;
