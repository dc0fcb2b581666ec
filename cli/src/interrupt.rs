//! Ctrl-C leaves nothing half-written: what is being made stands in a scratch folder that goes with it, and the short
//! moment in which a finished thing is put in place is waited for. A text that is being written ends where it is.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::task::Poll;

use crate::failure::{Failure, INTERRUPTED};

static SCRATCH: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static PLACING: Mutex<()> = Mutex::new(());
static SERVING: AtomicBool = AtomicBool::new(false);
static WRITING: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicBool = AtomicBool::new(false);

/// A folder for something unfinished. It is removed when dropped, and on Ctrl-C.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    /// In `parent`, so that what is made in it can be renamed into place.
    pub(crate) fn within(parent: &Path) -> Result<Self, Failure> {
        listen();
        let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", parent.display()));
        std::fs::create_dir_all(parent).map_err(failed)?;
        let mut known = lock(&SCRATCH);
        let folder = tempfile::Builder::new().prefix(".zoo-").tempdir_in(parent).map_err(failed)?;
        known.push(folder.path().to_owned());
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Who ends the process meanwhile waits until it is gone.
        let mut known = lock(&SCRATCH);
        remove(self.folder.path());
        known.retain(|path| path != self.folder.path());
    }
}

/// Removes a folder that somebody may still write to: under another name first, where they find it no more.
fn remove(folder: &Path) {
    let mut gone = folder.as_os_str().to_owned();
    gone.push(".gone");
    let gone = Path::new(&gone);
    // What cannot be removed stays.
    let _ = std::fs::remove_dir_all(if std::fs::rename(folder, gone).is_ok() { gone } else { folder });
}

/// While the result lives, Ctrl-C waits.
pub(crate) fn placing() -> MutexGuard<'static, ()> {
    listen();
    lock(&PLACING)
}

/// While this lives, the first Ctrl-C asks for an end, and the second one ends the process.
#[derive(Debug)]
pub(crate) struct Writing(());

impl Writing {
    pub(crate) fn begin() -> Self {
        listen();
        ASKED.store(false, Ordering::SeqCst);
        WRITING.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn is_to_end(&self) -> bool {
        ASKED.load(Ordering::SeqCst)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITING.store(false, Ordering::SeqCst);
    }
}

/// Resolves at Ctrl-C, which then ends a server and not the process.
pub(crate) async fn stop_serving() {
    SERVING.store(true, Ordering::SeqCst);
    // A server that hears no Ctrl-C stops at once.
    let _ = tokio::signal::ctrl_c().await;
}

/// From the first call on, Ctrl-C tidies up before it ends the process.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, listening) = mpsc::channel();
        let hear = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(hear(ready));
        };
        // Without a listener Ctrl-C ends the process as it always does.
        if std::thread::Builder::new().name("ctrl-c".into()).spawn(hear).is_ok() {
            let _ = listening.recv();
        }
    });
}

async fn hear(ready: mpsc::Sender<()>) {
    let mut first = Box::pin(tokio::signal::ctrl_c());
    // The first poll is what starts listening.
    let early = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
    let _ = ready.send(());
    let mut pressed = match early {
        Poll::Ready(pressed) => pressed,
        Poll::Pending => first.await,
    };
    while pressed.is_ok() && !SERVING.load(Ordering::SeqCst) {
        if !WRITING.load(Ordering::SeqCst) || ASKED.swap(true, Ordering::SeqCst) {
            let (_finished, scratch) = (lock(&PLACING), lock(&SCRATCH));
            scratch.iter().for_each(|folder| remove(folder));
            std::process::exit(INTERRUPTED.into());
        }
        pressed = tokio::signal::ctrl_c().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
