//! The feed-forward network in which one map decides how much of another passes.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Activation, Linear, unbiased_linear};

/// `(activation(x W_gate) ⊙ x W_up) W_down`: Shazeer 2020, arXiv 2002.05202, §2, equation 6. With GELU it is GEGLU, with SiLU
/// SwiGLU, with ReLU ReGLU.
#[derive(Module, Debug)]
pub struct GatedMlp {
    /// `[d_model, d_ff]`
    pub gate: Linear,
    /// `[d_model, d_ff]`
    pub up: Linear,
    /// `[d_ff, d_model]`
    pub down: Linear,
    #[module(skip)]
    activation: Activation,
}

impl GatedMlp {
    /// Weights of `gate` and `up` from N(0, `std`), of `down` from N(0, `down_std`); no biases.
    pub fn init(
        [d_model, d_ff]: [usize; 2],
        activation: Activation,
        [std, down_std]: [f64; 2],
        device: &Device,
    ) -> Self {
        let widening = || unbiased_linear([d_model, d_ff], std, device);
        let down = unbiased_linear([d_ff, d_model], down_std, device);
        Self { gate: widening(), up: widening(), down, activation }
    }

    /// # Shapes
    /// `[batch, seq_len, d_model]` → the same
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<3> {
        let gate = self.activation.forward(self.gate.forward(hidden.clone()));
        self.down.forward(gate * self.up.forward(hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn equals_the_equation_in_loops() {
        let device = Device::flex();
        device.seed(11);
        let (d_model, d_ff) = (3, 5);
        let mlp = GatedMlp::init([d_model, d_ff], Activation::Silu, [1.0, 1.0], &device);
        let x = Tensor::<3>::random([1, 2, d_model], Distribution::Normal(0.0, 1.0), &device);
        let numbers = |map: &Linear| map.weight.val().into_data().iter::<f64>().collect::<Vec<_>>();
        let (gate, up, down) = (numbers(&mlp.gate), numbers(&mlp.up), numbers(&mlp.down));
        let rows: Vec<f64> = x.to_data().iter().collect();
        let found: Vec<f64> = mlp.forward(x).into_data().iter().collect();
        for (row, found) in rows.chunks(d_model).zip(found.chunks(d_model)) {
            let times = |w: &[f64], to: usize| (0..d_model).map(|from| row[from] * w[from * d_ff + to]).sum::<f64>();
            let inner: Vec<f64> = (0..d_ff)
                .map(|to| {
                    let g = times(&gate, to);
                    g / (1.0 + (-g).exp()) * times(&up, to)
                })
                .collect();
            for (to, found) in found.iter().enumerate() {
                let expected: f64 = (0..d_ff).map(|from| inner[from] * down[from * d_model + to]).sum();
                assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
            }
        }
    }
}
