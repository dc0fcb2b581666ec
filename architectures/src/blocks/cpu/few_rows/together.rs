//! Products of several rows at once: what was read of the matrix meets them all while it is in a register, and their sums stay in registers.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use zoo_registry::threads;

use super::{SHARES, WORTH};

/// Columns that a part of a matrix has at most. Rows that are read from end to end are read fastest, and every row of sums is written and
/// read once more.
const WIDE: usize = 1024;

/// Rows of `x` that have their sums in registers together.
const ROWS: usize = 8;
/// Rows of a matrix that are added in registers before they are added to the sums in memory.
const DEPTH: usize = 16;
/// Columns of those that stay in the cache until every row of `x` has met them.
const COLUMNS: usize = 256;
/// Rows of a table, and of `x`, whose products are in registers together.
const SQUARE: usize = 4;

/// The rows of a matrix, each times its number in a row of `x`, added up.
///
/// # Shapes
/// `x [n_rows, d_in]`, `matrix [d_in, d_out]` → `[n_rows, d_out]`
pub(super) fn sums_of_rows(x: &[f32], matrix: &[f32], [d_in, d_out]: [usize; 2]) -> Vec<f32> {
    let n_rows = x.len() / d_in;
    let packed = packed(x, d_in);
    // Parts lie side by side until they are wide, then below one another, for each of those has its own sums.
    let beside = d_out.div_ceil(WIDE);
    let width = d_out.div_ceil(beside);
    let dealt = d_in.div_ceil(SHARES.div_ceil(beside));
    let below = d_in.div_ceil(dealt);
    // As many rows as are packed.
    let size = packed.len() / d_in * width;
    let mut sums = vec![0.0; below * beside * size];
    threads::each_piece(&mut sums, size, 1 + WORTH / (dealt * width), |part, sums| {
        let (from, left) = (part / beside * dealt, part % beside * width);
        let rows = &matrix[from * d_out..(from + dealt).min(d_in) * d_out];
        let columns = left..(left + width).min(d_out);
        Arch::new().dispatch(AddRows { sums, width, x: &packed, d_in, rows, from, d_out, columns });
    });
    let mut out = vec![0.0; n_rows * d_out];
    for parts in sums.chunks_exact(beside * size) {
        for (part, left) in parts.chunks_exact(size).zip((0..).step_by(width)) {
            for (out, sums) in out.chunks_exact_mut(d_out).zip(part.chunks_exact(width)) {
                out[left..].iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
            }
        }
    }
    out
}

/// [`ROWS`] rows number by number, then the next. Rows that are not there are zeros.
///
/// # Shapes
/// `x [n_rows, d]` → `[n_rows / ROWS, d, ROWS]`
fn packed(x: &[f32], d: usize) -> Vec<f32> {
    let numbers = x.len().div_ceil(ROWS * d) * ROWS * d;
    let mut packed = vec![0.0; numbers];
    for (packed, x) in packed.chunks_exact_mut(ROWS * d).zip(x.chunks(ROWS * d)) {
        for (row, x) in x.chunks_exact(d).enumerate() {
            packed.iter_mut().skip(row).step_by(ROWS).zip(x).for_each(|(packed, x)| *packed = *x);
        }
    }
    packed
}

/// Adds some columns of `rows`, of which the first belongs to number `from` of each row of `x`, times those numbers.
struct AddRows<'a> {
    /// `[n_rows, width]`, with room for the rows that are not there
    sums: &'a mut [f32],
    width: usize,
    /// As [`packed`].
    x: &'a [f32],
    d_in: usize,
    /// `[.., d_out]`
    rows: &'a [f32],
    from: usize,
    d_out: usize,
    columns: Range<usize>,
}

impl WithSimd for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sums, width, x, d_in, rows, from, d_out, columns } = self;
        for (deep, rows) in rows.chunks(DEPTH * d_out).enumerate() {
            for left in columns.clone().step_by(COLUMNS) {
                let right = (left + COLUMNS).min(columns.end);
                // The columns beside these, or the first of the rows below.
                let next = if right < columns.end { right } else { rows.len() + columns.start };
                for (sums, x) in sums.chunks_exact_mut(ROWS * width).zip(x.chunks_exact(ROWS * d_in)) {
                    let x = &x[(from + deep * DEPTH) * ROWS..];
                    for column in (left..right).step_by(S::F32_LANES) {
                        let part = column..(column + S::F32_LANES).min(right);
                        let own = part.start - columns.start..part.end - columns.start;
                        let mut held = [simd.splat_f32s(0.0); ROWS];
                        for (x, row) in x.chunks_exact(ROWS).zip(rows.chunks_exact(d_out)) {
                            ask_for(row, next - left + column);
                            let row = load(simd, &row[part.clone()]);
                            for (held, &x) in held.iter_mut().zip(x) {
                                *held = simd.mul_add_e_f32s(simd.splat_f32s(x), row, *held);
                            }
                        }
                        // Sums of short sums are rounded less than one long sum.
                        for (row, held) in held.into_iter().enumerate() {
                            let sums = &mut sums[row * width..][own.clone()];
                            store(simd, simd.add_f32s(load(simd, sums), held), sums);
                        }
                    }
                }
            }
        }
    }
}

