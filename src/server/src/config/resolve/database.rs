//! The keys that say where payments are kept.

use std::path::Path;

use toml::Spanned;

use super::{
    super::{
        database::{Database, ONLY_FOR_POSTGRES, PostgresAddress},
        file::File,
        secret,
    },
    Resolver,
};

impl Resolver<'_> {
    pub(super) fn database(&mut self, file: &File) -> Option<Database> {
        match Database::parse(file.database.get_ref()) {
            Ok(Database::Sqlite(path)) => {
                self.only_for_postgres(file);
                Some(Database::Sqlite(self.folder.join(path)))
            }
            Ok(Database::Postgres(mut address)) => {
                self.password(&mut address, file.database_password.as_ref());
                if let Some(path) = &file.database_ca {
                    let trusted = address.trust(&self.folder.join(Path::new(path.get_ref())));
                    self.note(trusted, path, "database_ca");
                }
                if let Some(connections) = &file.database_connections {
                    let limited = address.limit(*connections.get_ref());
                    self.note(limited, connections, "database_connections");
                }
                Some(Database::Postgres(address))
            }
            Err(message) => {
                self.refuse(&file.database.span(), "database", message);
                None
            }
        }
    }

    fn password(&mut self, address: &mut PostgresAddress, reference: Option<&Spanned<String>>) {
        let Some(reference) = reference else {
            return;
        };
        match secret::resolve(reference.get_ref(), self.folder) {
            Ok(password) if !password.is_empty() => address.password = Some(password),
            Ok(_) => self.refuse(
                &reference.span(),
                "database_password",
                "the password is empty",
            ),
            Err(message) => self.refuse(&reference.span(), "database_password", message),
        }
    }

    fn note<T>(&mut self, done: Result<(), String>, at: &Spanned<T>, key: &str) {
        if let Err(message) = done {
            self.refuse(&at.span(), key, message);
        }
    }

    fn only_for_postgres(&mut self, file: &File) {
        let spans = [
            (
                "database_password",
                file.database_password.as_ref().map(Spanned::span),
            ),
            ("database_ca", file.database_ca.as_ref().map(Spanned::span)),
            (
                "database_connections",
                file.database_connections.as_ref().map(Spanned::span),
            ),
        ];
        for (key, span) in spans {
            if let Some(span) = span {
                self.refuse(&span, key, ONLY_FOR_POSTGRES);
            }
        }
    }
}
