//! The threads that the CPU devices compute with: how many there are, and work shared among them.
//!
//! burn's CPU devices take theirs from rayon's global pool; what zoo computes itself does too, so one number bounds both.

use crate::error::{Error, Result};

/// How many there are: those asked for with [`set`], or in `RAYON_NUM_THREADS`, or else one a core.
pub fn count() -> usize {
    pool::count()
}

/// Bounds them, for the rest of the process. The first tensor starts them, so this comes before it.
///
/// # Errors
/// [`Error::Threads`] if there are to be none or more than the machine has cores, or if they run already and are others.
pub fn set(asked: usize) -> Result<()> {
    let refuse = |reason: String| Err(Error::Threads { asked, reason });
    let most = most();
    if !(1..=most).contains(&asked) {
        return refuse(if most == 1 { "expected 1".into() } else { format!("expected from 1 to {most}") });
    }
    match pool::start(asked) {
        running if running == asked => Ok(()),
        running => refuse(format!("{running} run already")),
    }
}

/// Most threads that may be asked for: the machine's cores, or one where there are no threads.
pub fn most() -> usize {
    if cfg!(feature = "threads") { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 }
}

/// Calls `work` for every piece of `numbers` with its index. All pieces have `length`, but the last may be shorter. Another thread is
/// asked for every `worth` pieces. Which takes which is left open, so what a piece becomes must not depend on the others.
pub fn each_piece<T: Send>(
    numbers: &mut [T],
    length: usize,
    worth: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    if numbers.is_empty() {
        return;
    }
    // One thread would be handed the work and waited for, and that takes longer than some of it. Asking how many there are starts them, which
    // small work need not.
    if numbers.len().div_ceil(length) <= worth || count() == 1 {
        numbers.chunks_mut(length).enumerate().for_each(|(index, piece)| work(index, piece));
    } else {
        pool::each_piece(numbers, length, worth, work);
    }
}

/// Runs `work` on one of them. Whatever it shares is then handed over by one that goes on with a share of its own; a caller from outside
/// would be put to sleep and woken again each time.
pub fn inside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if count() == 1 { work() } else { pool::inside(work) }
}

#[cfg(feature = "threads")]
mod pool {
    use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};

    pub(super) fn count() -> usize {
        rayon::current_num_threads()
    }

    /// How many run then: those that run already stay.
    pub(super) fn start(threads: usize) -> usize {
        // Refused where they run already, and then it is their number that counts.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        count()
    }

    pub(super) fn inside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        rayon::scope(|_| work())
    }

    pub(super) fn each_piece<T: Send>(
        numbers: &mut [T],
        length: usize,
        worth: usize,
        work: impl Fn(usize, &mut [T]) + Sync + Send,
    ) {
        let pieces = numbers.par_chunks_mut(length).enumerate().with_min_len(worth);
        pieces.for_each(|(index, piece)| work(index, piece));
    }
}

#[cfg(not(feature = "threads"))]
mod pool {
    pub(super) fn count() -> usize {
        1
    }

    pub(super) fn start(_threads: usize) -> usize {
        1
    }

    pub(super) fn inside<T>(work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(super) fn each_piece<T>(numbers: &mut [T], length: usize, _worth: usize, work: impl Fn(usize, &mut [T])) {
        numbers.chunks_mut(length).enumerate().for_each(|(index, piece)| work(index, piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_one_piece() {
        let sizes = [(0, 3), (1, 3), (3, 3), (10, 3), (1000, 7), (12, 4)];
        for ((numbers, length), worth) in sizes.into_iter().flat_map(|size| [1, 2, 100].map(|worth| (size, worth))) {
            let mut seen = vec![usize::MAX; numbers];
            each_piece(&mut seen, length, worth, |index, piece| {
                for (at, number) in piece.iter_mut().enumerate() {
                    assert_eq!(*number, usize::MAX);
                    *number = index * length + at;
                }
            });
            assert_eq!(seen, (0..numbers).collect::<Vec<_>>());
        }
    }

    #[test]
    fn work_inside_can_share_on() {
        let mut numbers = vec![0; 100];
        let sum = inside(|| {
            each_piece(&mut numbers, 7, 1, |index, piece| piece.fill(index));
            numbers.iter().sum::<usize>()
        });
        assert_eq!(sum, (0..100).map(|at| at / 7).sum::<usize>());
        #[cfg(feature = "threads")]
        assert_eq!(inside(|| rayon::current_thread_index().is_some()), count() > 1);
    }

    #[test]
    fn their_number_is_bounded() {
        assert!(set(0).unwrap_err().to_string().contains("with 0 threads: expected"));
        assert!(set(most() + 1).is_err());
        assert!(set(usize::MAX).is_err());
        let now = count();
        if now <= most() {
            assert!(set(now).is_ok(), "what runs already may be asked for");
            assert_eq!(count(), now);
        }
    }
}
