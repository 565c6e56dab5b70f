//! Cleaning up after this process, however it ends.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::Error;

/// A shell that waits for the end of its input, whose only writer is this process, and then runs a
/// script. The system closes the pipe whether this process returns, panics or is killed.
#[derive(Debug)]
pub(crate) struct Watch {
    shell: Child,
}

impl Watch {
    /// Starts a shell that will run `script` with `arguments` as `$1` and on. `shell` is the command
    /// `sh` with the user and directory that it shall have.
    ///
    /// # Errors
    /// When the shell cannot be started.
    pub(crate) fn start(mut shell: Command, script: &str, arguments: &[&str]) -> Result<Self, Error> {
        // Signals to the terminal's foreground or to the test's process group are not for the shell.
        let script = format!("trap '' HUP INT TERM; while read -r _; do :; done; {script}");
        shell.args(["-c", &script, "sh"]).args(arguments).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = shell.spawn().map_err(|error| Error::because("cannot start sh", error))?;
        Ok(Self { shell })
    }
}

impl Drop for Watch {
    /// Has the script run now, and waits for its end.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Fails only when somebody else has waited for the shell.
        let _status = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_script_runs_at_the_end_and_not_before() {
        let name = format!("scim-test-watch-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        fs::write(&file, "x").expect("written");
        let shown = file.to_str().expect("UTF-8");
        let watch = Watch::start(Command::new("sh"), r#"rm -f "$1""#, &[shown]).expect("it starts");
        assert!(file.exists());
        drop(watch);
        assert!(!file.exists());
    }
}
