CREATE TABLE plain (id SERIAL PRIMARY KEY, name TEXT);
INSERT INTO plain (name) SELECT 'row ' || i FROM generate_series(1, 100) i;
SELECT setval('plain_id_seq', 4711, false);

CREATE SCHEMA shop;
CREATE SCHEMA strange;
COMMENT ON SCHEMA shop IS 'where things are sold; it''s "here"';
CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'hap''py', 'Ünïcode');
CREATE DOMAIN shop.price AS NUMERIC(12, 3) DEFAULT 1.500 CHECK (VALUE >= 0);
CREATE TYPE shop.pair AS (a INT, b TEXT, m shop.mood);
CREATE TYPE shop.span AS RANGE (SUBTYPE = float8);
CREATE TABLE shop.item (
  id BIGINT GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 7) PRIMARY KEY,
  kind VARCHAR(20) NOT NULL CHECK (kind IN ('book', 'a, ]''b')),
  price shop.price,
  twice NUMERIC GENERATED ALWAYS AS (price * 2) STORED,
  mood shop.mood DEFAULT 'ok',
  pair shop.pair,
  pairs shop.pair[],
  span shop.span,
  tags hstore,
  mail citext UNIQUE,
  EXCLUDE USING gist (int4range(id::int, id::int, '[]') WITH &&)
);
INSERT INTO shop.item (kind, price, pair, pairs, span, tags, mail)
VALUES ('book', 12.340, (1, 'x,"y"', 'hap''py'), ARRAY[(1, NULL, 'sad'), (2, '', NULL)]::shop.pair[], '[-1.5,2.25)', 'a=>1,b=>NULL', 'A@example.org'),
       ('a, ]''b', 0, NULL, '{}', 'empty', '', 'b@example.org'),
       ('book', NULL, (NULL, NULL, NULL), NULL, NULL, NULL, NULL);
CREATE INDEX "Item by kind" ON shop.item (lower(kind) DESC NULLS LAST) INCLUDE (price) WHERE kind <> 'book';
COMMENT ON COLUMN shop.item.price IS 'in EUR';
COMMENT ON INDEX shop."Item by kind" IS 'an index';
CREATE TABLE shop.empty (LIKE shop.item INCLUDING ALL);
CREATE TABLE shop.no_columns ();
INSERT INTO shop.no_columns DEFAULT VALUES;
CREATE UNLOGGED TABLE shop.unlogged (n INT);
INSERT INTO shop.unlogged VALUES (1), (2);
CREATE TABLE shop.sale (
  id INT PRIMARY KEY, item BIGINT NOT NULL REFERENCES shop.item ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  next INT REFERENCES shop.sale, UNIQUE (item, next)
);
INSERT INTO shop.sale VALUES (1, 100, 2), (2, 107, 1);

-- A child whose columns stand in another order than those of a copy, and gaps where columns were.
CREATE TABLE shop.parent (a INT, gone INT, b TEXT);
ALTER TABLE shop.parent DROP COLUMN gone;
CREATE TABLE shop.child (own TEXT) INHERITS (shop.parent);
ALTER TABLE shop.parent ADD COLUMN late DATE DEFAULT '0044-03-15 BC';
INSERT INTO shop.parent VALUES (1, 'parent');
INSERT INTO shop.child (a, b, own) VALUES (2, 'child', 'own');

CREATE TABLE shop.visit (at TIMESTAMPTZ NOT NULL, who INT, PRIMARY KEY (at, who)) PARTITION BY RANGE (at);
CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z') PARTITION BY LIST (who);
CREATE TABLE shop.visit_2024_1 PARTITION OF shop.visit_2024 FOR VALUES IN (1, 2);
CREATE TABLE shop.visit_rest PARTITION OF shop.visit DEFAULT;
CREATE INDEX ON shop.visit (who);
INSERT INTO shop.visit VALUES ('2024-05-05 12:00:00.123456+02', 1), ('2024-05-06Z', 2), ('infinity', 3);

CREATE TABLE shop.value (n INT, v TEXT, b BYTEA, f4 REAL, f8 DOUBLE PRECISION, num NUMERIC, d DATE, t TIMESTAMP, tz TIMESTAMPTZ,
  tt TIMETZ, i INTERVAL, j JSON, jb JSONB, x XML, u UUID, net INET, mac MACADDR, bits BIT VARYING, money MONEY, p POINT, path PATH,
  ts TSVECTOR, q TSQUERY, r REGCLASS, a INT[][], o OID, c "char", ch CHAR(5), range TSTZRANGE, multi INT4MULTIRANGE);
INSERT INTO shop.value (n, v) VALUES (1, NULL), (2, ''), (3, E'tab\ttab\nnew\r\\.\\N \x01 quote'' "double"'), (4, '😀 ünïcödé 漢字 ‮'), (5, '\.');
INSERT INTO shop.value (n, b) VALUES (1, ''), (2, decode('00ff5c0a00', 'hex')), (3, decode(repeat('00', 3000000), 'hex'));
INSERT INTO shop.value (n, v) SELECT 9, string_agg(md5(i::text), '') FROM generate_series(1, 100000) i;
INSERT INTO shop.value (n, f4, f8) VALUES (1, 'NaN', '-Infinity'), (2, 0.1, 0.1), (3, '-0', '-0'), (4, 3.4e38, 5e-324);
INSERT INTO shop.value (n, num) VALUES (1, 'NaN'), (2, '1.10'), (3, '1.1'), (4, 'Infinity'), (5, repeat('9', 1000)::numeric), (6, 1e-300);
INSERT INTO shop.value (n, d, t, tz, tt, i) VALUES
  (1, '4713-01-01 BC', '4713-01-01 00:00:00 BC', '4714-11-24 00:00:00+00 BC', '23:59:60+14', '-1 year 2 mons -3 days 04:05:06.7'),
  (2, 'infinity', '-infinity', 'infinity', '00:00-15:59', '178000000 years'), (3, '5874897-12-31', '294276-12-31 23:59:59.999999', now(), 'now', '1 us');
