//! Every check, in the order a newcomer should read the results: facts first, then agreement with the reference, then
//! what must hold of any model.
//!
//! A check is a file. Its doc comment is its page: the statement; `# How` it is looked at, and the guard that keeps it from
//! passing for nothing; what it `# Catches`; where that was `# Seen`; how to `# Fix` it.

use crate::check::Check;

mod a_second_reader_agrees;
mod absent_fields_have_published_defaults;
mod accepted_configurations_run;
mod answers_are_as_declared;
mod answers_are_as_likely_as_their_tokens;
mod attention_equals_its_equation;
mod attention_without_queries_is_a_mean;
mod batch_invariance;
mod beams_find_the_best;
mod cache_equals_forward;
mod comparisons_name_each_text;
mod config_is_validated;
mod damaged_files_are_refused;
mod damaged_states_are_refused;
mod descriptor_is_sound;
mod devices_agree;
mod draws_as_declared;
mod every_field_has_an_effect;
mod generation_equals_recomputation;
mod gradients_are_slopes;
mod gradients_match_reference;
mod gradients_reach_every_parameter;
mod grids_stretch_their_positions;
mod hard_attention_copies;
mod heads_share_a_body;
mod hidden_tokens_weigh_nothing;
mod images_of_any_size;
mod information_flows_as_declared;
mod is_deterministic;
mod large_extents_agree;
mod layers_equal_their_equations;
mod limits_hold;
mod loss_is_what_is_written;
mod loss_weighs_tokens_alike;
mod matches_reference;
mod memory_holds_the_past;
mod mlp_equals_its_equation;
mod names_build_what_they_name;
mod names_resolve;
mod norm_equals_its_equation;
mod norms_stand_where_declared;
mod order_is_in_the_positions;
mod order_matters;
mod overrides_are_heeded;
mod padding_does_not_leak;
mod padding_gets_no_gradient;
mod parameter_count_is_published;
mod pictures_are_prepared;
mod pictures_keep_what_they_show;
mod plan_equals_model;
mod policies_imply_rewards;
mod pooling_finds_the_text;
mod positions_are_as_declared;
mod positions_run_out;
mod positions_stretch_as_declared;
mod preferences_compare;
mod published_configurations_are_read;
mod recording_changes_nothing;
mod relative_bias_is_bucketed;
mod sampling_follows_the_scores;
mod sampling_keeps_the_likeliest;
mod save_load_identity;
mod shards_equal_one_file;
mod sinusoids_equal_their_equation;
mod state_files_are_stable;
mod state_grows_as_declared;
mod state_resumes;
mod states_follow_their_rows;
mod stop_tokens_stop;
mod texts_match_reference;
mod threads_change_nothing;
mod ties_survive;
mod training_computes_the_same;
mod training_steps_by_its_equation;
mod weight_table_is_total;
mod weights_of_others_are_refused;
mod windows_reach_exactly;
mod writing_follows_its_settings;
mod writing_sees_only_the_text;

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
    "names-build-what-they-name": names_build_what_they_name,
    "config-is-validated": config_is_validated,
    "overrides-are-heeded": overrides_are_heeded,
    "published-configurations-are-read": published_configurations_are_read,
    "absent-fields-have-published-defaults": absent_fields_have_published_defaults,
    "accepted-configurations-run": accepted_configurations_run,
    "every-field-has-an-effect": every_field_has_an_effect,
    "parameter-count-is-published": parameter_count_is_published,
    "plan-equals-model": plan_equals_model,
    "weight-table-is-total": weight_table_is_total,
    "draws-as-declared": draws_as_declared,
    "matches-reference": matches_reference,
    "gradients-match-reference": gradients_match_reference,
    "texts-match-reference": texts_match_reference,
    "layers-equal-their-equations": layers_equal_their_equations,
    "norms-stand-where-declared": norms_stand_where_declared,
    "norm-equals-its-equation": norm_equals_its_equation,
    "mlp-equals-its-equation": mlp_equals_its_equation,
    "attention-equals-its-equation": attention_equals_its_equation,
    "attention-without-queries-is-a-mean": attention_without_queries_is_a_mean,
    "hard-attention-copies": hard_attention_copies,
    "answers-are-as-declared": answers_are_as_declared,
    "limits-hold": limits_hold,
    "information-flows-as-declared": information_flows_as_declared,
    "windows-reach-exactly": windows_reach_exactly,
    "hidden-tokens-weigh-nothing": hidden_tokens_weigh_nothing,
    "order-matters": order_matters,
    "order-is-in-the-positions": order_is_in_the_positions,
    "positions-are-as-declared": positions_are_as_declared,
    "sinusoids-equal-their-equation": sinusoids_equal_their_equation,
    "relative-bias-is-bucketed": relative_bias_is_bucketed,
    "images-of-any-size": images_of_any_size,
    "positions-stretch-as-declared": positions_stretch_as_declared,
    "grids-stretch-their-positions": grids_stretch_their_positions,
    "pictures-are-prepared": pictures_are_prepared,
    "pictures-keep-what-they-show": pictures_keep_what_they_show,
    "padding-does-not-leak": padding_does_not_leak,
    "pooling-finds-the-text": pooling_finds_the_text,
    "batch-invariance": batch_invariance,
    "is-deterministic": is_deterministic,
    "threads-change-nothing": threads_change_nothing,
    "cache-equals-forward": cache_equals_forward,
    "states-follow-their-rows": states_follow_their_rows,
    "positions-run-out": positions_run_out,
    "memory-holds-the-past": memory_holds_the_past,
    "state-grows-as-declared": state_grows_as_declared,
    "state-resumes": state_resumes,
    "state-files-are-stable": state_files_are_stable,
    "damaged-states-are-refused": damaged_states_are_refused,
    "generation-equals-recomputation": generation_equals_recomputation,
    "stop-tokens-stop": stop_tokens_stop,
    "sampling-follows-the-scores": sampling_follows_the_scores,
    "sampling-keeps-the-likeliest": sampling_keeps_the_likeliest,
    "beams-find-the-best": beams_find_the_best,
    "answers-are-as-likely-as-their-tokens": answers_are_as_likely_as_their_tokens,
    "writing-follows-its-settings": writing_follows_its_settings,
    "writing-sees-only-the-text": writing_sees_only_the_text,
    "loss-is-what-is-written": loss_is_what_is_written,
    "loss-weighs-tokens-alike": loss_weighs_tokens_alike,
    "preferences-compare": preferences_compare,
    "comparisons-name-each-text": comparisons_name_each_text,
    "policies-imply-rewards": policies_imply_rewards,
    "gradients-reach-every-parameter": gradients_reach_every_parameter,
    "gradients-are-slopes": gradients_are_slopes,
    "padding-gets-no-gradient": padding_gets_no_gradient,
    "training-computes-the-same": training_computes_the_same,
    "training-steps-by-its-equation": training_steps_by_its_equation,
    "ties-survive": ties_survive,
    "save-load-identity": save_load_identity,
    "heads-share-a-body": heads_share_a_body,
    "a-second-reader-agrees": a_second_reader_agrees,
    "shards-equal-one-file": shards_equal_one_file,
    "damaged-files-are-refused": damaged_files_are_refused,
    "weights-of-others-are-refused": weights_of_others_are_refused,
    "devices-agree": devices_agree,
    "large-extents-agree": large_extents_agree,
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
                assert!(bug.contains("https://") || bug.contains(" #"), "`{}` cites nothing: {bug}", check.id);
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
