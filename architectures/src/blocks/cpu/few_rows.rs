//! Products of a few rows with a large matrix: what writing token by token mostly is. The matrix is read once, in the order in which it
//! lies, by all threads; nothing of it is copied.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use zoo_registry::threads;

use super::{here, in_order, is_here, tensor};

mod together;

/// With more rows a product is worth bringing into blocks, as burn's does.
const MOST_ROWS: usize = 24;
/// Numbers of a matrix that are worth another thread.
const WORTH: usize = 1 << 15;
/// Parts that a matrix is dealt into. Those that belong to the same sums have some of their own, which are added up in order.
const SHARES: usize = 8;
/// Rows of a table that are multiplied before the thread asks for more.
const ROWS: usize = 32;
/// Sums that run side by side in a product of two rows. With 64, as compiled, a product takes half as long again.
const LANES: usize = 32;

/// `x W + b` for a few rows.
///
/// # Shapes
/// - `x [.., d_in]`, of at most [`MOST_ROWS`] rows
/// - `weight [d_in, d_out]`, row-major or the transpose of what is; `bias [d_out]`
/// - returns `[.., d_out]`
pub(in super::super) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: &Tensor<2>,
    bias: Option<&Tensor<1>>,
) -> Result<Tensor<D>, Tensor<D>> {
    let [d_in, d_out] = weight.dims();
    if !are_few(&x, d_in) || d_out == 0 {
        return Err(x);
    }
    let (Ok(weight), Ok(bias)) = (here(weight.clone()), bias.cloned().map(here).transpose()) else { return Err(x) };
    let Some(matrix) = Matrix::of(&weight) else { return Err(x) };
    let mut dims = x.dims();
    dims[D - 1] = d_out;
    let x = in_order(here(x)?);
    let rows: &[f32] = x.storage();
    let mut out = match matrix {
        Matrix::RowMajor(numbers) if rows.len() == d_in => sum_of_rows(rows, numbers, d_out),
        Matrix::RowMajor(numbers) => together::sums_of_rows(rows, numbers, [d_in, d_out]),
        Matrix::Transposed(numbers) if rows.len() == d_in => dot_products(rows, numbers, d_out),
        Matrix::Transposed(numbers) => together::dot_products(rows, numbers, [d_out, d_in]),
    };
    if let Some(bias) = bias.map(in_order) {
        let bias: &[f32] = bias.storage();
        out.chunks_exact_mut(d_out).for_each(|row| row.iter_mut().zip(bias).for_each(|(y, b)| *y += b));
    }
    Ok(made(out, dims))
}

/// Every row of `x` times every row of `table`: `x Wᵀ`.
///
/// # Shapes
/// `x [rows, d]`, of at most [`MOST_ROWS`], `table [n, d]` → `[rows, n]`
pub(in super::super) fn scores_of_rows(x: Tensor<2>, table: &Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let [_, d] = table.dims();
    if are_few(&x, d) { linear(x, &table.clone().transpose(), None) } else { Err(x) }
}

fn are_few<const D: usize>(x: &Tensor<D>, d_in: usize) -> bool {
    let numbers: usize = x.dims().iter().product();
    d_in > 0 && numbers > 0 && numbers / d_in <= MOST_ROWS && is_here(x)
}

fn made<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    tensor(FlexTensor::new(Bytes::from_elems(numbers), Layout::contiguous(Shape::from(dims)), DType::F32))
}

