//! From published tensors to our parameters, with one report of everything that did not fit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor, TensorData};
use serde::Serialize;

use super::source::WeightSource;
use super::table::{Pattern, Verb, WeightNames, modern};
use crate::error::{Error, Result};
use crate::modules::ModuleTree;
use crate::threads;

/// What a load did, and what stood in its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    /// Parameters that were filled.
    pub loaded: usize,
    /// Our parameters that the file lacks, by the published name that was looked for.
    pub missing: Vec<String>,
    /// Published tensors that no row of the table names.
    pub unexpected: Vec<String>,
    /// Tensors of another shape, type or content than the model needs.
    pub misfits: Vec<Misfit>,
    /// Published tensors that repeat another, and do so exactly.
    pub tied: Vec<String>,
    /// Published tensors that the table drops.
    pub dropped: Vec<String>,
}

/// A tensor that is there and does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// Published name.
    pub name: String,
    /// What was expected and what was found.
    pub reason: String,
}

impl LoadReport {
    /// Whether every parameter was there and fitted.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.misfits.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let few = |f: &mut fmt::Formatter<'_>, title: &str, names: &[String]| {
            const SHOWN: usize = 5;
            if names.is_empty() {
                return Ok(());
            }
            let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = names.len().saturating_sub(SHOWN);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            write!(f, "\n  {title} ({}): {}{rest}", names.len(), shown.join(", "))
        };
        few(f, "missing", &self.missing)?;
        let misfits: Vec<String> =
            self.misfits.iter().map(|misfit| format!("{}` {}", misfit.name, misfit.reason)).collect();
        for misfit in misfits.iter().take(5) {
            write!(f, "\n  does not fit: `{misfit}")?;
        }
        if misfits.len() > 5 {
            write!(f, "\n  … and {} more that do not fit", misfits.len() - 5)?;
        }
        few(f, "unexpected", &self.unexpected)?;
        few(f, "dropped", &self.dropped)
    }
}

/// Fills `module` from `source` through the table. Nothing changes unless everything fits.
///
/// # Errors
/// [`Error::Weights`] with the whole report if a parameter is missing or misshapen, or a tied tensor differs from what it
/// should repeat; errors of the source.
pub fn load<M: Module>(
    module: M,
    modules: &ModuleTree,
    names: &WeightNames,
    source: &dyn WeightSource,
    model: &str,
) -> Result<(M, LoadReport)> {
    let (recipes, report) = plan(modules, names, source)?;
    if !report.is_complete() {
        return Err(Error::Weights { model: model.to_owned(), report: report.to_string() });
    }
    let mut filler = Filler { recipes: &recipes, source, path: Vec::new(), error: None };
    let module = module.map(&mut filler);
    match filler.error {
        Some(error) => Err(error),
        None => Ok((module, report)),
    }
}

/// How one of our parameters is made from one published tensor.
struct Recipe {
    published: String,
    verb: Verb,
    part: usize,
    parts: usize,
}

fn plan(
    modules: &ModuleTree,
    names: &WeightNames,
    source: &dyn WeightSource,
) -> Result<(BTreeMap<String, Recipe>, LoadReport)> {
    let files: BTreeMap<String, &String> = source.tensors().keys().map(|name| (modern(name), name)).collect();
    let mut recipes = BTreeMap::new();
    let mut report = LoadReport::default();
    let mut used = BTreeSet::new();
    for (path, parameter) in modules.parameters() {
        let candidates = || {
            let rows = names.accepted().filter(|(_, row)| row.verb != Verb::Tied);
            rows.filter_map(|(prefix, row)| {
                row.part_for(&path).map(|(part, name)| (format!("{prefix}{name}"), row, part))
            })
        };
        let Some((name, row, part)) =
            candidates().find(|(name, ..)| files.contains_key(name)).or_else(|| candidates().next())
        else {
            report.missing.push(format!("{path} (no row of the weight table)"));
            continue;
        };
        let Some(&published) = files.get(&name) else {
            report.missing.push(name);
            continue;
        };
        used.insert(published.clone());
        let recipe = Recipe { published: published.clone(), verb: row.verb, part, parts: row.ours.len() };
        match recipe.misfit(&parameter.shape, source) {
            Some(reason) => report.misfits.push(Misfit { name: published.clone(), reason }),
            None => {
                recipes.insert(path, recipe);
            }
        }
    }
    report.misfits.dedup();
    for (name, published) in files.into_iter().filter(|(_, published)| !used.contains(*published)) {
        judge_rest(&name, published, names, &recipes, source, &mut report)?;
    }
    report.loaded = recipes.len();
    Ok((recipes, report))
}

/// A tensor that no parameter asked for: dropped, a repetition, or unexpected.
fn judge_rest(
    name: &str,
    published: &str,
    names: &WeightNames,
    recipes: &BTreeMap<String, Recipe>,
    source: &dyn WeightSource,
    report: &mut LoadReport,
) -> Result<()> {
    let below =
        |prefix: &str, pattern: &'static str| name.strip_prefix(prefix).and_then(|rest| Pattern(pattern).below(rest));
    let row = names.accepted().find(|(prefix, row)| below(prefix, row.published).is_some());
    match row.map(|(prefix, row)| (row, below(prefix, row.published))) {
        Some((row, Some((stars, leaf)))) if row.verb == Verb::Tied => {
            let ours = format!("{}{}", row.within, Pattern(row.ours[0]).filled(&stars));
            let path = if leaf.is_empty() { ours } else { format!("{ours}.{leaf}") };
            match recipes.get(&path) {
                Some(recipe) if source.read(&recipe.published)?.as_bytes() == source.read(published)?.as_bytes() => {
                    report.tied.push(published.to_owned());
                }
                Some(recipe) => report.misfits.push(Misfit {
                    name: published.to_owned(),
                    reason: format!("differs from `{}`, to which the configuration ties it", recipe.published),
                }),
                None => report.unexpected.push(published.to_owned()),
            }
        }
        Some((row, _)) if row.verb == Verb::Drop => report.dropped.push(published.to_owned()),
        _ => report.unexpected.push(published.to_owned()),
    }
    Ok(())
}

