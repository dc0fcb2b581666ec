//! Tokens added to what is remembered, without copying what is remembered.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape, Tensor};

use super::{here, in_order, is_here, tensor};

/// Tokens for which there is room at least when memory is taken anew; else half as many as there are.
const ROOM: usize = 64;

/// `new` after `kept`, along the axis of tokens. Memory is taken with room for more, so that most steps write the new tokens behind the
/// old ones, and the tensor grows where it lies. Nobody sees the room: a tensor ends where its shape does. Where somebody else holds
/// `kept`, it stays as it is and is copied.
///
/// # Shapes
/// `kept [batch, n_heads, past, head_dim]`, `new [batch, n_heads, n, head_dim]` → `[batch, n_heads, past + n, head_dim]`
pub(in super::super) fn append(kept: Tensor<4>, new: Tensor<4>) -> Result<Tensor<4>, [Tensor<4>; 2]> {
    let [batch, n_heads, past, head_dim] = kept.dims();
    let [.., n, _] = new.dims();
    let fits = new.dims() == [batch, n_heads, n, head_dim] && batch * n_heads * n * head_dim > 0;
    if !fits || !is_here(&new) {
        return Err([kept, new]);
    }
    let (mut kept, new) = match (here(kept), here(new)) {
        (Ok(kept), Ok(new)) => (kept, in_order(new)),
        (Err(kept), Ok(new)) => return Err([kept, tensor(new)]),
        (kept, Err(new)) => return Err([kept.map_or_else(|kept| kept, tensor), new]),
    };
    let len = past + n;
    let room = match room(&kept).filter(|&room| room >= len && kept.is_unique()) {
        Some(room) => room,
        None => {
            let room = len + (len / 2).max(ROOM);
            kept = moved(kept, room);
            room
        }
    };
    let heads = kept.storage_mut::<f32>().chunks_exact_mut(room * head_dim);
    for (head, new) in heads.zip(new.storage::<f32>().chunks_exact(n * head_dim)) {
        head[past * head_dim..len * head_dim].copy_from_slice(new);
    }
    Ok(tensor(kept.with_layout(within(room, [batch, n_heads, len, head_dim]))))
}

/// How a tensor lies in memory with room for so many tokens.
fn within(room: usize, dims @ [_, n_heads, _, head_dim]: [usize; 4]) -> Layout {
    let strides = [n_heads * room * head_dim, room * head_dim, head_dim, 1];
    Layout::new(Shape::from(dims), strides.map(|stride| stride as isize).to_vec(), 0)
}

/// The tokens for which there is room, if the tensor lies [so](within) in memory of its own.
fn room(kept: &FlexTensor) -> Option<usize> {
    let layout = kept.layout();
    let dims: [usize; 4] = layout.shape().to_vec().try_into().ok()?;
    let [batch, n_heads, _, head_dim] = dims;
    let numbers = kept.storage::<f32>().len();
    let room = numbers / (batch * n_heads * head_dim);
    (room * batch * n_heads * head_dim == numbers && *layout == within(room, dims)).then_some(room)
}

/// A copy in memory with room for so many tokens.
fn moved(kept: FlexTensor, room: usize) -> FlexTensor {
    let kept = in_order(kept);
    let dims: Vec<usize> = kept.layout().shape().to_vec();
    let [batch, n_heads, past, head_dim] = [dims[0], dims[1], dims[2], dims[3]];
    let mut numbers = vec![0.0; batch * n_heads * room * head_dim];
    if past > 0 {
        let heads = numbers.chunks_exact_mut(room * head_dim);
        for (head, old) in heads.zip(kept.storage::<f32>().chunks_exact(past * head_dim)) {
            head[..past * head_dim].copy_from_slice(old);
        }
    }
    FlexTensor::new(Bytes::from_elems(numbers), within(room, [batch, n_heads, past, head_dim]), DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    fn random(dims: [usize; 4]) -> Tensor<4> {
        Tensor::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn same(a: &Tensor<4>, b: &Tensor<4>) {
        assert_eq!(a.dims(), b.dims());
        assert_eq!(a.to_data(), b.to_data());
    }

    #[test]
    fn equals_putting_one_behind_the_other() {
        Device::flex().seed(8);
        let (mut kept, mut plain) = (random([2, 3, 5, 4]), Tensor::empty([2, 3, 0, 4], &Device::flex()));
        plain = Tensor::cat(vec![plain, kept.clone()], 2);
        // Past several times the room, one token and several at once, as they come and turned.
        for step in 0..200 {
            let n = 1 + step % 3;
            let new = if step % 2 == 0 { random([2, 3, n, 4]) } else { random([2, n, 3, 4]).swap_dims(1, 2) };
            plain = Tensor::cat(vec![plain, new.clone()], 2);
            kept = append(kept, new).unwrap();
            same(&kept, &plain);
        }
        let (query, rows) = (random([2, 3, 2, 4]), Tensor::from_data([1, 0, 1], &Device::flex()));
        same(&query.clone().matmul(kept.clone().transpose()), &query.matmul(plain.clone().transpose()));
        same(&kept.select(0, rows.clone()), &plain.select(0, rows));
    }

    #[test]
    fn what_others_hold_stays() {
        let first = append(random([1, 2, 3, 4]), random([1, 2, 1, 4])).unwrap();
        let before = first.to_data();
        let (a, b) = (random([1, 2, 1, 4]), random([1, 2, 1, 4]));
        let (one, other) = (append(first.clone(), a.clone()).unwrap(), append(first.clone(), b.clone()).unwrap());
        assert_eq!(first.to_data(), before);
        same(&one, &Tensor::cat(vec![first.clone(), a], 2));
        same(&other, &Tensor::cat(vec![first, b], 2));
    }

    #[test]
    fn memory_is_taken_once_for_many_steps() {
        let mut kept = append(random([1, 1, 3, 4]), random([1, 1, 1, 4])).unwrap();
        let place = |kept: &Tensor<4>| here(kept.clone()).unwrap().bytes().as_ptr();
        let first = place(&kept);
        for _ in 0..ROOM - 1 {
            kept = append(kept, random([1, 1, 1, 4])).unwrap();
            assert_eq!(place(&kept), first);
        }
    }
}
