//! The seed of a run: what a check draws by name depends on both.
//!
//! A check names what it draws, and never a seed. The seed is of the thread that looks, so that runs with several seeds can go
//! on beside each other. Seed 0 is the names alone.

use std::cell::Cell;

use zoo_registry::draw::Draw;

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// Looks with this seed; afterwards the thread has its old one again, even after a panic.
pub(crate) fn with<R>(seed: u64, look: impl FnOnce() -> R) -> R {
    struct Back(u64);
    impl Drop for Back {
        fn drop(&mut self) {
            SEED.set(self.0);
        }
    }
    let _back = Back(SEED.replace(seed));
    look()
}

/// The numbers of this name in this run.
pub fn draw(name: &str) -> Draw {
    match SEED.get() {
        0 => Draw::new(name),
        seed => Draw::new(&format!("seed {seed}: {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_changes_every_name_for_a_while() {
        let plain = Draw::new("a").bits();
        assert_eq!(draw("a").bits(), plain);
        let (one, two) = (with(1, || draw("a").bits()), with(2, || draw("a").bits()));
        assert!(one != plain && two != plain && one != two);
        assert!(std::panic::catch_unwind(|| with(3, || panic!("on purpose"))).is_err());
        assert_eq!(draw("a").bits(), plain);
    }
}
