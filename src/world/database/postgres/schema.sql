-- What was declared in this database, one row each: kind, name, declaration. Read with search_path = pg_catalog, so that every
-- name in a declaration has its schema. From PostgreSQL 12 on.
WITH
-- Names carry no oids: those of a copy are others.
space AS (
  SELECT n.oid, n.nspname FROM pg_namespace n
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
),
-- What an extension brings is declared by the extension.
brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
relation AS (
  SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name,
         EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AND NOT c.relispartition AS is_child
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
   WHERE c.relpersistence <> 't'
     AND NOT EXISTS (SELECT FROM brought b WHERE b.classid = 'pg_class'::regclass AND b.objid = c.oid)
),
routine AS (
  SELECT p.*, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
   WHERE NOT EXISTS (SELECT FROM brought b WHERE b.classid = 'pg_proc'::regclass AND b.objid = p.oid)
),
kind AS (
  SELECT t.*, format('%I.%I', s.nspname, t.typname) AS name
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r', 'b') AND t.typelem = 0
     AND NOT EXISTS (SELECT FROM brought b WHERE b.classid = 'pg_type'::regclass AND b.objid = t.oid)
)
SELECT 'schema', nspname::text, NULL FROM space
 WHERE NOT EXISTS (SELECT FROM brought b WHERE b.classid = 'pg_namespace'::regclass AND b.objid = space.oid)
UNION ALL
SELECT 'extension', e.extname::text, n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT 'relation', r.name, jsonb_build_array(
         r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relreplident,
         (SELECT jsonb_agg(o ORDER BY o) FROM unnest(r.reloptions) o),
         CASE WHEN r.relkind = 'm' THEN r.relispopulated END,
         CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END,
         CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
         pg_get_expr(r.relpartbound, r.oid),
         (SELECT jsonb_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = r.oid),
         NULLIF(r.reloftype, 0)::regtype::text,
         (SELECT a.amname FROM pg_am a WHERE a.oid = r.relam),
         (SELECT jsonb_build_array(f.srvname, t.ftoptions) FROM pg_foreign_table t
            JOIN pg_foreign_server f ON f.oid = t.ftserver WHERE t.ftrelid = r.oid))::text
  FROM relation r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
-- A child by inheritance gets its columns in the order of its parents when it is made anew.
SELECT 'column', r.name || '.' || quote_ident(a.attname), jsonb_build_array(
         CASE WHEN NOT r.is_child THEN row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) END,
         format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
         a.attstorage, a.attoptions, a.attfdwoptions, NULLIF(a.attstattarget, -1),
         (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c
            JOIN pg_namespace n ON n.oid = c.collnamespace JOIN pg_type t ON t.oid = a.atttypid
           WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation))::text
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
-- Those that a parent hands down are declared there.
SELECT 'constraint', coalesce(r.name, k.name) || '.' || quote_ident(c.conname),
       jsonb_build_array(pg_get_constraintdef(c.oid), c.convalidated)::text
  FROM pg_constraint c LEFT JOIN relation r ON r.oid = c.conrelid LEFT JOIN kind k ON k.oid = c.contypid
 WHERE coalesce(r.oid, k.oid) IS NOT NULL AND c.conparentid = 0 AND (c.conislocal OR c.coninhcount = 0)
UNION ALL
-- Invalid ones are left out of dumps.
SELECT 'index', format('%s on %s', i.indexrelid::regclass, r.name),
       jsonb_build_array(pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident)::text
  FROM pg_index i JOIN relation r ON r.oid = i.indrelid WHERE i.indisvalid OR r.relkind = 'p'
UNION ALL
SELECT 'trigger', r.name || '.' || quote_ident(t.tgname), jsonb_build_array(pg_get_triggerdef(t.oid), t.tgenabled)::text
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', r.name || '.' || quote_ident(w.rulename), jsonb_build_array(pg_get_ruledef(w.oid), w.ev_enabled)::text
  FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', r.name || '.' || quote_ident(p.polname), jsonb_build_array(
         p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
         (SELECT jsonb_agg(a.rolname ORDER BY a.rolname) FROM pg_roles a WHERE a.oid = ANY (p.polroles)))::text
  FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
UNION ALL
SELECT 'routine', p.name, pg_get_functiondef(p.oid) FROM routine p WHERE p.prokind <> 'a'
UNION ALL
SELECT 'aggregate', p.name, jsonb_build_array(
         a.aggtransfn::regprocedure, NULLIF(a.aggfinalfn, 0)::regprocedure, NULLIF(a.aggcombinefn, 0)::regprocedure,
         a.aggtranstype::regtype, a.agginitval, a.aggkind, NULLIF(a.aggsortop, 0)::regoperator, p.proparallel)::text
  FROM routine p JOIN pg_aggregate a ON a.aggfnoid = p.oid
UNION ALL
SELECT 'type', k.name, jsonb_build_array(
         k.typtype,
         (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = k.oid),
         CASE WHEN k.typtype = 'd' THEN jsonb_build_array(
           format_type(k.typbasetype, k.typtypmod), k.typnotnull, k.typdefault,
           (SELECT c.collname FROM pg_collation c WHERE c.oid = k.typcollation)) END,
         (SELECT jsonb_build_array(g.rngsubtype::regtype, (SELECT c.collname FROM pg_collation c WHERE c.oid = g.rngcollation),
                                   NULLIF(g.rngcanonical, 0)::regprocedure, NULLIF(g.rngsubdiff, 0)::regprocedure)
            FROM pg_range g WHERE g.rngtypid = k.oid))::text
  FROM kind k
UNION ALL
SELECT 'sequence', r.name, jsonb_build_array(
         q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle, r.relpersistence,
         (SELECT jsonb_agg(jsonb_build_array(d.refobjid::regclass, a.attname)) FROM pg_depend d
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
           WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
             AND d.deptype IN ('a', 'i')))::text
  FROM relation r JOIN pg_sequence q ON q.seqrelid = r.oid
UNION ALL
SELECT 'statistics', format('%I.%I', s.nspname, x.stxname), pg_get_statisticsobjdef(x.oid)
  FROM pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace
UNION ALL
SELECT 'event trigger', e.evtname::text, jsonb_build_array(e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags)::text
  FROM pg_event_trigger e
 WHERE NOT EXISTS (SELECT FROM brought b WHERE b.classid = 'pg_event_trigger'::regclass AND b.objid = e.oid)
UNION ALL
-- From 16384 on oids are the users'.
SELECT 'comment', i.type || ' ' || i.identity, d.description
  FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
 WHERE d.objoid >= 16384 AND i.schema IS DISTINCT FROM 'pg_temp' AND d.classoid NOT IN (
         'pg_extension'::regclass, 'pg_publication'::regclass, 'pg_subscription'::regclass)
   AND NOT EXISTS (SELECT FROM brought b WHERE b.classid = d.classoid AND b.objid = d.objoid)
