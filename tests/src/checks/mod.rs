//! Every check, in the order a newcomer should read the results: facts first, then agreement with the reference, then
//! what must hold of any model.

mod batch;
mod cache;
mod config;
mod devices;
mod facts;
mod flow;
mod generation;
mod gradients;
mod images;
mod padding;
mod reference;
mod state;
mod weights;

use crate::check::Check;

/// Every check of the suite.
pub fn checks() -> &'static [Check] {
    &CHECKS
}

static CHECKS: [Check; 22] = [
    facts::DESCRIPTOR_IS_SOUND,
    facts::NAMES_RESOLVE,
    config::CONFIG_IS_VALIDATED,
    config::EVERY_FIELD_HAS_AN_EFFECT,
    config::PARAMETER_COUNT_IS_PUBLISHED,
    weights::WEIGHT_TABLE_IS_TOTAL,
    reference::MATCHES_REFERENCE,
    flow::INFORMATION_FLOWS_AS_DECLARED,
    flow::ORDER_MATTERS,
    images::IMAGES_OF_ANY_SIZE,
    padding::PADDING_DOES_NOT_LEAK,
    padding::POOLING_FINDS_THE_TEXT,
    batch::BATCH_INVARIANCE,
    batch::IS_DETERMINISTIC,
    cache::CACHE_EQUALS_FORWARD,
    state::STATE_RESUMES,
    generation::GENERATION_EQUALS_RECOMPUTATION,
    gradients::GRADIENTS_REACH_EVERY_PARAMETER,
    gradients::GRADIENTS_ARE_SLOPES,
    weights::SAVE_LOAD_IDENTITY,
    devices::DEVICES_AGREE,
    devices::RECORDING_CHANGES_NOTHING,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::checks;

    #[test]
    fn checks_are_named_once_and_explained() {
        let ids: BTreeSet<&str> = checks().iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), checks().len());
        for check in checks() {
            assert!(check.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", check.id);
            assert!(
                !check.statement.is_empty() && !check.method.is_empty() && !check.catches.is_empty(),
                "{}",
                check.id
            );
        }
    }
}
