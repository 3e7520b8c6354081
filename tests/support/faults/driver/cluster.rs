//! The PostgreSQL of the faults. Its disk can be slow and full, and its clock can be put forward:
//! so the claims of a server that was killed end sooner.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::TempDir;

use super::preload::{Disk, Preload};
use crate::services::{Postgres, Problem};

/// What PostgreSQL itself checks: every index against its table.
const CHECK: &str = "
    create extension if not exists amcheck;
    do $$ declare found record; begin
        for found in
            select c.oid from pg_class c
            join pg_am a on a.oid = c.relam and a.amname = 'btree'
            join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
            where c.relkind = 'i'
        loop
            perform bt_index_parent_check(found.oid::regclass, true);
        end loop;
    end $$;
";

/// A cluster, and a new database in it for each fault.
#[derive(Debug)]
pub(crate) struct Cluster {
    postgres: Mutex<Postgres>,
    preload: Preload,
    _folder: TempDir,
}

impl Cluster {
    /// Starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not there, or there is no C compiler for what is loaded into it.
    pub(crate) fn start() -> Result<Self, Problem> {
        let folder = tempfile::Builder::new().prefix("kassa-clock-").tempdir()?;
        let preload = Preload::compile(folder.path(), Path::new("."))?;
        let variables = preload.variables();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let postgres = Postgres::within(&[("max_connections", "200")], &variables)?;
        Ok(Self {
            postgres: Mutex::new(postgres),
            preload,
            _folder: folder,
        })
    }

    /// An empty database: its name.
    pub(crate) fn new_database(&self) -> Result<String, Problem> {
        self.preload.set_clock(0)?;
        let url = self.postgres().create_database()?;
        let (_, name) = url.rsplit_once('/').ok_or("a database without a name")?;
        Ok(name.to_owned())
    }

    /// The cluster itself.
    pub(crate) fn postgres(&self) -> MutexGuard<'_, Postgres> {
        self.postgres.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its disk and clock.
    pub(crate) const fn preload(&self) -> &Preload {
        &self.preload
    }

    /// What its disk does from now on. Where it cannot write its log PostgreSQL gives up, and no
    /// server can help that: so a disk is full when files cannot grow, which the log does rarely,
    /// and read-only is what it says it is, as after a failover.
    pub(crate) fn set_disk(&self, disk: Disk) -> Result<(), Problem> {
        let read_only = match disk {
            Disk::Well => false,
            Disk::NoGrowth => return self.preload.set_disk(disk),
            Disk::ReadOnly => true,
            other => return Err(format!("PostgreSQL does not outlive {other:?}").into()),
        };
        self.preload.set_disk(Disk::Well)?;
        let postgres = self.postgres();
        let setting = format!("alter system set default_transaction_read_only = {read_only}");
        postgres.sql("postgres", &setting)?;
        postgres.sql("postgres", "select pg_reload_conf()")?;
        Ok(())
    }

    /// What PostgreSQL itself finds wrong with a database.
    pub(crate) fn damage(&self, database: &str) -> Vec<String> {
        let found = self.postgres().sql(database, CHECK);
        match found {
            Ok(_) => Vec::new(),
            Err(error) => {
                let said = error.to_string();
                let said = said.rsplit_once("ERROR:").map_or(&*said, |(_, said)| said);
                vec![format!("PostgreSQL finds damage: {said}")]
            }
        }
    }
}
