//! Every check, in the order a newcomer should read the results: facts first, then agreement with the reference, then
//! what must hold of any model.
//!
//! A check is a file. Its doc comment is its page: the statement; `# How` it is looked at, and the guard that keeps it from
//! passing for nothing; what it `# Catches`; where that was `# Seen`; how to `# Fix` it.

use crate::check::Check;

mod answers_are_as_declared;
mod batch_invariance;
mod cache_equals_forward;
mod config_is_validated;
mod descriptor_is_sound;
mod devices_agree;
mod every_field_has_an_effect;
mod generation_equals_recomputation;
mod gradients_are_slopes;
mod gradients_reach_every_parameter;
mod images_of_any_size;
mod information_flows_as_declared;
mod is_deterministic;
mod limits_hold;
mod matches_reference;
mod names_resolve;
mod order_matters;
mod padding_does_not_leak;
mod parameter_count_is_published;
mod plan_equals_model;
mod pooling_finds_the_text;
mod recording_changes_nothing;
mod save_load_identity;
mod state_resumes;
mod weight_table_is_total;

/// Every check of the suite.
pub fn checks() -> &'static [Check] {
    CHECKS
}

/// Each check's id and its file.
macro_rules! checks {
    ($($id:literal: $file:ident,)*) => {
        static CHECKS: &[Check] = &[$(Check {
            id: $id,
            source: include_str!(concat!(stringify!($file), ".rs")),
            run: $file::run,
        }),*];
    };
}

checks! {
    "descriptor-is-sound": descriptor_is_sound,
    "names-resolve": names_resolve,
    "config-is-validated": config_is_validated,
    "every-field-has-an-effect": every_field_has_an_effect,
    "parameter-count-is-published": parameter_count_is_published,
    "plan-equals-model": plan_equals_model,
    "weight-table-is-total": weight_table_is_total,
    "matches-reference": matches_reference,
    "answers-are-as-declared": answers_are_as_declared,
    "limits-hold": limits_hold,
    "information-flows-as-declared": information_flows_as_declared,
    "order-matters": order_matters,
    "images-of-any-size": images_of_any_size,
    "padding-does-not-leak": padding_does_not_leak,
    "pooling-finds-the-text": pooling_finds_the_text,
    "batch-invariance": batch_invariance,
    "is-deterministic": is_deterministic,
    "cache-equals-forward": cache_equals_forward,
    "state-resumes": state_resumes,
    "generation-equals-recomputation": generation_equals_recomputation,
    "gradients-reach-every-parameter": gradients_reach_every_parameter,
    "gradients-are-slopes": gradients_are_slopes,
    "save-load-identity": save_load_identity,
    "devices-agree": devices_agree,
    "recording-changes-nothing": recording_changes_nothing,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::checks;

    #[test]
    fn checks_are_named_once_and_explained() {
        let ids: BTreeSet<&str> = checks().iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), checks().len());
        for check in checks() {
            let facts = check.facts();
            assert!(check.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", check.id);
            assert!(facts.statement.ends_with('.') && !facts.method.is_empty(), "{facts:?}");
            assert!(!facts.catches.is_empty(), "{facts:?}");
            assert!(facts.fix.ends_with('.'), "`{}` does not say how to fix it", check.id);
            assert!(!facts.seen.is_empty(), "`{}` does not say where it was seen", check.id);
            for bug in &facts.seen {
                let cites = bug.contains("https://") || bug.contains(" #");
                assert!(cites && bug.ends_with('.'), "`{}` does not say where, or not what: {bug}", check.id);
            }
        }
    }

    #[test]
    fn every_file_is_a_check() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/checks");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = names.filter(|name| name != "mod.rs").collect();
        let listed: BTreeSet<String> = checks().iter().map(|check| check.id.replace('-', "_") + ".rs").collect();
        assert_eq!(files, listed);
    }
}
