//! Temporary directories that are known to belong to a living process, and the end of those that do
//! not any more.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::user::User;
use crate::{Error, random};

/// How the directories' names begin.
const PREFIX: &str = "scim-test-postgres-";
/// The file that the owner keeps locked: the system unlocks it when the owner dies.
const LOCK: &str = "owner";
/// How old an unlocked directory has to be: a younger one may be about to be locked.
const GRACE: Duration = Duration::from_secs(60);

/// A directory of this process. It is not removed on drop: the cluster in it has to be stopped first.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes a directory that belongs to `user`: in `place` where that is given, which is made and given
    /// to the user, or else in the first place for temporary files that the user reaches.
    ///
    /// # Errors
    /// When no place can be written.
    pub(super) fn create(place: Option<&Path>, user: &User) -> Result<Self, Error> {
        if let Some(place) = place {
            // The server's user removes what is in it.
            fs::create_dir_all(place)
                .and_then(|()| chown(place, Some(user.id()), Some(user.group())))
                .map_err(|error| Error::at(place, error))?;
        }
        let mut last = Error::new("there is no place for temporary files");
        for place in places(place) {
            match Self::create_in(&place, user) {
                Ok(directory) => return Ok(directory),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn create_in(place: &Path, user: &User) -> Result<Self, Error> {
        let path = place.join(format!("{PREFIX}{}", random::hexadecimal::<8>()?));
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| Error::at(&path, error))?;
        let lock = (|| {
            let lock = File::create_new(path.join(LOCK))?;
            lock.lock()?;
            chown(&path, Some(user.id()), Some(user.group()))?;
            Ok(lock)
        })();
        let reached = lock
            .map_err(|error: std::io::Error| Error::at(&path, error))
            .and_then(|lock| user.reaches(&path).map(|()| lock));
        match reached {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                // What matters is why it was made in vain.
                let _removed = fs::remove_dir_all(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The directories of `user` whose owners are dead, where [`Directory::create`] makes them.
pub(super) fn abandoned(place: Option<&Path>, user: &User) -> Vec<PathBuf> {
    let entries = places(place).into_iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    ours.map(|entry| entry.path()).filter(|path| is_abandoned(path, user, GRACE)).collect()
}

fn is_abandoned(path: &Path, user: &User, grace: Duration) -> bool {
    // Not `metadata`: somebody else's link could lead anywhere.
    let is_ours = fs::symlink_metadata(path).is_ok_and(|it| it.is_dir() && it.uid() == user.id());
    let Ok(lock) = File::open(path.join(LOCK)) else { return false };
    let age = lock.metadata().and_then(|it| it.modified()).map(|time| time.elapsed().unwrap_or_default());
    is_ours && age.is_ok_and(|age| age >= grace) && lock.try_lock().is_ok()
}

/// The place that is given, or else those for temporary files: the user's own choice first; the others
/// are for a choice that another user does not reach.
fn places(given: Option<&Path>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    let mut places = vec![std::env::temp_dir()];
    for place in ["/tmp", "/var/tmp"].map(PathBuf::from) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_abandoned_when_its_owner_is_gone() {
        let user = User::for_server().expect("a user");
        let directory = Directory::create(None, &user).expect("a directory");
        let path = directory.path().to_owned();
        assert!(!is_abandoned(&path, &user, Duration::ZERO), "its owner lives");
        drop(directory);
        assert!(is_abandoned(&path, &user, Duration::ZERO));
        assert!(!is_abandoned(&path, &user, GRACE), "it is young");
        fs::remove_dir_all(&path).expect("removed");
        assert!(!is_abandoned(&path, &user, Duration::ZERO));
    }
}
