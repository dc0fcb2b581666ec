//! What running a size costs, as plain numbers: read off the operations that its code runs, or estimated from its published sizes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the code of a size does with one input of one length, in f32.
///
/// Of an encoder–decoder both texts have that length, of a vision model the input is one image of the configured size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Length of the text, or patches of the image.
    pub tokens: u64,
    /// Multiplications and additions in matrix products and convolutions of a forward pass: `2 m n k` where `[m, k]` meets `[k, n]`.
    pub matmul_flops: u64,
    /// Numbers that all other arithmetic of the pass runs over, the larger of what goes in and what comes out of each operation.
    pub elementwise: u64,
    /// Most bytes that inputs and intermediate results take at any time of the pass, each freed after its last use. Parameters are
    /// not among them.
    pub activation_bytes: u64,
    /// For a model that writes.
    pub writing: Option<Writing>,
}

/// What writing on costs once so many tokens were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writing {
    /// What is remembered of them: keys and values, or a memory.
    pub state_bytes: u64,
    /// As [`Cost::matmul_flops`], to read the last of them when all others are remembered, and score the next.
    pub step_flops: u64,
}

/// What a transformer of published sizes should cost, whether or not there is code for it. For layers that look at the whole text, with
/// keys and values as wide as their heads or made of one vector: there is none for one that reads in segments, whose memory does not grow.
/// Whether that is the model's attention, [`is_of`](Self::is_of) says.
///
/// ```
/// use zoo_registry::cost::Estimate;
/// let sizes = serde_json::json!({ "d_model": 12288, "n_layers": 96, "n_heads": 96 });
/// let gpt3 = Estimate::of(sizes.as_object().unwrap(), 174_600_000_000, true).unwrap();
/// assert_eq!(gpt3.state_numbers_per_token, Some(2 * 96 * 12288));
/// assert_eq!(gpt3.flops_per_token(2048), 2 * 174_600_000_000 + 4 * 2048 * 96 * 12288);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Of a forward pass, for each token: two for each parameter in use, as Kaplan et al. 2020 (arXiv 2001.08361, §2.1) count. A table
    /// of tokens that is known to be looked up and nothing else, for the model writes none or writes them by a table of its own, is
    /// left out.
    pub flops_per_token: u64,
    /// Of a forward pass, for each token and each token it may look at: two products over the width of all heads in each attention,
    /// `4 · n_layers · n_heads · head_dim`; where a key has `shared_key_dim` numbers more than a value, `2 · n_layers · n_heads · (2 · head_dim +
    /// shared_key_dim)`.
    pub flops_per_pair: u64,
    /// What is kept of each token, if it writes: keys and values, `2 · n_layers · n_kv_heads · head_dim`, or the vector that they are made of
    /// and the key that all heads share, `n_layers · (kv_latent_dim + shared_key_dim)` (DeepSeek-AI 2024, arXiv 2405.04434, §2.1.4).
    pub state_numbers_per_token: Option<u64>,
}

/// Kinds of attention in which every layer looks at all that a mask leaves.
const WHOLE: [&str; 12] = [
    "scaled-dot-product",
    "self",
    "cross",
    "multi-head",
    "masked",
    "full-bidirectional",
    "causal",
    "prefix",
    "global",
    "multi-query",
    "grouped-query",
    "multi-head-latent",
];

impl Estimate {
    /// From a configuration in our names, as far as it is known, and the parameters in use for one token. `None` if the sizes that
    /// it takes are not known.
    pub fn of(sizes: &Map<String, Value>, parameters: u64, writes: bool) -> Option<Self> {
        let products = Products::of(sizes)?;
        let size = |field: &str| sizes.get(field).and_then(Value::as_u64);
        let tied = sizes.get("tied").and_then(Value::as_bool);
        let looked_up = match size("vocab_size").zip(size("d_model")) {
            Some((vocab_size, d_model)) if !writes || tied == Some(false) => vocab_size.saturating_mul(d_model),
            _ => 0,
        };
        Some(Self {
            flops_per_token: parameters.saturating_sub(looked_up).saturating_mul(2),
            flops_per_pair: product(&products.flops_per_pair),
            state_numbers_per_token: writes.then(|| product(&products.state_numbers_per_token)),
        })
    }

