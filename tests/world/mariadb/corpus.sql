-- What a restore must bring back: kinds of columns, names, keys, and everything that is not a table.
SET SESSION sql_mode = '';
CREATE TABLE kinds (
  id INT AUTO_INCREMENT PRIMARY KEY, tiny TINYINT UNSIGNED ZEROFILL, big BIGINT UNSIGNED, exact DECIMAL(65,30), f FLOAT, f2 FLOAT(10,3), d DOUBLE,
  b1 BIT(1), b64 BIT(64), flags SET('a','b','c d'), state ENUM('new','it''s','') DEFAULT 'new',
  day DATE, at DATETIME(6), stamp TIMESTAMP NULL, t TIME(3), y YEAR,
  latin VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_german1_ci, utf8 TEXT CHARACTER SET utf8mb3, emoji VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  raw BINARY(4), var VARBINARY(300), bin BLOB, huge LONGBLOB, doc JSON, place POINT, shape GEOMETRY, addr INET6, uid UUID,
  doubled BIGINT GENERATED ALWAYS AS (id * 2) VIRTUAL, kept VARCHAR(60) AS (CONCAT(latin, '!')) STORED,
  hidden INT INVISIBLE DEFAULT 7, CHECK (tiny < 200)
) AUTO_INCREMENT = 100;
INSERT INTO kinds (tiny, big, exact, f, f2, d, b1, b64, flags, state, day, at, stamp, t, y, latin, utf8, emoji, raw, var, bin, huge, doc, place, shape, addr, uid, hidden) VALUES
 (5, 18446744073709551615, -12345678901234567890123456789012345.123456789012345678901234567890, 0.1, 1234.567, 1/3, b'1', b'1000000000000000000000000000000000000000000000000000000000000001', 'a,c d', 'it''s', '2024-02-29', '2024-02-29 23:59:59.999999', '2024-02-29 12:00:00', '-838:59:59.000', 2024, 'Größe', '漢字', '👩‍🚀 \0 \\ '' " \n', 0x00FF0A27, 0x00, x'', REPEAT(x'DEADBEEF', 10000), '{"a": [1, null]}', ST_GeomFromText('POINT(1.5 -2.25)', 4326), ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'), '2001:db8::1', UUID(), 1),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (0, 0, 0, 16777217, -0.0, 5e-324, 0, 0, '', '', '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '00:00:00', 0, '', '', '', 0x20, 0x2020, 0x2020, '', '{}', NULL, NULL, '::', '00000000-0000-0000-0000-000000000000', 2),
 (1, 2, 3, 3.4028235e38, 5, 1.7976931348623157e308, 1, 255, 'b', 'nonsense', '2024-00-10', '2024-10-00 00:00:00', '1970-01-01 00:00:01', '12:34:56.789', 2155, 'ABC  ', 'ABC', 'abc', 'ab', 'AB', 'ab', 'x', '[]', NULL, ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))'), 'fe80::', '123e4567-e89b-12d3-a456-426655440000', 3);
CREATE TABLE `odd ``name`` UPPER 漢字 x` (`col ``umn` INT, `SELECT` VARCHAR(9) COMMENT 'it''s "odd"', KEY `k e y` (`SELECT`(3)));
INSERT INTO `odd ``name`` UPPER 漢字 x` VALUES (1, 'one'), (1, 'one'), (2, NULL), (2, '');
CREATE TABLE abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz_abcdefghijk (n INT);
CREATE TABLE parent (id INT PRIMARY KEY, best_child INT, self INT, CONSTRAINT fk_self FOREIGN KEY (self) REFERENCES parent (id));
CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
ALTER TABLE parent ADD CONSTRAINT fk_best FOREIGN KEY (best_child) REFERENCES child (id);
SET foreign_key_checks = 0;
INSERT INTO parent VALUES (1, 10, 1), (2, NULL, 1);
INSERT INTO child VALUES (10, 1), (11, 2);
SET foreign_key_checks = 1;
CREATE TABLE parts (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '2019-01-01'), (2, '2024-01-01');
CREATE TABLE versioned (id INT PRIMARY KEY, v VARCHAR(10)) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 'a'), (2, 'b');
UPDATE versioned SET v = 'c' WHERE id = 1;
DELETE FROM versioned WHERE id = 2;
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 5 CACHE 10;
SELECT NEXTVAL(numbers);
CREATE TABLE latin_table (n VARCHAR(20) PRIMARY KEY) DEFAULT CHARSET latin1 COLLATE latin1_swedish_ci;
INSERT INTO latin_table VALUES ('äöü'), ('A'), ('b ');
CREATE TABLE empty_table (n INT);
CREATE TABLE log (what VARCHAR(50), n INT DEFAULT 0);
CREATE TABLE compressed (id INT PRIMARY KEY, body TEXT, FULLTEXT KEY ft (body)) ROW_FORMAT = COMPRESSED;
INSERT INTO compressed VALUES (1, 'some words here');
CREATE VIEW a_view AS SELECT p.id, c.id AS child FROM parent p LEFT JOIN child c ON c.parent = p.id;
CREATE VIEW z_view_below AS SELECT id FROM parts;
CREATE VIEW b_view_on_view AS SELECT * FROM z_view_below JOIN a_view USING (id);
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE PROCEDURE note(IN what VARCHAR(50)) COMMENT 'writes; a "note"' BEGIN
  -- a comment with ;; and '
  INSERT INTO log (what) VALUES (what);
END;
CREATE TRIGGER parts_first BEFORE INSERT ON parts FOR EACH ROW SET NEW.id = NEW.id + 0;
CREATE TRIGGER parts_second BEFORE INSERT ON parts FOR EACH ROW FOLLOWS parts_first BEGIN INSERT INTO log VALUES ('parts', NEW.id); END;
CREATE VIEW f_view AS SELECT twice(id) AS n FROM parts;
CREATE EVENT `purge` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE COMMENT 'PRESERVE ENABLE' DO DELETE FROM log WHERE n < 0;
CREATE EVENT `off` ON SCHEDULE AT '2035-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO CALL note('x');
CREATE PROCEDURE windows() BEGIN
  -- ends of lines
END;
