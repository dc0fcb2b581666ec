//! A relative bias is one number for each head and bucket of distances, and buckets grow with the logarithm.
//!
//! # How
//!
//! A text of one token, repeated, leaves its tokens nothing to differ by, so each row of each attention map is the softmax of the
//! bias alone, in every layer that shares the table. The ratio of two weights of a row tells the difference of two entries: it
//! must be that of the declared buckets, which are computed here from `n_buckets` and `max_distance` in whole numbers, over the
//! entries of the table that the model was given. The text is longer than the largest distance. An encoder has buckets for both
//! directions, a decoder for what lies behind. The guard: every bucket is met, and neighbouring buckets differ.
//!
//! # Catches
//!
//! - a bucket that begins one distance early or late
//! - the sign of a distance, or the halves for the two directions, exchanged
//! - a logarithm to another base
//! - distances beyond the largest that leave the table
//! - layers with a table of their own
//!
//! # Seen
//!
//! - [huggingface/candle #1312](https://github.com/huggingface/candle/pull/1312): far distances were not cut to the last
//!   bucket.
//! - [lucidrains/x-transformers #10](https://github.com/lucidrains/x-transformers/pull/10): the function that finds the
//!   bucket of a distance had to be set right after the published one.
//! - [huggingface/transformers #8518](https://github.com/huggingface/transformers/pull/8518): a decoder's looks at its
//!   source were given a bias that T5 does not have.
//!
//! # Fix
//!
//! The message tells the distance. Small ones are exact, up to half of the buckets of a direction; see whether the sign is
//! that of key minus query. At a border of buckets, look at rounding.

use zoo_registry::output::Record;
use zoo_registry::{Pattern, Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::flow;
use crate::inputs;
use crate::parts;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Stream, VISIBLE, Values, Worst, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let terms = subject.descriptor().taxonomy.get("positional-encoding");
    if !terms.into_iter().flatten().any(|term| term == "relative-t5-bias") {
        return Err(Stop::NotApplicable("it does not declare a bias by buckets of distances".into()));
    }
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        stacks(subject, &variant, &mut worst)?;
    }
    const MEASURE: &str = "multiple of what 32 roundings of a logarithm explain: each weight comes of a score, an exponential, a \
                           sum of a few dozen terms and a quotient";
    worst.verdict_within(1.0, MEASURE, "the bias of every distance, from maps of repeated tokens")
}

/// Buckets of one stack, in whole numbers.
struct Buckets {
    count: usize,
    max_distance: usize,
    both_ways: bool,
}

impl Buckets {
    /// In one direction.
    fn side(&self) -> usize {
        if self.both_ways { self.count / 2 } else { self.count }
    }

    /// The bucket of a key `offset` tokens after its query.
    fn of(&self, offset: i64) -> usize {
        let ahead = if self.both_ways && offset > 0 { self.side() } else { 0 };
        let distance = offset.unsigned_abs() as usize;
        let (exact, far) = (self.side() / 2, self.side() - self.side() / 2);
        if distance < exact {
            return ahead + distance;
        }
        // The k-th of the far buckets begins where (distance / exact) ^ far ≥ (max_distance / exact) ^ k.
        let log = |x: usize, n: usize| n as f64 * (x as f64 / exact as f64).ln();
        let reached = (1..far).filter(|&k| log(distance, far) >= log(self.max_distance, k) - 1e-9).count();
        ahead + exact + reached
    }
}

