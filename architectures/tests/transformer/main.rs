//! The Transformer against its paper's equations: nobody published weights of exactly this graph in a format that is read here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod equations;
mod golden;
