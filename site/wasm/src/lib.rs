//! zoo's families in the reader's page: the code that the command line runs, as a module for browsers.
//!
//! A page hands over the files of a checkpoint, one [`file`] each, then calls [`open`] once and [`run`] as often as it likes.
//! Requests and answers are JSON; answers have the fields that `zoo fill-mask`, `generate`, `classify` and `score` print with
//! `--json`. While a text is written, the page hears it grow.
//!
//! A crate with architectures of its own makes its module with [`module!`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use zoo_registry::Registry;

mod attention;
mod demo;
mod page;
mod tasks;

use demo::Demo;

/// What a page has handed over so far.
#[derive(Default)]
struct State {
    files: BTreeMap<String, &'static [u8]>,
    demo: Option<Demo>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Keeps a file of the checkpoint, by its name in the folder. It is kept for as long as the page lives: weights are used where
/// they lie.
pub fn file(name: Vec<u8>, bytes: Vec<u8>) {
    let name = String::from_utf8_lossy(&name).into_owned();
    STATE.with_borrow_mut(|state| state.files.insert(name, bytes.leak()));
}

/// Builds the model that the files are of, with one of the registry's architectures, and says what it does.
pub fn open(registry: &Registry) -> Value {
    page::tell_panics();
    STATE.with_borrow_mut(|state| match Demo::open(registry, &state.files) {
        Ok(demo) => state.demo.insert(demo).facts(),
        Err(error) => told(&error),
    })
}

/// Answers a request, in JSON, with the model that was opened.
pub fn run(request: &[u8]) -> Value {
    STATE.with_borrow(|state| match (&state.demo, serde_json::from_slice(request)) {
        (Some(demo), Ok(request)) => tasks::answer(demo, &request).unwrap_or_else(|error| told(&error)),
        (None, _) => told(&"no model is open"),
        (_, Err(error)) => told(&format!("the request: {error}")),
    })
}

fn told(error: &impl ToString) -> Value {
    json!({ "error": error.to_string() })
}

/// An answer as the page reads it: its length in four bytes, the lowest first, and then JSON.
pub fn reply(answer: &Value) -> Vec<u8> {
    let text = answer.to_string();
    let length = u32::try_from(text.len()).unwrap_or_default().to_le_bytes();
    [&length[..], text.as_bytes()].concat()
}

/// Exports what a page calls, over a [`Registry`]: two lines make a crate of architectures a module for browsers.
#[macro_export]
macro_rules! module {
    ($registry:expr) => {
        /// Room for `length` bytes that the page fills; whichever function it is handed to next frees it.
        #[unsafe(no_mangle)]
        extern "C" fn room(length: usize) -> *mut u8 {
            Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
        }

        /// Takes back what `room` gave.
        fn taken(at: *mut u8, length: usize) -> Vec<u8> {
            // SAFETY: the page hands over what `room` gave, with the length it asked for, and does so once.
            unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, length)) }.into_vec()
        }

        /// Frees an answer that was read: `length` is what its first four bytes say, and four.
        #[unsafe(no_mangle)]
        extern "C" fn done(answer: *mut u8, length: usize) {
            drop(taken(answer, length));
        }

        #[unsafe(no_mangle)]
        extern "C" fn file(name: *mut u8, name_length: usize, bytes: *mut u8, length: usize) {
            $crate::file(taken(name, name_length), taken(bytes, length));
        }

        #[unsafe(no_mangle)]
        extern "C" fn open() -> *mut u8 {
            Box::into_raw($crate::reply(&$crate::open(&$registry)).into_boxed_slice()).cast()
        }

        #[unsafe(no_mangle)]
        extern "C" fn run(request: *mut u8, length: usize) -> *mut u8 {
            Box::into_raw($crate::reply(&$crate::run(&taken(request, length))).into_boxed_slice()).cast()
        }
    };
}

#[cfg(feature = "module")]
mod ours {
    crate::module!(zoo_architectures::registry());
}