fn stacks(subject: &Subject<'_>, variant: &Variant, worst: &mut Worst) -> Result<(), Stop> {
    let number = |field: &str| {
        let found = variant.config.get(field).and_then(serde_json::Value::as_u64).map(|n| n as usize);
        found.ok_or_else(|| Stop::fails(format!("it declares buckets of distances, and has no field `{field}`")))
    };
    let (count, max_distance) = (number("n_buckets")?, number("max_distance")?);
    // Gentle scores, so that no weight vanishes; the queries' part is the same everywhere anyway.
    let weights = subject.hot_weights(variant)?;
    let attention = parts::of_kind(subject, variant, "attention")?;
    let is_attention = |path: &str| attention.iter().any(|part| part.path == path);
    let model = subject.filled(variant, &subject.device, parts::changed(&weights, is_attention, |x| x * 0.3))?;
    let patterns = model.patterns();
    let len = FAR * max_distance;
    for (stream, limits) in inputs::streams(model.as_ref())? {
        let layers = if stream == Stream::Source { &patterns.source } else { &patterns.layers };
        let buckets = Buckets { count, max_distance, both_ways: layers.first() == Some(&Pattern::Full) };
        let repeated = Tokens::new(Rows::full(1, len, limits.vocab_size as i64 / 2));
        let reading = flow::long_reading(model.as_ref(), "buckets", len)?.with(stream, repeated);
        let mut maps = values(&model.forward(&reading.input(), Record::ALL)?);
        maps.retain(|map| map.axes == Axes::Pair(stream, stream));
        require(!maps.is_empty(), || "it records no maps".to_owned())?;
        for map in &maps {
            let of = |path: &str, shape: &[usize]| (shape == [count, map.shape[1]]).then(|| path.to_owned());
            let tables: Vec<String> =
                weights.iter().filter_map(|(path, data)| of(path, &data.shape().to_vec())).collect();
            require(!tables.is_empty(), || format!("no table of {count} buckets for {} heads", map.shape[1]))?;
            // An encoder and a decoder have a table each: the map is of the one that fits best.
            let fit = |path: &String| {
                let table: Vec<f64> = weights[path].iter::<f64>().collect();
                off(map, &buckets, &table)
            };
            let fits: Vec<(f64, String)> = tables.iter().map(fit).collect();
            let best = fits.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
            let (error, place) = best.unwrap_or((f64::INFINITY, String::new()));
            worst.see(error, || format!("{}, {place}", map.name));
        }
        met(&buckets, len, &weights_of(&weights, count))?;
    }
    Ok(())
}

fn weights_of(weights: &std::collections::BTreeMap<String, burn::tensor::TensorData>, count: usize) -> Vec<Vec<f64>> {
    let tables = weights.values().filter(|data| data.shape().to_vec().first() == Some(&count));
    tables.map(|data| data.iter::<f64>().collect()).collect()
}

/// Largest distances that the text is long: whatever lies beyond the largest is alike.
const FAR: usize = 7;
/// Roundings that the logarithm of a weight may be off by.
const ROUNDINGS: f64 = 32.0;

/// How far the map is from the softmax of the table's entries, as a multiple of the roundings, and where.
fn off(map: &Values, buckets: &Buckets, table: &[f64]) -> (f64, String) {
    let &[_, heads, queries, keys] = &map.shape[..] else { return (f64::INFINITY, String::new()) };
    let mut worst = Worst::default();
    let mut at = String::new();
    for head in 0..heads {
        let bias = |offset: i64| table[buckets.of(offset) * heads + head];
        for query in 0..queries {
            let weight = |key: usize| f64::from(map.data[(head * queries + query) * keys + key]);
            let own = weight(query).ln();
            for key in (0..keys).filter(|&key| weight(key) > 0.0) {
                let offset = key as i64 - query as i64;
                let (found, wanted) = (weight(key).ln() - own, bias(offset) - bias(0));
                let size = weight(key).ln().abs() + own.abs() + 1.0;
                let multiple = (found - wanted).abs() / (ROUNDINGS * crate::values::UNIT_ROUNDOFF * size);
                if multiple > worst.multiple() {
                    at = format!(
                        "head {head}: distance {offset} has bias {found:.4} beside that of 0, expected {wanted:.4}"
                    );
                }
                worst.see(multiple, String::new);
            }
        }
    }
    (worst.multiple(), at)
}

/// Every bucket is met by some distance, and no two neighbours hold the same number.
fn met(buckets: &Buckets, len: usize, tables: &[Vec<f64>]) -> Result<(), Stop> {
    let reach = len as i64 - 1;
    let ahead = if buckets.both_ways { reach } else { 0 };
    let seen: std::collections::BTreeSet<usize> = (-reach..=ahead).map(|offset| buckets.of(offset)).collect();
    // Of keys ahead, distance 0 is none.
    let wanted = buckets.count - usize::from(buckets.both_ways);
    require(seen.len() == wanted, || format!("a text of {len} tokens meets {} of {wanted} buckets", seen.len()))?;
    for table in tables {
        let heads = table.len() / buckets.count;
        let alike = |bucket: usize| {
            (0..heads).all(|head| {
                let apart = (table[bucket * heads + head] - table[(bucket + 1) * heads + head]).abs();
                apart < VISIBLE * crate::values::UNIT_ROUNDOFF
            })
        };
        let same = (0..buckets.count - 1).find(|&bucket| alike(bucket));
        require(same.is_none(), || format!("buckets {same:?} and the next hold the same numbers, so nothing is seen"))?;
    }
    Ok(())
}
