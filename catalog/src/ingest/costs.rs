//! What running a size costs: as its code does it, and as its published sizes let expect.

use sqlx::SqliteConnection;
use zoo_registry::Descriptor;
use zoo_registry::cost::{Cost, Estimate};
use zoo_registry::descriptor::Preset;

use super::Input;
use super::insert::{insert, integer};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let sizes = input.records.iter().flat_map(|record| &record.sizes);
    let costs: Vec<_> = sizes.flat_map(|size| size.costs.iter().map(move |cost| (&size.preset, cost))).collect();
    let columns = "cost (preset, tokens, matmul_flops, elementwise, activation_bytes, state_bytes, step_flops)";
    insert(connection, columns, costs, |row, (preset, cost)| {
        let Cost { tokens, matmul_flops, elementwise, activation_bytes, writing } = *cost;
        row.push_bind(preset).push_bind(integer(tokens)).push_bind(integer(matmul_flops));
        row.push_bind(integer(elementwise)).push_bind(integer(activation_bytes));
        row.push_bind(writing.map(|writing| integer(writing.state_bytes)));
        row.push_bind(writing.map(|writing| integer(writing.step_flops)));
    })
    .await?;
    let columns = "estimate (preset, parameters, flops_per_token, flops_per_pair, state_numbers_per_token)";
    insert(connection, columns, estimates(input), |row, (preset, parameters, estimate)| {
        row.push_bind(preset).push_bind(integer(parameters)).push_bind(integer(estimate.flops_per_token));
        row.push_bind(integer(estimate.flops_per_pair));
        row.push_bind(estimate.state_numbers_per_token.map(integer));
    })
    .await
}

/// Of every size that says enough of itself.
fn estimates<'a>(input: &Input<'a>) -> Vec<(&'a str, u64, Estimate)> {
    let of_record = |record: &&'a zoo_registry::Record| {
        let (facts, sizes) = (&record.descriptor, &record.sizes);
        facts.sizes().filter_map(move |(_, preset)| {
            let built = sizes.iter().find(|size| size.preset == preset.id);
            let config = built.map_or(&preset.config, |size| &size.config);
            let parameters = in_use(preset, built.map(|size| size.modules.parameter_count()))?;
            Some((preset.id.as_str(), parameters, Estimate::of(config, parameters, writes(facts))?))
        })
    };
    input.records.iter().flat_map(of_record).collect()
}

/// Parameters that one token uses. `None` where that depends on experts of which too little is known.
fn in_use(preset: &Preset, built: Option<u64>) -> Option<u64> {
    let all = built.or_else(|| preset.published_parameters());
    let experts = preset.config.get("n_experts").is_some_and(|experts| experts.as_u64() > Some(1));
    preset.active.or(all.filter(|_| !experts))
}

/// Whether it writes text token by token, as far as the facts tell.
fn writes(facts: &Descriptor) -> bool {
    let decodes = |term: &String| term == "decoder" || term == "encoder-decoder";
    let kinds = facts.taxonomy.get("architecture").map(Vec::as_slice).unwrap_or_default();
    kinds.iter().any(decodes) && (facts.writes.is_empty() || facts.writes.iter().any(|modality| modality == "text"))
}
