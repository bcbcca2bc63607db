//! A deployment to a shared host from its first question to its last answer: read the script, rehearse, snapshot, execute, migrate,
//! check, go back. A site of PHP with its MariaDB; everything goes over SSH and through the door.

mod faults;
mod release;
mod script;
mod site;