impl Recipe {
    fn misfit(&self, ours: &[usize], source: &dyn WeightSource) -> Option<String> {
        let facts = &source.tensors()[&self.published];
        if !matches!(facts.dtype, DType::F64 | DType::F32 | DType::F16 | DType::BF16) {
            return Some(format!("is of type {:?}, expected a floating-point type", facts.dtype));
        }
        let mut expected = ours.to_vec();
        match (self.verb, expected.as_mut_slice()) {
            (Verb::Transposed, [a, b]) => std::mem::swap(a, b),
            (Verb::Split, [.., last]) => *last *= self.parts,
            _ => {}
        }
        (facts.shape != expected).then(|| format!("has shape {:?}, expected {expected:?}", facts.shape))
    }

    /// The numbers of our parameter, f32, in our layout.
    fn numbers(&self, source: &dyn WeightSource) -> Result<TensorData> {
        let read = source.read(&self.published)?;
        let copied = read.dtype() != DType::F32 || matches!(self.verb, Verb::Transposed | Verb::Split);
        let data = read.convert::<f32>();
        let shape = data.shape().to_vec();
        let numbers = match (self.verb, shape.as_slice()) {
            (Verb::Transposed, &[rows, columns]) => {
                TensorData::new(transpose(floats(&data), rows, columns), [columns, rows])
            }
            (Verb::Split, &[.., last]) => {
                let width = last / self.parts;
                let from = self.part * width;
                let mut part = Vec::with_capacity(data.num_elements() / self.parts);
                floats(&data).chunks_exact(last).for_each(|row| part.extend_from_slice(&row[from..from + width]));
                let mut shape = shape.clone();
                shape.iter_mut().last().into_iter().for_each(|last| *last = width);
                TensorData::new(part, shape)
            }
            _ => data,
        };
        if copied {
            source.release(&self.published);
        }
        Ok(numbers)
    }
}

pub(super) fn floats(data: &TensorData) -> &[f32] {
    data.as_slice().unwrap_or_else(|error| unreachable!("the data was just converted to f32: {error:?}"))
}

/// `[rows, columns]` → `[columns, rows]`, tile by tile, by all threads.
pub(super) fn transpose(data: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    /// Of a tile, which is turned in registers.
    const SIDE: usize = 4;
    /// Rows that are gone down before the next columns, so that what is written lies side by side.
    const ROWS: usize = 128;
    /// Columns that a thread takes at a time, so that what is read does.
    const COLUMNS: usize = 256;
    let mut out = vec![0.0; data.len()];
    threads::each_piece(&mut out, COLUMNS * rows, 1, |piece, out| {
        let (first, width) = (piece * COLUMNS, out.len() / rows);
        for top in (0..rows).step_by(ROWS) {
            for left in (0..width).step_by(SIDE) {
                for row in (top..rows.min(top + ROWS)).step_by(SIDE) {
                    let from = |down: usize| (row + down) * columns + first + left;
                    let to = |right: usize| (left + right) * rows + row;
                    let (height, breadth) = (SIDE.min(rows - row), SIDE.min(width - left));
                    if (height, breadth) == (SIDE, SIDE) {
                        let mut tile = [[0.0; SIDE]; SIDE];
                        for (down, line) in tile.iter_mut().enumerate() {
                            line.copy_from_slice(&data[from(down)..][..SIDE]);
                        }
                        for right in 0..SIDE {
                            out[to(right)..][..SIDE].copy_from_slice(&tile.map(|line| line[right]));
                        }
                    } else {
                        for right in 0..breadth {
                            for down in 0..height {
                                out[to(right) + down] = data[from(down) + right];
                            }
                        }
                    }
                }
            }
        }
    });
    out
}

/// Walks the module and replaces each parameter as it comes, so that one converted copy exists at a time.
struct Filler<'a> {
    recipes: &'a BTreeMap<String, Recipe>,
    source: &'a dyn WeightSource,
    path: Vec<String>,
    error: Option<Error>,
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(recipe) = self.recipes.get(&self.path.join(".")).filter(|_| self.error.is_none()) else {
            return param;
        };
        match recipe.numbers(self.source) {
            Ok(data) => {
                let device = param.lazy_device();
                let id = param.id;
                param.transform_for_load(Tensor::from_data(data, (&device, DType::F32)), id)
            }
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_swaps_the_axes() {
        assert_eq!(transpose(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        // Smaller than a tile, some tiles with a rest each way, and several threads' work.
        for (rows, columns) in [(1, 1), (3, 20), (70, 41), (16, 16), (33, 600), (600, 259)] {
            let data: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let found = transpose(&data, rows, columns);
            for (at, number) in found.iter().enumerate() {
                assert_eq!(*number, data[at % rows * columns + at / rows], "{rows} × {columns}, {at}");
            }
        }
    }
}
