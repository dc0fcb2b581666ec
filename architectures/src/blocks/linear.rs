//! Linear maps and norms with the initial values the papers give them.

use burn::module::{Initializer, Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, RmsNorm, RmsNormConfig};
use burn::tensor::{Device, Tensor, assert_shape, module};

use super::{cpu, normal};

/// `x W + b`, or `x W` without a bias.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[d_in, d_out]`
    pub weight: Param<Tensor<2>>,
    /// `[d_out]`
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// # Shapes
    /// `[.., d_in]` → `[.., d_out]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (weight, bias) = (self.weight.val(), self.bias.as_ref().map(Param::val));
        let [d_in, _] = weight.dims();
        assert_shape!(x, [.., d_in]);
        cpu::linear(x, &weight, bias.as_ref()).unwrap_or_else(|x| module::linear(x, weight, bias))
    }
}

/// `x W + b` with `W [d_in, d_out]` from N(0, `std`) and `b` zero.
pub fn linear([d_in, d_out]: [usize; 2], std: f64, device: &Device) -> Linear {
    Linear { weight: normal([d_in, d_out], std, device), bias: Some(Initializer::Zeros.init([d_out], device)) }
}

/// `x W` with `W [d_in, d_out]` from N(0, `std`).
pub fn unbiased_linear([d_in, d_out]: [usize; 2], std: f64, device: &Device) -> Linear {
    Linear { weight: normal([d_in, d_out], std, device), bias: None }
}

/// `γ (x − mean) / √(var + eps) + β` over the last axis, γ = 1 and β = 0 at first.
/// Ba, Kiros and Hinton 2016, arXiv 1607.06450, equation 3.
pub fn layer_norm(d_model: usize, eps: f64, device: &Device) -> LayerNorm {
    LayerNormConfig::new(d_model).with_epsilon(eps).init(device)
}

/// `γ x / √(mean(x²) + eps)` over the last axis, γ = 1 at first: no mean is taken off and nothing is added.
/// Zhang and Sennrich 2019, arXiv 1910.07467, equation 4.
pub fn rms_norm(d_model: usize, eps: f64, device: &Device) -> RmsNorm {
    RmsNormConfig::new(d_model).with_epsilon(eps).init(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rms_norm_is_equation_4() {
        let device = Device::flex();
        let (x, gamma, eps) = ([[3.0f32, -4.0, 0.5], [0.0, 0.1, 0.0]], [1.0f32, 2.0, -1.0], 0.25);
        let mut norm = rms_norm(3, eps, &device);
        norm.gamma = Param::from_tensor(Tensor::from_data(gamma, &device));
        let found: Vec<f64> = norm.forward(Tensor::<2>::from_data(x, &device)).into_data().iter().collect();
        let expected = x.iter().flat_map(|row| {
            let square = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / 3.0;
            row.iter().zip(gamma).map(move |(&x, gamma)| f64::from(x) * f64::from(gamma) / (square + eps).sqrt())
        });
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }
}
