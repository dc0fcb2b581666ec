//! What the page is told while a model runs, and what it does not give.

/// Says text that has just been written.
pub(crate) fn tell(text: &str) {
    #[cfg(target_family = "wasm")]
    // SAFETY: the page reads `text` before it returns.
    unsafe {
        tell_page(text.as_ptr(), text.len());
    }
    #[cfg(not(target_family = "wasm"))]
    let _ = text;
}

/// Says what went wrong before the module stops for good. A panic is a mistake of ours, and the page should not be silent on it.
pub(crate) fn tell_panics() {
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        // SAFETY: as above.
        unsafe { tell_panic(text.as_ptr(), text.len()) };
    }));
}

#[cfg(target_family = "wasm")]
#[link(wasm_import_module = "page")]
unsafe extern "C" {
    #[link_name = "tell"]
    fn tell_page(text: *const u8, length: usize);
    #[link_name = "panic"]
    fn tell_panic(text: *const u8, length: usize);
}

/// The same bytes each time. Nothing that is computed here depends on them: hash tables ask for seeds, and texts are sampled by a
/// seed of their own.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(to: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    // SAFETY: the caller gives room for `length` bytes.
    unsafe { std::ptr::write_bytes(to, 0x5a, length) };
    Ok(())
}
