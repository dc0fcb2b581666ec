//! `eˣ` in a form that runs in many lanes at once.

use std::f32::consts::LOG2_E;

/// Below this `eˣ` is less than any normal number, and becomes 0.
const LEAST: f32 = -87.33;
/// Above this it is more than half of the largest number, and becomes infinite.
const MOST: f32 = 88.37;
/// ln 2 as a number with few bits, whose small multiples are exact, and the rest.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Added to a number and taken off again, it leaves the nearest whole one, whose lowest bits stand in those of the sum.
const WHOLE: f32 = 12_582_912.0;
/// The exponent of 1, where f32 keeps it.
const ONE: u32 = 127 << 23;
/// Of powers of r on −ln 2 / 2 to ln 2 / 2, closest in the largest error, which is a third of a rounding.
const POLYNOMIAL: [f32; 7] = [1.0, 1.0, 0.5, 0.166_664_05, 0.041_666_34, 0.008_375_968, 0.001_394_216];

/// `eˣ`, within two roundings of it. With `x = n ln 2 + r` it is `2ⁿ eʳ`: n goes into the exponent, and `eʳ` is a polynomial.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let shifted = x * LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = x - n * LN_2[0] - n * LN_2[1];
    let mut power = POLYNOMIAL[6];
    for coefficient in POLYNOMIAL[..6].iter().rev() {
        power = power * r + coefficient;
    }
    // 2ⁿ: n stands in the lowest bits of the sum, and moves to where the exponent is.
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(ONE));
    let within = if x > MOST { f32::INFINITY } else { power * scale };
    if x < LEAST { 0.0 } else { within }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_two_roundings() {
        let mut worst = 0.0_f64;
        for i in 0..=2_000_000 {
            let x = (LEAST + (MOST - LEAST) * (i as f32 / 2_000_000.0)).min(MOST);
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst:e}");
    }

    #[test]
    fn beyond_its_ends_it_is_nothing_or_infinite() {
        assert_eq!([0.0, -88.0, -1e9, f32::NEG_INFINITY].map(exp), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!([89.0, 1e9, f32::INFINITY].map(exp), [f32::INFINITY; 3]);
        assert!(exp(f32::NAN).is_nan());
    }
}
