//! The position-wise feed-forward network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Activation, Linear, linear, unbiased_linear};

/// `activation(x W_up + b_up) W_down + b_down`: arXiv 1706.03762, §3.3 equation 2.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[d_model, d_ff]`
    pub up: Linear,
    /// `[d_ff, d_model]`
    pub down: Linear,
    #[module(skip)]
    activation: Activation,
}

impl Mlp {
    /// Weights of `up` from N(0, `std`), of `down` from N(0, `down_std`), biases zero.
    pub fn init(
        [d_model, d_ff]: [usize; 2],
        activation: Activation,
        [std, down_std]: [f64; 2],
        device: &Device,
    ) -> Self {
        Self { up: linear([d_model, d_ff], std, device), down: linear([d_ff, d_model], down_std, device), activation }
    }

    /// The same without biases: `activation(x W_up) W_down`.
    pub fn unbiased(
        [d_model, d_ff]: [usize; 2],
        activation: Activation,
        [std, down_std]: [f64; 2],
        device: &Device,
    ) -> Self {
        let (up, down) =
            (unbiased_linear([d_model, d_ff], std, device), unbiased_linear([d_ff, d_model], down_std, device));
        Self { up, down, activation }
    }

    /// # Shapes
    /// `[batch, seq_len, d_model]` → the same
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.down.forward(self.activation.forward(self.up.forward(hidden)))
    }
}
