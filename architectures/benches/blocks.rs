//! How long a block takes at the sizes of BERT-base and GPT-2 small: `cargo bench --workspace --bench blocks -- attention`.
//!
//! Random numbers, f32, on the default device, with as many threads as `RAYON_NUM_THREADS` says. A second run is compared with the first.

use burn::tensor::{Device, Distribution, Int, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use zoo_architectures::blocks::{
    Activation, KvCache, Mlp, MultiHeadAttention, attend, causal_bias, embedding, layer_norm, rms_norm, tied_logits,
};
use zoo_registry::Trace;

const D_MODEL: usize = 768;
const D_FF: usize = 3072;
const N_HEADS: usize = 12;
const VOCAB_SIZE: usize = 50257;
/// Texts and tokens: one token, one text, eight texts.
const SIZES: [[usize; 2]; 3] = [[1, 1], [1, 128], [8, 128]];

fn hidden([batch, seq_len]: [usize; 2], width: usize) -> Tensor<3> {
    let device = Device::flex();
    device.seed(1);
    Tensor::random([batch, seq_len, width], Distribution::Normal(0.0, 1.0), &device)
}

/// Times `run` on hidden states of each of the sizes. Copies of the input are made outside of what is measured.
fn each(c: &mut Criterion, name: &str, width: usize, run: impl Fn(Tensor<3>) -> Tensor<3>) {
    let mut group = c.benchmark_group(name);
    for size @ [batch, seq_len] in SIZES {
        let input = hidden(size, width);
        group.throughput(Throughput::Elements((batch * seq_len) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{batch}x{seq_len}")), |bench| {
            let own = || Tensor::from_data(input.to_data(), &input.device());
            bench.iter_batched(own, &run, criterion::BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn activations(c: &mut Criterion) {
    for (name, activation) in [("gelu", Activation::Gelu), ("gelu-tanh", Activation::GeluTanh)] {
        each(c, name, D_FF, |x| activation.forward(x));
    }
}

fn feed_forward(c: &mut Criterion) {
    let mlp = Mlp::init([D_MODEL, D_FF], Activation::Gelu, [0.02; 2], &Device::flex());
    each(c, "mlp", D_MODEL, |x| mlp.forward(x));
}

fn attention(c: &mut Criterion) {
    let device = Device::flex();
    let attention = MultiHeadAttention::init(D_MODEL, N_HEADS, 0.02, 0.02, &device);
    each(c, "attention", D_MODEL, |x| {
        let [_, seq_len, _] = x.dims();
        let [query, key, value] = attention.project(&x);
        let bias = Some(causal_bias(seq_len, seq_len, &device));
        attention.merge(attend(query, key, value, 0.125, bias, &mut Trace::off()))
    });
    // A token that looks back at others.
    let mut group = c.benchmark_group("attention-cached");
    for past in [128, 1000] {
        let kept = attention.keys_and_values(&hidden([1, past], D_MODEL));
        let token = hidden([1, 1], D_MODEL);
        group.bench_function(BenchmarkId::from_parameter(past), |bench| {
            let start = || {
                let mut cache = KvCache::new(1);
                let [key, value] = kept.clone();
                cache.append(0, key, value);
                cache
            };
            bench.iter_batched(
                start,
                |mut cache| {
                    let [query, key, value] = attention.project(&token);
                    let (key, value) = cache.append(0, key, value);
                    attention.merge(attend(query, key, value, 0.125, None, &mut Trace::off()))
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn norms(c: &mut Criterion) {
    let device = Device::flex();
    let (layer, rms) = (layer_norm(D_MODEL, 1e-5, &device), rms_norm(D_MODEL, 1e-6, &device));
    each(c, "layer-norm", D_MODEL, |x| layer.forward(x));
    each(c, "rms-norm", D_MODEL, |x| rms.forward(x));
}

fn tables(c: &mut Criterion) {
    let device = Device::flex();
    let table = embedding([VOCAB_SIZE, D_MODEL], 0.02, &device);
    let mut group = c.benchmark_group("embedding");
    for [batch, seq_len] in SIZES {
        let ids = Tensor::<1, Int>::arange(0..(batch * seq_len) as i64, &device).reshape([batch, seq_len]) * 31;
        group.bench_function(BenchmarkId::from_parameter(format!("{batch}x{seq_len}")), |bench| {
            bench.iter(|| table.forward(ids.clone()));
        });
    }
    group.finish();
    each(c, "logits", D_MODEL, |x| tied_logits(x, &table));
}

criterion_group!(blocks, activations, feed_forward, attention, norms, tables);
criterion_main!(blocks);
