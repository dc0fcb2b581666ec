//! Infini-attention against its paper's equations, and what must hold of a memory: read before written, bounded, the same
//! however a text arrives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod equations;
mod golden;
mod memory;
mod parity;
mod state;
mod subject;
