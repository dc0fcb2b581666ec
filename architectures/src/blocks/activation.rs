//! Pointwise non-linearities, by the names configurations use.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::cpu;

/// The function between two linear maps. Published spellings are read as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x Φ(x)` with the exact normal distribution: Hendrycks and Gimpel 2016, arXiv 1606.08415, §2.
    Gelu,
    /// `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`: the same section's approximation, which GPT-2 was trained with.
    #[serde(alias = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluTanh,
    /// `x σ(x)`, also called swish: arXiv 1606.08415, §2.
    #[serde(alias = "swish")]
    Silu,
    /// `tanh(x)`.
    Tanh,
}

impl Activation {
    /// Applies the function to every element.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            // Written out: where burn's own has no exact gradient, it takes the gradient of the approximation.
            Self::Gelu => cpu::gelu(x).unwrap_or_else(|x| x.clone() * ((x * FRAC_1_SQRT_2).erf() + 1.0) * 0.5),
            Self::GeluTanh => cpu::gelu_tanh(x).unwrap_or_else(activation::gelu_approximate),
            Self::Silu => cpu::silu(x).unwrap_or_else(activation::silu),
            Self::Tanh => x.tanh(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn values_are_those_of_the_papers() {
        let at = |activation: Activation, x: f32| {
            let x = Tensor::<1>::from_data([x], &Device::flex());
            activation.forward(x).into_data().iter::<f32>().next().unwrap()
        };
        // Φ(1) = 0.8413447, tanh formula at 1 = 0.8411920, σ(1) = 0.7310586.
        for (activation, expected) in [
            (Activation::Relu, 1.0),
            (Activation::Gelu, 0.841_344_7),
            (Activation::GeluTanh, 0.841_192),
            (Activation::Silu, 0.731_058_6),
            (Activation::Tanh, 0.761_594_2),
        ] {
            assert!((at(activation, 1.0) - expected).abs() < 1e-6, "{activation:?}");
            assert!(at(activation, -1.0) < at(activation, 1.0));
        }
        assert_eq!(at(Activation::Relu, -2.0), 0.0);
    }

    #[test]
    fn published_spellings_are_read() {
        let read = |text: &str| serde_json::from_value::<Activation>(text.into());
        assert_eq!(read("gelu_new").unwrap(), Activation::GeluTanh);
        assert_eq!(read("gelu_pytorch_tanh").unwrap(), Activation::GeluTanh);
        assert!(read("gelou").is_err());
    }
}