INSERT INTO shop.value (n, j, jb, x, u, net, mac, bits, money, p, path, ts, q, r, a, o, c, ch, range, multi) VALUES
  (1, '{"b": 1,  "a": [null, "😀"], "b": 2}', '{"b": 1, "a": [null, "\u0001"]}', '<a b="c">é</a>', '00000000-0000-0000-0000-000000000000',
   '2001:db8::1/64', '08:00:2b:01:02:03', B'10110', '1234567.89', '(1.5,-2)', '[(0,0),(1,1)]', 'a:1 fat:2A', 'fat & (rat | cat)',
   'shop.item', '{{1,NULL},{3,4}}', 4294967295, 'x', 'ab', '[2020-01-01,)', '{[1,3),[5,7)}');

CREATE VIEW shop.cheap WITH (security_barrier) AS SELECT id, kind, price FROM shop.item WHERE price < 100 WITH CASCADED CHECK OPTION;
CREATE VIEW shop.joined AS SELECT i.id, s.next, count(*) OVER (PARTITION BY i.kind) FROM shop.item i LEFT JOIN shop.sale s ON s.item = i.id
  WHERE i.kind IN ('book', 'a, ]''b') OR (i.price > 1 AND (i.mood = 'sad' OR i.mood IS NULL));
CREATE RECURSIVE VIEW shop.counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE MATERIALIZED VIEW shop.best AS SELECT kind, max(price) AS most FROM shop.item GROUP BY kind;
CREATE UNIQUE INDEX ON shop.best (kind);
CREATE MATERIALIZED VIEW shop.not_yet AS SELECT * FROM shop.best WITH NO DATA;
-- What it holds is stale from here on, and a copy's is fresh.
UPDATE shop.item SET price = 99 WHERE id = 100;

CREATE FUNCTION shop.add(a INT, b INT DEFAULT 2, VARIADIC c INT[] DEFAULT '{}') RETURNS INT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = shop, pg_temp AS $$ SELECT a + b $$;
CREATE FUNCTION shop.standard(a INT) RETURNS INT BEGIN ATOMIC SELECT a + (SELECT count(*) FROM shop.item)::int; END;
CREATE FUNCTION shop.rows() RETURNS TABLE (n INT, t TEXT) LANGUAGE plpgsql SECURITY DEFINER COST 7 ROWS 3 AS
  $body$ BEGIN RETURN QUERY SELECT 1, 'it''s $$quoted$$'::text; END $body$;
CREATE PROCEDURE shop.work(INOUT n INT) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$;
CREATE AGGREGATE shop.product (INT) (SFUNC = int4mul, STYPE = INT, INITCOND = '1');
CREATE FUNCTION shop.touch() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN NEW.name := coalesce(NEW.name, 'unnamed'); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF name ON plain FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM 'x') EXECUTE FUNCTION shop.touch();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON plain DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.touch();
ALTER TABLE plain DISABLE TRIGGER late;
CREATE RULE keep AS ON DELETE TO shop.parent WHERE old.a = 1 DO INSTEAD NOTHING;
CREATE POLICY visible ON plain FOR SELECT TO PUBLIC USING (id < 1000 OR name IN ('a', 'b'));
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
CREATE SEQUENCE shop.own AS SMALLINT START 5 INCREMENT -3 MINVALUE -100 MAXVALUE 5 CACHE 3 CYCLE;
SELECT nextval('shop.own'), nextval('shop.own');
COMMENT ON FUNCTION shop.add IS 'adds';
COMMENT ON TRIGGER touch ON plain IS 'touches';
COMMENT ON CONSTRAINT item_kind_check ON shop.item IS 'two kinds';
COMMENT ON TYPE shop.mood IS 'moods';
COMMENT ON VIEW shop.cheap IS 'cheap';

-- The names of tables and columns are 63 bytes of anything.
CREATE TABLE strange."Ümläut ""quoted"" 😀" ("select" INT, "a.b" INT, "UPPER lower" TEXT, "t" INT, "line
break" INT DEFAULT 3, "it's" INT);
INSERT INTO strange."Ümläut ""quoted"" 😀" VALUES (1, 2, 'x', 4);
CREATE TABLE strange."123456789012345678901234567890123456789012345678901234567890abc" (
  "123456789012345678901234567890123456789012345678901234567890abc" INT CONSTRAINT "; DROP TABLE plain; --" CHECK (true));
CREATE TABLE "strange.dotted" (n INT);
CREATE TABLE strange.dotted (n INT);
CREATE SCHEMA "Bobby'); DROP TABLE plain; --";
CREATE TABLE "Bobby'); DROP TABLE plain; --".t (n INT);
CREATE SEQUENCE strange."Seq ""of"" 'all' \ %s";
CREATE FUNCTION strange."Note DDL"() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;

SELECT lo_from_bytea(60001, ''), lo_from_bytea(60002, decode('00ff0a', 'hex')), lo_from_bytea(60003, decode(repeat('c0ffee00', 1000000), 'hex'));
COMMENT ON LARGE OBJECT 60002 IS 'a picture';
