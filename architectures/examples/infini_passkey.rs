//! Trains small Infini-Transformers to recall a key told long ago, with each way of keeping segments and with none, and prints
//! the figure of the family `infini-attention`: `cargo run --release --example infini_passkey`, some minutes.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use zoo_registry::lesson::{Plan, teach};
use zoo_registry::{Architecture, Lesson, Result, config, registry};

use zoo_architectures::infini_attention::InfiniFamily;
use zoo_architectures::lessons::passkey::Recall;

/// Segments of the texts that are graded.
const SEGMENTS: [usize; 6] = [2, 4, 8, 32, 128, 512];
const KINDS: [(&str, &str); 3] = [("linear", "linear update"), ("delta", "delta update"), ("none", "without memory")];

fn main() -> Result<()> {
    let (lesson, segment_len) = InfiniFamily::recall();
    let Plan { steps, .. } = lesson.plan();
    let [shortest, longest] = lesson.trained();
    println!("title = \"A key recalled\"");
    println!(
        "caption = \"The share of keys of two digits that are recalled at the end of a text, told in its first {segment_len} tokens, \
         of 50 texts each. Attention sees {segment_len} tokens; texts of {shortest} to {longest} were trained on, {steps} batches of 16: enough for \
         the linear update, not for the delta update. By chance one in a hundred is right.\""
    );
    println!("command = \"cargo run --release --example infini_passkey\"");
    println!("x = {{ label = \"tokens of the text\", scale = \"log\" }}");
    println!("y = {{ label = \"share recalled\" }}");
    KINDS.into_iter().try_for_each(|(update, name)| measure(&lesson, segment_len, update, name))
}

fn measure(lesson: &Recall, segment_len: usize, update: &str, name: &str) -> Result<()> {
    let mut fields = lesson.config();
    config::set(Architecture::descriptor(&InfiniFamily), &mut fields, &[format!("update={update}")])?;
    let mut model = registry::build(&InfiniFamily, &InfiniFamily.complete(&fields)?, "flex")?;
    model.init(0);
    let model = teach(model, lesson, lesson.plan(), 0, &mut |_| true)?;
    println!("\n[[series]]\nname = \"{name}\"\npoints = [");
    for segments in SEGMENTS {
        println!("    [{}, {}],", segments * segment_len, lesson.recalled(model.as_ref(), segments)?);
    }
    println!("]");
    Ok(())
}
