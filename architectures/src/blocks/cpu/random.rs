//! Random numbers, drawn by all threads.

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use chacha20::ChaCha8Rng;
use chacha20::rand_core::SeedableRng;
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};
use zoo_registry::threads;

use super::is_here;

/// Numbers that one stream gives.
const PIECE: usize = 1 << 14;

/// A tensor of this distribution, if it is normal or uniform and the device is a place for kernels. Its seed is the next number of the
/// device's own generator, so it follows from what that was seeded with and drew before.
pub(in super::super) fn random<const D: usize>(
    shape: [usize; D],
    distribution: Distribution,
    device: &Device,
) -> Option<Tensor<D>> {
    let draw = draw_of(distribution)?;
    if !is_here(&Tensor::<1>::zeros([1], device)) {
        return None;
    }
    let seed = Tensor::<1, Int>::random([1], Distribution::Uniform(0.0, i32::MAX.into()), device).into_scalar::<u64>();
    let drawn = numbers(shape.iter().product(), seed, draw);
    Some(Tensor::from_data(TensorData::new(drawn, shape), device))
}

/// One number of a distribution.
fn draw_of(distribution: Distribution) -> Option<impl Fn(&mut ChaCha8Rng) -> f64 + Sync + Send> {
    let (normal, add, times) = match distribution {
        Distribution::Normal(mean, std) => (true, mean, std),
        Distribution::Uniform(low, high) => (false, low, high - low),
        _ => return None,
    };
    Some(move |random: &mut ChaCha8Rng| {
        let x: f64 = if normal { StandardNormal.sample(random) } else { StandardUniform.sample(random) };
        add + times * x
    })
}

/// The numbers of piece `p` come from stream `p` of the ChaCha8 generator of this seed, whoever draws them.
fn numbers(length: usize, seed: u64, draw: impl Fn(&mut ChaCha8Rng) -> f64 + Sync + Send) -> Vec<f32> {
    let mut numbers = vec![0.0; length];
    threads::each_piece(&mut numbers, PIECE, 1, |stream, piece| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream as u64);
        piece.iter_mut().for_each(|number| *number = draw(&mut random) as f32);
    });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::device;

    const NORMAL: Distribution = Distribution::Normal(0.5, 2.0);
    const UNIFORM: Distribution = Distribution::Uniform(-0.25, 0.75);
    const LENGTH: usize = 100 * PIECE + 7;

    #[test]
    fn they_are_distributed_as_the_device_draws_them() {
        let device = Device::flex();
        for (distribution, bound) in [(NORMAL, 0.03), (UNIFORM, 0.005)] {
            let sorted = |numbers: Tensor<1>| {
                let mut numbers: Vec<f32> = numbers.into_data().iter().collect();
                numbers.sort_by(f32::total_cmp);
                numbers
            };
            let drawn = sorted(random([LENGTH], distribution, &device).unwrap());
            let expected = sorted(Tensor::random([LENGTH], distribution, &device));
            for percent in 1..100 {
                let at = LENGTH * percent / 100;
                let (drawn, expected) = (drawn[at], expected[at]);
                assert!((drawn - expected).abs() < bound, "{distribution:?}: {drawn} and {expected} at {percent} %");
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_gives_others() {
        for distribution in [NORMAL, UNIFORM] {
            let drawn = |seed| numbers(LENGTH, seed, draw_of(distribution).unwrap());
            assert_eq!(drawn(3), drawn(3));
            let same = drawn(3).iter().zip(drawn(4)).filter(|(x, y)| **x == *y).count();
            assert!(same < 10, "{same} of {LENGTH} numbers are the same");
        }
    }

    #[test]
    fn no_number_tells_another_in_its_piece_or_the_next() {
        let drawn = numbers(LENGTH, 5, draw_of(Distribution::Normal(0.0, 1.0)).unwrap());
        for apart in [1, 2, 16, PIECE] {
            let products = drawn.iter().zip(&drawn[apart..]).map(|(&x, &y)| f64::from(x) * f64::from(y));
            let correlation = products.sum::<f64>() / (LENGTH - apart) as f64;
            // Five deviations of a mean of so many products.
            assert!(correlation.abs() < 5.0 / (LENGTH as f64).sqrt(), "{correlation} at a distance of {apart}");
        }
    }

    #[test]
    fn other_devices_and_distributions_draw_as_burn_does() {
        let flex = Device::flex();
        assert!(random([3], NORMAL, &flex).is_some());
        assert!(random([3], Distribution::Bernoulli(0.5), &flex).is_none());
        assert!(random([3], NORMAL, &flex.clone().autodiff()).is_none());
        assert!(random([3], NORMAL, &device::by_name("ndarray").unwrap()).is_none());
    }
}
