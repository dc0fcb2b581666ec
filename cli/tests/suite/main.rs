//! The binary as people and scripts use it: what it prints, where, and the exit code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answer;
mod bench;
mod browse;
mod check;
mod classify;
mod cost;
mod embed;
mod explore;
mod facts;
mod fill_mask;
mod generate;
mod guide;
mod new;
mod new_family;
mod output;
mod own;
mod publish;
mod pull;
mod remote;
mod score;
#[path = "../../../registry/tests/hub/server.rs"]
#[expect(dead_code, reason = "its other faults are for the tests of the registry")]
mod server;
mod shards;
mod site;
mod support;
mod train;
mod transcripts;
mod weights;
