//! What blocks compute, in fewer passes: kernels for numbers that lie in this computer's memory.
//!
//! A block says its equation in operations that every device has, that can be differentiated and recorded. On the CPU, operation by
//! operation, most of the time goes into reading and writing what lies between them. Where a tensor is f32 on `flex` and nobody
//! differentiates or records, the functions here do the same in one pass, in the machine's widest registers and with all its threads.
//! Anywhere else they give their input back, and the block goes on as if they were not there. The tests beside each kernel hold the two
//! against each other.
//!
//! No kernel's result depends on the number of threads: work is cut at places that follow from sizes alone, and sums run in one order. Nor does
//! it depend on the width of registers, but for products of several rows, which like those of the device are summed a register at a time, and
//! rounded once for product and sum where the machine can.

#![expect(clippy::result_large_err, reason = "what is refused is a tensor, as what is returned")]

use burn::backend::flex::FlexTensor;
use burn::backend::{BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind, Flex};
use burn::tensor::{DType, Tensor};
use zoo_registry::threads;

/// `wide!(fast = slow(x: &[f32]))`: a function `fast` that runs `slow`, compiled for each width of registers, for the widest that the
/// machine has. `slow` and what it calls have to be inlined.
macro_rules! wide {
    ($name:ident = $function:ident($($argument:ident: $kind:ty),*)) => {
        fn $name($($argument: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
                fn of_512_bits($($argument: $kind),*) {
                    $function($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                fn of_256_bits($($argument: $kind),*) {
                    $function($($argument),*);
                }
                use std::arch::is_x86_feature_detected as has;
                if has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq") {
                    // SAFETY: the machine was just asked whether it has what the function is compiled for.
                    return unsafe { of_512_bits($($argument),*) };
                }
                if has!("avx2") {
                    // SAFETY: as above.
                    return unsafe { of_256_bits($($argument),*) };
                }
            }
            $function($($argument),*);
        }
    };
}

mod append;
mod exponential;
mod few_rows;
mod pointwise;
mod random;
mod softmax;

pub(super) use append::append;
pub(super) use few_rows::{linear, scores_of_rows};
pub(super) use pointwise::{gelu, gelu_tanh, silu};
pub(super) use random::random;
pub(super) use softmax::softmax;

/// A tensor's numbers where they lie, or the tensor as it came if this is no place for kernels.
fn here<const D: usize>(tensor: Tensor<D>) -> Result<FlexTensor, Tensor<D>> {
    let DispatchTensor { kind, autodiff } = tensor.into_dispatch();
    match (kind, autodiff) {
        (DispatchTensorKind::Flex(BackendTensor::Float(numbers)), DispatchAutodiffContext::Disabled)
            if numbers.dtype() == DType::F32 =>
        {
            Ok(numbers)
        }
        (kind, autodiff) => Err(Tensor::from_dispatch(DispatchTensor { kind, autodiff })),
    }
}

/// Whether [`here`] would give numbers.
fn is_here<const D: usize>(tensor: &Tensor<D>) -> bool {
    here(tensor.clone()).is_ok()
}

fn tensor<const D: usize>(numbers: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(numbers)
}

/// Row-major from the start of its memory, which holds nothing else: as it is if it lies so, else as a copy.
fn in_order(numbers: FlexTensor) -> FlexTensor {
    let whole = numbers.bytes().len() == numbers.layout().num_elements() * size_of::<f32>();
    let as_it_is = whole && numbers.is_contiguous() && numbers.layout().start_offset() == 0;
    if as_it_is { numbers } else { numbers.to_contiguous() }
}

/// Runs `work` on pieces of the tensor's numbers, each `length` long but the last, and with its index. Where nobody else holds the tensor
/// they are changed in place.
fn change<const D: usize>(
    x: Tensor<D>,
    length: usize,
    work: impl Fn(usize, &mut [f32]) + Sync + Send,
) -> Result<Tensor<D>, Tensor<D>> {
    let mut numbers = in_order(here(x)?);
    threads::each_piece(numbers.storage_mut::<f32>(), length, 1, work);
    Ok(tensor(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn only_f32_on_flex_outside_of_training() {
        let flex = Device::flex();
        let ones = |device: &Device| Tensor::<2>::ones([2, 3], device);
        assert!(is_here(&ones(&flex)));
        assert!(!is_here(&ones(&flex).cast(DType::F64)));
        assert!(!is_here(&ones(&flex.clone().autodiff())));
        assert!(!is_here(&ones(&zoo_registry::device::by_name("ndarray").unwrap())));
        assert!(is_here(&ones(&flex.autodiff()).inner()));
    }

    #[test]
    fn what_others_hold_stays() {
        let device = Device::flex();
        let whole = Tensor::<2>::from_data([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &device);
        let twice = |x: Tensor<2>| {
            let changed = change(x, 2, |_, piece| piece.iter_mut().for_each(|x| *x *= 2.0)).unwrap();
            changed.into_data().iter::<f32>().collect::<Vec<_>>()
        };
        assert_eq!(twice(whole.clone()), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
        assert_eq!(twice(whole.clone().transpose()), [2.0, 8.0, 4.0, 10.0, 6.0, 12.0]);
        assert_eq!(twice(whole.clone().slice([1..2, 1..3])), [10.0, 12.0]);
        assert_eq!(twice(whole.clone().narrow(0, 0, 1)), [2.0, 4.0, 6.0]);
        assert_eq!(whole.into_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
}