/// A matrix all of whose numbers lie side by side.
enum Matrix<'a> {
    RowMajor(&'a [f32]),
    /// Column by column, each the row of what lies there.
    Transposed(&'a [f32]),
}

impl<'a> Matrix<'a> {
    fn of(tensor: &'a FlexTensor) -> Option<Self> {
        let layout = tensor.layout();
        let [rows, columns] = [layout.shape()[0], layout.shape()[1]];
        let numbers = tensor.storage::<f32>().get(layout.start_offset()..)?.get(..rows * columns)?;
        match *layout.strides() {
            [row, 1] if row == columns as isize => Some(Self::RowMajor(numbers)),
            [1, column] if column == rows as isize => Some(Self::Transposed(numbers)),
            _ => None,
        }
    }
}

/// The rows of a matrix, each times its number in `x`, added up.
fn sum_of_rows(x: &[f32], matrix: &[f32], d_out: usize) -> Vec<f32> {
    let dealt = x.len().div_ceil(SHARES);
    let numbers = x.len().div_ceil(dealt) * d_out;
    let mut sums = vec![0.0; numbers];
    threads::each_piece(&mut sums, d_out, 1 + WORTH / (dealt * d_out), |share, sums| {
        add_rows(sums, &x[share * dealt..], &matrix[share * dealt * d_out..], dealt);
    });
    let (first, others) = sums.split_at_mut(d_out);
    for other in others.chunks_exact(d_out) {
        first.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
    }
    sums.truncate(d_out);
    sums
}

wide!(add_rows = rows_added(sums: &mut [f32], x: &[f32], rows: &[f32], most: usize));

/// Adds each row times its number, `most` of them if there are more. They are read one after another, for reading is all that there is to it, and
/// that is fastest from one place.
#[inline(always)]
fn rows_added(sums: &mut [f32], x: &[f32], rows: &[f32], most: usize) {
    for (x, row) in x.iter().zip(rows.chunks_exact(sums.len())).take(most) {
        for (sum, y) in sums.iter_mut().zip(row) {
            *sum += x * y;
        }
    }
}

/// The products of `x` with each row of a table.
fn dot_products(x: &[f32], table: &[f32], n: usize) -> Vec<f32> {
    let mut products = vec![0.0; n];
    threads::each_piece(&mut products, ROWS, 1 + WORTH / (ROWS * x.len()), |share, products| {
        multiply(products, x, &table[share * ROWS * x.len()..]);
    });
    products
}

wide!(multiply = multiplied(products: &mut [f32], x: &[f32], table: &[f32]));

/// As many rows of the table as there is room for, times `x`.
#[inline(always)]
fn multiplied(products: &mut [f32], x: &[f32], table: &[f32]) {
    for (product, row) in products.iter_mut().zip(table.chunks_exact(x.len())) {
        *product = dot(x, row);
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest = 0.0;
    for (a, b) in chunks_a.remainder().iter().zip(chunks_b.remainder()) {
        rest += a * b;
    }
    for (a, b) in chunks_a.zip(chunks_b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut left = LANES;
    while left > 1 {
        left /= 2;
        for lane in 0..left {
            sums[lane] += sums[lane + left];
        }
    }
    sums[0] + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData, module};
    use zoo_registry::draw::Draw;

    /// A thin one, ones whose sizes are no multiples of anything, and ones for several threads with a tail.
    const SIZES: [[usize; 2]; 6] = [[1, 1], [3, 70], [67, 5], [130, 41], [515, 1031], [1031, 515]];

    #[test]
    fn equals_the_plain_operations() {
        let device = Device::flex();
        // The device has one stream of numbers, and tests beside this one draw from it.
        let mut draw = Draw::new("few rows");
        let mut numbers = |rows: usize, columns: usize| {
            let numbers: Vec<f32> = (0..rows * columns).map(|_| draw.normal() as f32).collect();
            Tensor::<2>::from_data(TensorData::new(numbers, [rows, columns]), &device)
        };
        for [d_in, d_out] in SIZES {
            let row_major = numbers(d_in, d_out);
            let transposed = numbers(d_out, d_in).transpose();
            let bias = numbers(1, d_out).flatten::<1>(0, 1);
            for (weight, rows) in
                [&row_major, &transposed].into_iter().flat_map(|w| (1..=MOST_ROWS).map(move |n| (w, n)))
            {
                let x = numbers(rows, d_in).reshape([rows, 1, d_in]);
                for bias in [Some(&bias), None] {
                    let found = linear(x.clone(), weight, bias).unwrap();
                    let exact = module::linear(
                        x.clone().cast(DType::F64),
                        weight.clone().cast(DType::F64),
                        bias.map(|bias| bias.clone().cast(DType::F64)),
                    );
                    assert_eq!(found.dims(), [rows, 1, d_out]);
                    let gap: f64 = (found.cast(DType::F64) - exact).abs().max().into_scalar();
                    // A sum of n numbers near 1 is off by some roundings of its size, which is √n.
                    assert!(gap < 1e-6 * (d_in as f64).sqrt() + 1e-6, "{rows} × {d_in} × {d_out}: {gap:e}");
                }
            }
        }
    }

    #[test]
    fn tables_are_scored_by_rows() {
        let device = Device::flex();
        let table = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &device);
        let x = Tensor::<2>::from_data([[1.0, 0.0], [10.0, 1.0]], &device);
        let found: Vec<f32> = scores_of_rows(x, &table).unwrap().into_data().iter().collect();
        assert_eq!(found, [1.0, 3.0, 5.0, 12.0, 34.0, 56.0]);
    }

    #[test]
    fn what_is_not_for_it_comes_back() {
        let device = Device::flex();
        let weight = Tensor::<2>::ones([4, 6], &device);
        assert!(linear(Tensor::<2>::ones([MOST_ROWS + 1, 4], &device), &weight, None).is_err());
        assert!(linear(Tensor::<2>::ones([1, 2], &device), &weight.clone().slice([0..2, 0..3]), None).is_err());
        assert!(linear(Tensor::<2>::ones([1, 4], &device), &weight.clone().cast(DType::F64), None).is_err());
        assert!(linear(Tensor::<2>::ones([1, 2], &device), &weight.narrow(0, 2, 2), None).is_ok());
    }
}
