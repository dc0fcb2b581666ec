//! Rectangles of plain numbers.

/// A rectangle of numbers, `[batch, seq_len]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    pub(crate) batch: usize,
    pub(crate) len: usize,
    pub(crate) data: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// From rows of one length. `None` if the lengths differ or there is no element.
    pub fn new<R: AsRef<[T]>>(rows: &[R]) -> Option<Self> {
        let len = rows.first()?.as_ref().len();
        let even = len > 0 && rows.iter().all(|row| row.as_ref().len() == len);
        let data = rows.iter().flat_map(|row| row.as_ref().iter().copied()).collect();
        even.then_some(Self { batch: rows.len(), len, data })
    }

    /// From row-major data. `None` if it does not hold `batch × len` elements, or none at all.
    pub fn from_flat(batch: usize, len: usize, data: Vec<T>) -> Option<Self> {
        (batch.checked_mul(len) == Some(data.len()) && !data.is_empty()).then_some(Self { batch, len, data })
    }

    /// One value everywhere.
    pub fn full(batch: usize, len: usize, value: T) -> Self {
        Self { batch, len, data: vec![value; batch * len] }
    }

    /// `[batch, seq_len]`.
    pub fn dims(&self) -> [usize; 2] {
        [self.batch, self.len]
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[T] {
        &self.data[index * self.len..][..self.len]
    }

    /// Every row in order.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.data.chunks_exact(self.len)
    }

    /// All elements, row by row.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The rows at `indices`, in that order; rows may repeat.
    pub fn select(&self, indices: &[usize]) -> Self {
        let data = indices.iter().flat_map(|&index| self.row(index).iter().copied()).collect();
        Self { batch: indices.len(), len: self.len, data }
    }

    /// The columns `from..to` of every row.
    pub fn columns(&self, from: usize, to: usize) -> Self {
        let data = self.rows().flat_map(|row| row[from..to].iter().copied()).collect();
        Self { batch: self.batch, len: to - from, data }
    }

    /// Each row followed by the same row of `more`.
    pub fn beside(&self, more: &Self) -> Self {
        assert_eq!(self.batch, more.batch, "rows side by side come from equal batches");
        let data = self.rows().zip(more.rows()).flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
        Self { batch: self.batch, len: self.len + more.len, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_rectangular_and_not_empty() {
        assert!(Rows::new(&[vec![1, 2], vec![3]]).is_none());
        assert!(Rows::<i64>::new::<Vec<i64>>(&[]).is_none());
        assert!(Rows::new(&[Vec::<i64>::new()]).is_none());
        assert!(Rows::from_flat(2, 2, vec![1, 2, 3]).is_none());
    }
}
