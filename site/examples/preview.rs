//! Writes a small site from a catalog by hand, to look at: `cargo run -p zoo-site --example preview -- /tmp/preview`.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::path::PathBuf;

fn main() -> zoo_site::Result<()> {
    let out = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/preview"), PathBuf::from);
    zoo_site::write(&zoo_site::render(&fixture::content())?, &out)?;
    Ok(())
}