    /// Whether it is made for attention of these kinds, which the taxonomy names. With others a model looks at less than the whole text,
    /// keeps less of it, or computes something else.
    pub fn is_of<'a>(attention: impl IntoIterator<Item = &'a str>) -> bool {
        attention.into_iter().all(|kind| WHOLE.contains(&kind))
    }

    /// For each token of a text of this length.
    pub fn flops_per_token(&self, tokens: u64) -> u64 {
        self.flops_per_token.saturating_add(self.flops_per_pair.saturating_mul(tokens))
    }
}

/// What an [`Estimate`] multiplies, for those who show how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    /// Of [`Estimate::flops_per_pair`].
    pub flops_per_pair: Vec<Factor>,
    /// Of [`Estimate::state_numbers_per_token`], if it writes.
    pub state_numbers_per_token: Vec<Factor>,
}

/// A number by the name that configurations have for it; a constant by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// `n_layers`, `2`, `(n_layers + 2 · n_decoder_layers)`.
    pub name: &'static str,
    /// How much it is.
    pub value: u64,
}

impl Products {
    /// From a configuration in our names. `None` if the sizes that they take are not known.
    pub fn of(sizes: &Map<String, Value>) -> Option<Self> {
        let size = |name: &'static str| Some(Factor { name, value: sizes.get(name).and_then(Value::as_u64)? });
        if size("segment_len").is_some() {
            return None;
        }
        let n_heads = size("n_heads").filter(|n_heads| n_heads.value > 0)?;
        let n_kv_heads = size("n_kv_heads").unwrap_or(n_heads);
        let by_width = || Some(Factor { name: "head_dim", value: size("d_model")?.value / n_heads.value });
        let head_dim = size("head_dim").or_else(by_width)?;
        // An encoder–decoder's decoder looks at both texts.
        let sum = |name, one: u64, twice: u64| Factor { name, value: twice.saturating_mul(2).saturating_add(one) };
        let both = |name, read: Factor, written: Factor| sum(name, read.value, written.value);
        let (attentions, remembering) = match (size("n_encoder_layers"), size("n_decoder_layers"), size("n_layers")) {
            (Some(read), Some(written), _) => {
                (both("(n_encoder_layers + 2 · n_decoder_layers)", read, written), written)
            }
            (Some(read), None, _) => (both("3 · n_encoder_layers", read, read), read),
            (None, Some(written), Some(read)) => (both("(n_layers + 2 · n_decoder_layers)", read, written), written),
            (None, Some(n), None) | (None, None, Some(n)) => (n, n),
            (None, None, None) => return None,
        };
        let [two, four] = [("2", 2), ("4", 4)].map(|(name, value)| Factor { name, value });
        // One vector stands for the keys and values of all heads, and one key is the same for all of them.
        if let Some((latent, shared)) = size("kv_latent_dim").zip(size("shared_key_dim")) {
            let widths = sum("(2 · head_dim + shared_key_dim)", shared.value, head_dim.value);
            let kept = latent.value.saturating_add(shared.value);
            let kept = Factor { name: "(kv_latent_dim + shared_key_dim)", value: kept };
            return Some(Self {
                flops_per_pair: vec![two, attentions, n_heads, widths],
                state_numbers_per_token: vec![remembering, kept],
            });
        }
        Some(Self {
            flops_per_pair: vec![four, attentions, n_heads, head_dim],
            state_numbers_per_token: vec![two, remembering, n_kv_heads, head_dim],
        })
    }
}

