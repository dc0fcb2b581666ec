//! Activations, number by number in place.
//!
//! All three are `x σ(z)` with their own `z`: SiLU by definition, the tanh form of GELU because `(1 + tanh z/2) / 2 = σ(z)`, and GELU itself
//! because the normal distribution is `Φ(x) = σ(x P(x²))` for a smooth P, of which the tanh form takes two terms and we take seven.

use std::f32::consts::FRAC_2_SQRT_PI;
use std::f32::consts::SQRT_2;

use burn::tensor::Tensor;

use super::change;
use super::exponential::exp;

/// Numbers a thread takes at once: enough that sharing costs nothing, few enough that they stay in its cache.
const PIECE: usize = 1 << 14;

/// P, of powers of x², closest in the largest error of `x Φ(x)` for x up to 6 in size: 7·10⁻⁸.
const NORMAL: [f32; 7] =
    [1.595_768_4, 0.072_668_56, -6.625_381e-5, -1.104_820_3e-4, 7.938_437e-6, -2.669_054e-7, 3.611_497e-9];
/// Where P ends: beyond it Φ is 0 or 1 within 10⁻⁹.
const END: f32 = 36.0;

/// `x Φ(x)`.
pub(in super::super) fn gelu<const D: usize>(x: Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    change(x, PIECE, |_, piece| gelu_each(piece))
}

/// `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
pub(in super::super) fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    change(x, PIECE, |_, piece| gelu_tanh_each(piece))
}

/// `x σ(x)`.
pub(in super::super) fn silu<const D: usize>(x: Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    change(x, PIECE, |_, piece| silu_each(piece))
}

wide!(gelu_each = each_gelu(numbers: &mut [f32]));
wide!(gelu_tanh_each = each_gelu_tanh(numbers: &mut [f32]));
wide!(silu_each = each_silu(numbers: &mut [f32]));

#[inline(always)]
fn each_gelu(numbers: &mut [f32]) {
    for x in numbers {
        let square = if *x * *x > END { END } else { *x * *x };
        let mut p = NORMAL[6];
        for coefficient in NORMAL[..6].iter().rev() {
            p = p * square + coefficient;
        }
        *x = gated(*x, *x * p);
    }
}

#[inline(always)]
fn each_gelu_tanh(numbers: &mut [f32]) {
    // Twice √(2/π).
    const SLOPE: f32 = FRAC_2_SQRT_PI * SQRT_2;
    for x in numbers {
        *x = gated(*x, SLOPE * *x * (1.0 + 0.044_715 * *x * *x));
    }
}

#[inline(always)]
fn each_silu(numbers: &mut [f32]) {
    for x in numbers {
        *x = gated(*x, *x);
    }
}

/// `x σ(z)`.
#[inline(always)]
fn gated(x: f32, z: f32) -> f32 {
    x / (1.0 + exp(-z))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData, activation};

    /// From −`end` to `end`, and more than one piece.
    fn line(end: f32) -> Vec<f32> {
        let n = 3 * PIECE + 5;
        (0..n).map(|i| end * (2.0 * i as f32 / (n - 1) as f32 - 1.0)).collect()
    }

    /// The largest error over a line, in numbers of its own size or 1.
    fn error(
        end: f32,
        fast: impl Fn(Tensor<1>) -> Result<Tensor<1>, Tensor<1>>,
        plain: impl Fn(Tensor<1>) -> Tensor<1>,
    ) -> f64 {
        let (x, device) = (line(end), Device::flex());
        let data = TensorData::new(x.clone(), [x.len()]);
        let found = fast(Tensor::from_data(data.clone(), &device)).unwrap().into_data();
        let exact = plain(Tensor::<1>::from_data(data, &device).cast(DType::F64)).into_data();
        let gap = |(found, exact): (f64, f64)| (found - exact).abs() / exact.abs().max(1.0);
        found.iter::<f64>().zip(exact.iter::<f64>()).map(gap).fold(0.0, f64::max)
    }

    /// Of the plain formulas in f64, whose numbers between 1 and 2 f32 keeps within 6·10⁻⁸.
    #[test]
    fn close_to_the_plain_formulas() {
        let normal = |x: Tensor<1>| x.clone() * ((x / 2.0_f64.sqrt()).erf() + 1.0) * 0.5;
        for end in [0.1, 3.0, 8.0, 1000.0] {
            let errors = [
                ("gelu", error(end, gelu, normal)),
                ("gelu_tanh", error(end, gelu_tanh, activation::gelu_approximate)),
                ("silu", error(end, silu, activation::silu)),
            ];
            for (name, error) in errors {
                assert!(error < 3e-7, "{name} up to {end}: {error:e}");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_so() {
        let at = |x: f32| -> Vec<f32> {
            let x = || Tensor::<1>::from_data([x], &Device::flex());
            [gelu(x()), gelu_tanh(x()), silu(x())]
                .map(|y| y.unwrap().into_data().iter::<f32>().next().unwrap())
                .to_vec()
        };
        assert!(at(f32::NAN).iter().all(|y| y.is_nan()));
        assert_eq!(at(0.0), [0.0; 3]);
        assert_eq!(at(1e30), [1e30; 3]);
        assert!(at(-1e30).iter().all(|y| y.abs() < 1e-3), "{:?}", at(-1e30));
    }
}
