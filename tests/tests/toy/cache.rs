//! What the toy remembers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use burn::tensor::{Int, Tensor, TensorData};
use zoo_registry::{Cache, Held};

use super::Bug;

/// Keys and values of each layer, `[batch, n_heads, len, head_dim]`, and how many tokens they are of.
#[derive(Clone)]
pub(super) struct Slots {
    pub(super) kept: Vec<Option<[Tensor<4>; 2]>>,
    pub(super) len: usize,
}

pub(super) struct ToyCache {
    pub(super) slots: Arc<Mutex<Slots>>,
    pub(super) bug: Bug,
}

impl Cache for ToyCache {
    fn select(&mut self, rows: &[usize]) {
        let mut slots = self.slots.lock().unwrap();
        for kept in slots.kept.iter_mut().flatten() {
            let rows: Vec<i64> = match self.bug {
                Bug::SelectKeepsOrder => (0..rows.len()).map(|row| (row % kept[0].dims()[0]) as i64).collect(),
                _ => rows.iter().map(|&row| row as i64).collect(),
            };
            let device = kept[0].device();
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows.clone(), [rows.len()]), &device);
            *kept = kept.clone().map(|tensor| tensor.select(0, rows.clone()));
        }
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        let slots = match self.bug {
            Bug::CacheShared => Arc::clone(&self.slots),
            _ => Arc::new(Mutex::new(self.slots.lock().unwrap().clone())),
        };
        Box::new(Self { slots, bug: self.bug })
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        let slots = self.slots.lock().unwrap();
        let kept = slots.kept.iter().enumerate().filter_map(|(layer, kept)| Some((layer, kept.as_ref()?)));
        let kept = kept.flat_map(|(layer, [key, value])| {
            [(format!("{layer}.key"), key.clone().into()), (format!("{layer}.value"), value.clone().into())]
        });
        let mut kept: BTreeMap<String, Held> = kept.collect();
        if self.bug == Bug::KeysKeptTwice {
            let again = slots.kept.iter().enumerate().filter_map(|(layer, kept)| Some((layer, kept.as_ref()?)));
            kept.extend(again.map(|(layer, [key, _])| (format!("{layer}.again"), key.clone().into())));
        }
        kept
    }
}
