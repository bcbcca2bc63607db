//! What a database is besides its contents: encoding, locale, owner, settings, grants.

use crate::world::{
    WorldError,
    database::postgres::{Connection, literal, quoted},
};

/// How a new database becomes like another.
#[derive(Debug)]
pub(super) struct Properties {
    encoding: String,
    collate: String,
    ctype: String,
    /// `c`, `i` or `b`; empty before PostgreSQL 15, which knows one.
    provider: String,
    locale: String,
    rules: String,
    owner: String,
}

const PROPERTIES: &str = "\
SELECT pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text, coalesce(j ->> 'datlocprovider', ''),
       coalesce(j ->> 'datlocale', j ->> 'daticulocale', ''), coalesce(j ->> 'daticurules', ''),
       pg_get_userbyid(d.datdba)::text
  FROM pg_database d, to_jsonb(d) j WHERE d.datname = current_database()";

/// Statements that make the database `{new}` like `{old}`. Lists of names are kept as they are written; every other setting is
/// one text.
const STATEMENTS: &str = "\
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', {new}, datconnlimit) FROM pg_database WHERE datname = {old}
UNION ALL
SELECT format('COMMENT ON DATABASE %I IS %L', {new}, description)
  FROM pg_database d JOIN pg_shdescription s ON s.objoid = d.oid AND s.classoid = 'pg_database'::regclass
 WHERE datname = {old}
UNION ALL
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {new}) FROM pg_database WHERE datname = {old} AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, {new},
              CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
              CASE WHEN a.is_grantable AND a.grantee <> 0 THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_database d, aclexplode(d.datacl) a WHERE datname = {old}
UNION ALL
SELECT format('ALTER %s SET %I TO %s',
              CASE s.setrole WHEN 0 THEN format('DATABASE %I', {new})
                             ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), {new}) END,
              split_part(one, '=', 1),
              CASE WHEN split_part(one, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries',
                                                    'session_preload_libraries')
                   THEN substr(one, strpos(one, '=') + 1) ELSE quote_literal(substr(one, strpos(one, '=') + 1)) END)
  FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid, unnest(s.setconfig) one WHERE datname = {old}";

impl Properties {
    /// Those of the database that is connected.
    pub(super) async fn read(connection: &mut Connection) -> Result<Self, WorldError> {
        let row = connection.rows(PROPERTIES).await?.into_iter().next().unwrap_or_default();
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        Ok(Self {
            encoding: next(),
            collate: next(),
            ctype: next(),
            provider: next(),
            locale: next(),
            rules: next(),
            owner: next(),
        })
    }

    /// The statement that makes an empty database in which the same texts sort the same.
    pub(super) fn creation(&self, name: &str) -> String {
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            quoted(name),
            literal(&self.encoding),
            literal(&self.collate),
            literal(&self.ctype)
        );
        match self.provider.as_str() {
            "i" => {
                sql.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(&self.locale)));
                if !self.rules.is_empty() {
                    sql.push_str(&format!(" ICU_RULES {}", literal(&self.rules)));
                }
            }
            "b" => sql.push_str(&format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(&self.locale))),
            "c" => sql.push_str(" LOCALE_PROVIDER libc"),
            _ => {}
        }
        sql
    }

    /// The same with the same owner.
    pub(super) fn creation_with_owner(&self, name: &str) -> String {
        format!("{} OWNER {}", self.creation(name), quoted(&self.owner))
    }
}

/// Gives `new` the grants, settings, limit and comment of `old`.
pub(super) async fn carry_over(connection: &mut Connection, old: &str, new: &str) -> Result<(), WorldError> {
    let statements = STATEMENTS.replace("{old}", &literal(old)).replace("{new}", &literal(new));
    for statement in connection.rows(&statements).await?.into_iter().flatten().flatten() {
        connection.execute(&statement).await?;
    }
    Ok(())
}