/// The products of each row of `x` with each row of a table.
///
/// # Shapes
/// `x [n_rows, d]`, `table [n, d]` → `[n_rows, n]`
pub(super) fn dot_products(x: &[f32], table: &[f32], [n, d]: [usize; 2]) -> Vec<f32> {
    let n_rows = x.len() / d;
    // By rows of the table first, so that a thread's products lie side by side.
    let mut products = vec![0.0; n * n_rows];
    threads::each_piece(&mut products, super::ROWS * n_rows, 1 + WORTH / (super::ROWS * d), |share, products| {
        Arch::new().dispatch(Multiply { products, x, table: &table[share * super::ROWS * d..], d });
    });
    (0..n_rows).flat_map(|row| products.iter().skip(row).step_by(n_rows)).copied().collect()
}

/// As many rows of a table as there is room for, times each row of `x`.
struct Multiply<'a> {
    /// `[rows, n_rows]`
    products: &'a mut [f32],
    /// `[n_rows, d]`
    x: &'a [f32],
    /// `[rows or more, d]`
    table: &'a [f32],
    d: usize,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { products, x, table, d } = self;
        let n_rows = x.len() / d;
        for (products, table) in products.chunks_mut(SQUARE * n_rows).zip(table.chunks(SQUARE * d)) {
            for first in (0..n_rows).step_by(SQUARE) {
                let square = square(simd, some(table, d), some(&x[first * d..], d), first == 0);
                for (products, sums) in products.chunks_exact_mut(n_rows).zip(square) {
                    for (product, sum) in products[first..].iter_mut().zip(sums) {
                        *product = simd.reduce_sum_f32s(sum);
                    }
                }
            }
        }
    }
}

/// The first rows; the last of them again in place of those that are not there.
#[inline(always)]
fn some(rows: &[f32], d: usize) -> [&[f32]; SQUARE] {
    let last = rows.len() / d - 1;
    std::array::from_fn(|row| &rows[row.min(last) * d..][..d])
}

/// Each of `a` times each of `b`, in sums that are still to be added up.
#[inline(always)]
fn square<S: Simd>(simd: S, a: [&[f32]; SQUARE], b: [&[f32]; SQUARE], is_first: bool) -> [[S::f32s; SQUARE]; SQUARE] {
    let mut sums = [[simd.splat_f32s(0.0); SQUARE]; SQUARE];
    let d = a[0].len();
    for at in (0..d).step_by(S::F32_LANES) {
        let part = at..(at + S::F32_LANES).min(d);
        // An array's own `map` is not compiled for these registers.
        let mut others = [simd.splat_f32s(0.0); SQUARE];
        for (other, row) in others.iter_mut().zip(b) {
            *other = load(simd, &row[part.clone()]);
        }
        for (sums, row) in sums.iter_mut().zip(a) {
            if is_first {
                ask_for(row, SQUARE * d + at);
            }
            let row = load(simd, &row[part.clone()]);
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum = simd.mul_add_e_f32s(row, other, *sum);
            }
        }
    }
    sums
}

/// A register of these, with zeros in place of those that are not there.
#[inline(always)]
fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from) {
        ([whole, ..], _) => *whole,
        ([], part) => simd.partial_load_f32s(part),
    }
}

#[inline(always)]
fn store<S: Simd>(simd: S, numbers: S::f32s, to: &mut [f32]) {
    match S::as_mut_simd_f32s(to) {
        ([whole, ..], _) => *whole = numbers,
        ([], part) => simd.partial_store_f32s(part, numbers),
    }
}

/// Has what lies so far behind the start of `row` brought near, for its turn comes soon. Left to itself, the machine reads ahead within a
/// row alone. Behind the end of the matrix there may be nothing, which does no harm.
#[inline(always)]
fn ask_for(row: &[f32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: this reads nothing, and any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(row.as_ptr().wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (row, at);
}
