//! Waiting for asynchronous work from tests of any kind: with a runtime, in one, or without.

use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// A thread that does asynchronous work while its caller blocks, whatever that one runs on.
#[derive(Debug)]
pub(crate) struct Blocking {
    /// Some until it is dropped.
    runtime: Option<Runtime>,
}

impl Blocking {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::because("cannot start a thread", error))?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Waits for the result of `work`.
    ///
    /// # Errors
    /// That of the work, or that it panicked.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = mpsc::channel();
        let runtime = self.runtime.as_ref().ok_or_else(|| Error::new("the thread has ended"))?;
        runtime.spawn(async move {
            // Fails only when nobody waits for it any more.
            let _sent = sender.send(work.await);
        });
        receiver.recv().map_err(|error| Error::because("the work was broken off", error))?
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        // A runtime that is dropped the plain way panics inside another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn three() -> Result<i32, Error> {
        tokio::task::yield_now().await;
        Ok(3)
    }

    #[test]
    fn without_a_runtime() {
        assert_eq!(Blocking::start().expect("a thread").wait(three()), Ok(3));
    }

    #[tokio::test]
    async fn inside_a_runtime() {
        assert_eq!(Blocking::start().expect("a thread").wait(three()), Ok(3));
    }
}
