//! The user of the operating system that a server runs as: PostgreSQL refuses to run as root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;

/// The user that a server runs as when this process is root's.
const SERVER_USER: &str = "postgres";

/// A user, and whether this process has to become that user first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    id: u32,
    group: u32,
    is_other: bool,
}

impl User {
    /// Who runs the server: whoever runs this process, or `postgres` for root.
    ///
    /// # Errors
    /// When this process is root's and there is no such user.
    pub(crate) fn for_server() -> Result<Self, Error> {
        let id = ask_id(&["-u"])?;
        if id != 0 {
            return Ok(Self { id, group: ask_id(&["-g"])?, is_other: false });
        }
        let look_up = |option| {
            ask_id(&[option, SERVER_USER]).map_err(|error| {
                Error::because(
                    "PostgreSQL does not run as root; add the user postgres, or use another",
                    error,
                )
            })
        };
        Ok(Self { id: look_up("-u")?, group: look_up("-g")?, is_other: true })
    }

    /// The user's number.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// The number of the user's group.
    pub(crate) fn group(&self) -> u32 {
        self.group
    }

    /// A program to be run as this user in `directory`.
    pub(crate) fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        // Messages in English, so that they can be recognised.
        command.current_dir(directory).env("LC_ALL", "C").stdin(Stdio::null());
        if self.is_other {
            // The standard library drops root's other groups with it.
            command.uid(self.id).gid(self.group);
        }
        command
    }

    /// Checks that this user can work in `directory`.
    ///
    /// # Errors
    /// When a directory above it is closed to the user.
    pub(crate) fn reaches(&self, directory: &Path) -> Result<(), Error> {
        let status = self.command(Path::new("true"), directory).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::at(directory, status)),
            Err(error) => Err(Error::at(directory, format!("user {} cannot work here: {error}", self.id))),
        }
    }
}

/// What `id` says.
fn ask_id(arguments: &[&str]) -> Result<u32, Error> {
    let output = Command::new("id").args(arguments).output();
    let output = output.map_err(|error| Error::because("cannot start id", error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_not_a_number| {
        Error::because("id", String::from_utf8_lossy(&output.stderr).trim().replace('\n', " "))
    })
}
