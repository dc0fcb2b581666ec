//! Numbers to compute with in plain loops: f64 for the truth, f32 for how far rounding alone leads away from it.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

/// A floating-point number.
pub(crate) trait Real:
    Copy + PartialOrd + Sum + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The nearest of this type.
    fn of(x: f64) -> Self;
    /// The same number, wider.
    fn wide(self) -> f64;

    /// What `f` makes of it, rounded once.
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self::of(f(self.wide()))
    }
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }

    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn of(x: f64) -> Self {
        x as Self
    }

    fn wide(self) -> f64 {
        self.into()
    }
}

/// `2/√π ∫₀ˣ exp(−t²) dt`, by the series `2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!`, whose terms all have one sign.
pub(crate) fn erf(x: f64) -> f64 {
    // 1 − erf(6) is below the last place of 1.
    if x.abs() >= 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() / 8.0 {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    sum * (-x * x).exp() * std::f64::consts::FRAC_2_SQRT_PI
}

/// The functions of the axis `activation` that have no parameter and one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Relu,
    SquaredRelu,
    Gelu,
    GeluTanh,
    QuickGelu,
    Silu,
    Tanh,
}

impl Activation {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Relu, Self::SquaredRelu, Self::Gelu, Self::GeluTanh, Self::QuickGelu, Self::Silu, Self::Tanh];

    /// As the vocabulary calls it.
    pub(crate) fn term(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::SquaredRelu => "squared-relu",
            Self::Gelu => "gelu",
            Self::GeluTanh => "gelu-tanh",
            Self::QuickGelu => "quick-gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
        }
    }

    pub(crate) fn at(self, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match self {
            Self::Relu => x.max(0.0),
            Self::SquaredRelu => x.max(0.0).powi(2),
            Self::Gelu => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => {
                let root = (2.0 / std::f64::consts::PI).sqrt();
                0.5 * x * (1.0 + (root * (x + 0.044_715 * x.powi(3))).tanh())
            }
            Self::QuickGelu => x * sigmoid(1.702 * x),
            Self::Silu => x * sigmoid(x),
            Self::Tanh => x.tanh(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_is_that_of_the_tables() {
        // Abramowitz and Stegun, table 7.1, and its symmetry.
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (5.9, 0.999_999_999_999_999_9),
            (7.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 4e-16 && (erf(-x) + expected).abs() < 4e-16, "{x}: {}", erf(x));
        }
    }

    #[test]
    fn activations_are_those_of_the_papers() {
        for (activation, expected) in [
            (Activation::Relu, 1.0),
            (Activation::Gelu, 0.841_344_746),
            (Activation::GeluTanh, 0.841_191_991),
            (Activation::QuickGelu, 0.845_795_775),
            (Activation::Silu, 0.731_058_579),
            (Activation::Tanh, 0.761_594_156),
        ] {
            assert!((activation.at(1.0) - expected).abs() < 1e-8, "{}: {}", activation.term(), activation.at(1.0));
        }
        let known = zoo_registry::vocabulary::axis("activation").unwrap();
        assert!(Activation::ALL.iter().all(|one| known.terms.iter().any(|term| term.id == one.term())));
    }
}