fn product(factors: &[Factor]) -> u64 {
    factors.iter().fold(1, |product, factor| product.saturating_mul(factor.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn estimate(sizes: &Value) -> Option<Estimate> {
        Estimate::of(sizes.as_object().unwrap(), 1000, true)
    }

    #[test]
    fn grouped_heads_keep_less() {
        let sizes = json!({ "n_layers": 2, "d_model": 64, "n_heads": 8, "n_kv_heads": 2 });
        let found = estimate(&sizes).unwrap();
        assert_eq!(found.flops_per_pair, 4 * 2 * 64);
        assert_eq!(found.state_numbers_per_token, Some(2 * 2 * 2 * 8));
        let wide = json!({ "n_layers": 2, "d_model": 64, "n_heads": 8, "head_dim": 16 });
        assert_eq!(estimate(&wide).unwrap().state_numbers_per_token, Some(2 * 2 * 128));
    }

    #[test]
    fn one_vector_stands_for_keys_and_values() {
        // The paper's own count for its model: (512 + 64) numbers a layer (arXiv 2405.04434, table 1: 9/2 · d_h · l with d_h 128).
        let deepseek = json!({ "n_layers": 60, "d_model": 5120, "n_heads": 128, "head_dim": 128, "kv_latent_dim": 512, "shared_key_dim": 64 });
        let found = estimate(&deepseek).unwrap();
        assert_eq!(found.state_numbers_per_token, Some(9 * 128 * 60 / 2));
        assert_eq!(found.flops_per_pair, 60 * 128 * (2 * (128 + 64) + 2 * 128));
    }

    #[test]
    fn windows_and_hashes_are_not_what_it_is_made_for() {
        assert!(Estimate::is_of(["causal", "grouped-query"]) && Estimate::is_of([]));
        assert!(!Estimate::is_of(["causal", "local-window"]) && !Estimate::is_of(["lsh"]));
        let known = &crate::vocabulary::axis("attention").unwrap().terms;
        assert!(WHOLE.iter().all(|kind| known.iter().any(|term| term.id == *kind)));
    }

    #[test]
    fn factors_go_by_the_names_of_the_configuration() {
        let names = |sizes: &Value| {
            let products = Products::of(sizes.as_object().unwrap()).unwrap();
            [products.flops_per_pair, products.state_numbers_per_token]
                .map(|factors| factors.iter().map(|factor| factor.name).collect::<Vec<_>>())
        };
        let grouped = names(&json!({ "n_layers": 2, "d_model": 64, "n_heads": 8, "n_kv_heads": 2 }));
        assert_eq!(grouped[0], ["4", "n_layers", "n_heads", "head_dim"]);
        assert_eq!(grouped[1], ["2", "n_layers", "n_kv_heads", "head_dim"]);
        let both = names(&json!({ "n_encoder_layers": 3, "n_decoder_layers": 2, "d_model": 64, "n_heads": 8 }));
        assert_eq!(both[0], ["4", "(n_encoder_layers + 2 · n_decoder_layers)", "n_heads", "head_dim"]);
        assert_eq!(both[1], ["2", "n_decoder_layers", "n_heads", "head_dim"]);
    }

    #[test]
    fn a_decoder_looks_at_both_texts() {
        let sizes = json!({ "n_encoder_layers": 3, "d_model": 64, "n_heads": 8 });
        let found = estimate(&sizes).unwrap();
        assert_eq!(found.flops_per_pair, 4 * (3 + 2 * 3) * 64);
        assert_eq!(found.state_numbers_per_token, Some(2 * 3 * 64));
    }

    #[test]
    fn a_table_that_is_only_looked_up_costs_nothing() {
        let mut sizes = json!({ "n_layers": 2, "d_model": 4, "n_heads": 2, "vocab_size": 50 });
        assert_eq!(estimate(&sizes).unwrap().flops_per_token, 2 * 1000);
        let reads = Estimate::of(sizes.as_object().unwrap(), 1000, false).unwrap();
        assert_eq!(reads.flops_per_token, 2 * 800);
        sizes["tied"] = false.into();
        assert_eq!(estimate(&sizes).unwrap().flops_per_token, 2 * 800);
    }

    #[test]
    fn what_is_not_known_is_not_estimated() {
        assert_eq!(estimate(&json!({ "n_layers": 2, "d_model": 64 })), None);
        assert_eq!(estimate(&json!({ "n_layers": 2, "d_model": 64, "n_heads": 0 })), None);
        assert_eq!(estimate(&json!({ "d_model": 64, "n_heads": 8 })), None);
        assert_eq!(estimate(&json!({ "n_layers": 2, "n_heads": 8 })), None);
        assert_eq!(estimate(&json!({ "n_layers": 2, "d_model": 64, "n_heads": 8, "segment_len": 16 })), None);
    }
}
