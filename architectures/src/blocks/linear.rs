//! Linear maps and layer norms with the initial values the papers give them.

use burn::module::Initializer;
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::Device;

/// `x W + b` with `W [d_in, d_out]` from N(0, `std`) and `b` zero.
pub fn linear([d_in, d_out]: [usize; 2], std: f64, device: &Device) -> Linear {
    let weight = Initializer::Normal { mean: 0.0, std }.init([d_in, d_out], device);
    Linear { weight, bias: Some(Initializer::Zeros.init([d_out], device)) }
}

/// `γ (x − mean) / √(var + eps) + β` over the last axis, γ = 1 and β = 0 at first.
/// Ba, Kiros and Hinton 2016, arXiv 1607.06450, equation 3.
pub fn layer_norm(d_model: usize, eps: f64, device: &Device) -> LayerNorm {
    LayerNormConfig::new(d_model).with_epsilon(eps).init(device)
}
