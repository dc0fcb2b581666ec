//! Weights before anything is learned.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Distribution, Shape, Tensor};

use super::cpu;

/// A weight from N(0, `std`), drawn when it is first asked for: one that is loaded never is.
pub fn normal<const D: usize>(shape: [usize; D], std: f64, device: &Device) -> Param<Tensor<D>> {
    weight(shape, Distribution::Normal(0.0, std), device)
}

/// A weight from the numbers between −`bound` and `bound`, one as likely as the other, drawn when it is first asked for.
pub fn uniform<const D: usize>(shape: [usize; D], bound: f64, device: &Device) -> Param<Tensor<D>> {
    weight(shape, Distribution::Uniform(-bound, bound), device)
}

fn weight<const D: usize>(shape: [usize; D], distribution: Distribution, device: &Device) -> Param<Tensor<D>> {
    let draw = move |device: &Device, learns: bool| {
        // Kept for long, says the device's memory: what a pass needs lies elsewhere.
        device.memory_persistent_allocations((), |()| {
            let drawn = cpu::random(shape, distribution, device);
            drawn.unwrap_or_else(|| Tensor::random(shape, distribution, device)).set_require_grad(learns)
        })
    };
    Param::uninitialized(ParamId::new(), draw, device.clone(), true, Shape::from(shape))
}
