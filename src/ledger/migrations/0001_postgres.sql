-- What SQLite has without asking: one writer, and a version of the schema. Writers lock this row.
CREATE TABLE ledger (
    single  BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    version BIGINT  NOT NULL
);
INSERT INTO ledger (version) VALUES (1);

-- Entries are only ever added. Whoever owns the table can take this away; the hashes then show what was changed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the ledger are only ever added';
END;
$$;
CREATE TRIGGER entries_are_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
