//! Migrations of the tools that people use, on the three engines: their real tables where the tool can be had, the documented
//! ones where it cannot.

mod alembic;
mod bench;
mod django;
mod plans;
mod prisma;
mod real_sqlx;
mod tables;
