//! Measures how large a decoder's state is after long texts, and prints the figure of the family `infini-attention`:
//! `cargo run --release --example infini_memory`, some minutes. Beside it, GPT-2 of the same width, which keeps every token's keys and
//! values.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::Instant;

use zoo_registry::draw::Draw;
use zoo_registry::{Logits, Model, Result, Rows, Tokens};

/// Tokens read at a time.
const PIECE: usize = 1024;
const SEGMENT: usize = 64;
/// Lengths of texts; each ends one token before its segment does, when the state is largest.
const LENGTHS: [usize; 5] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
/// As far as GPT-2 is read: its time grows with the square.
const GPT2_LENGTHS: [usize; 3] = [4 << 10, 8 << 10, 16 << 10];

fn main() -> Result<()> {
    let sizes = ["vocab_size=256", "d_model=64", "n_layers=2", "n_heads=4", "d_ff=128"];
    let of = |more: &[&str]| sizes.iter().chain(more).map(|&field| field.to_owned()).collect::<Vec<String>>();
    println!("title = \"What is remembered of a text\"");
    println!(
        "caption = \"The state of a decoder after reading a text, measured. Infini-attention's memory does not grow; GPT-2 \
         of the same width keeps every token's keys and values. Two layers of width 64, four heads, segments of 64 tokens; \
         one text, read {PIECE} tokens at a time, to one token before the end of a segment, when the state is largest.\""
    );
    println!("command = \"cargo run --release --example infini_memory\"");
    println!("x = {{ label = \"tokens read\", scale = \"log\" }}");
    println!("y = {{ label = \"bytes of state\", scale = \"log\" }}");
    let infini = of(&["head_dim=16", &format!("segment_len={SEGMENT}")]);
    measure("Infini-attention", built("infini-attention", &infini)?.as_ref(), &LENGTHS)?;
    let gpt2 = of(&[&format!("max_positions={}", GPT2_LENGTHS[2])]);
    measure("GPT-2", built("gpt2", &gpt2)?.as_ref(), &GPT2_LENGTHS)
}

fn built(name: &str, overrides: &[String]) -> Result<Box<dyn Model>> {
    let mut model = zoo_architectures::registry().build(name, overrides, "flex")?;
    model.init(1);
    Ok(model)
}

/// Reads one text on and on, and prints the state's size at each length, with the time it took and the most memory that the
/// whole program has held so far.
fn measure(name: &str, model: &dyn Model, lengths: &[usize]) -> Result<()> {
    let decoder = model.decoder().unwrap_or_else(|| unreachable!("both predict the next token"));
    let mut state = decoder.start(1, None)?;
    let mut draw = Draw::new("a very long text");
    println!("\n[[series]]\nname = \"{name}\"\npoints = [");
    let start = Instant::now();
    for &length in lengths {
        while state.len() < length - 1 {
            let ids = draw.ids(PIECE.min(length - 1 - state.len()), 256);
            let Some(ids) = Rows::new(&[ids]) else { break };
            decoder.advance(&mut state, &Tokens::new(ids), Logits::Last)?;
        }
        let (seconds, peak) = (start.elapsed().as_secs_f64(), peak_memory());
        println!("    [{}, {}], # after {seconds:.1} s, peak {peak}", state.len(), state.bytes());
    }
    println!("]");
    Ok(())
}

/// The most memory this process has held, as Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown", str::trim).to_owned()
}
