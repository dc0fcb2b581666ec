//! Attention maps as a page draws them.

use serde_json::{Value, json};
use zoo_registry::output::Output;
use zoo_registry::{Input, Result};

use crate::demo::Demo;
use zoo_registry::output::Record;

/// A map holds whole numbers from 0 to this: shares in thousandths.
const WHOLE: f32 = 1000.0;

/// Every map of one pass over `input`. `names` are those of what the model reads and, of an encoder–decoder, what it wrote.
pub(crate) fn maps(demo: &Demo, input: &Input, names: [&[String]; 2]) -> Result<Value> {
    let record = Record { hidden_states: false, attentions: true };
    let output: Output = demo.model.forward(input, record)?;
    let [read, written] = names;
    let Some(source) = output.source else { return Ok(stacks([("", &output.attentions, read, read)])) };
    Ok(stacks([
        ("The encoder", &source.attentions, read, read),
        ("The decoder on itself", &output.attentions, written, written),
        ("The decoder on the encoder", &source.cross_attentions, written, read),
    ]))
}

type Maps = Vec<burn::tensor::Tensor<4>>;

/// Each stack's maps, `layers[layer][head]` row by row.
fn stacks<'a>(all: impl IntoIterator<Item = (&'a str, &'a Maps, &'a [String], &'a [String])>) -> Value {
    let layer = |map: &burn::tensor::Tensor<4>| {
        let [_, n_heads, rows, columns] = map.dims();
        let shares: Vec<f32> = map.to_data().iter::<f32>().take(n_heads * rows * columns).collect();
        let whole = |share: &f32| (share * WHOLE).round() as u16;
        shares.chunks_exact(rows * columns).map(|head| head.iter().map(whole).collect()).collect::<Vec<Vec<u16>>>()
    };
    let stack = |(name, maps, rows, columns): (&str, &'a Maps, &[String], &[String])| json!({ "name": name, "rows": rows, "columns": columns, "layers": maps.iter().map(layer).collect::<Vec<_>>() });
    all.into_iter().filter(|(_, maps, ..)| !maps.is_empty()).map(stack).collect()
}
