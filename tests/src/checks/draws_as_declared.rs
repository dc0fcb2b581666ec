//! A freshly drawn parameter has the distribution that the family's `[init]` declares for it.
//!
//! # How
//!
//! Every parameter of every small configuration, with each switch both ways, is named by one line of `[init]`, and every line
//! names one. Each is drawn from several seeds: constants must be met exactly; of the rest the mean, the spread, the largest number and the
//! shape of the distribution are tested, and that nothing repeats: no two parameters, no two seeds and no two halves of one
//! parameter may be correlated. The same distributions are tested on the smallest model that the family accepts, each size as
//! near to 1 as it goes, drawn from many seeds: there a fan-in that is off by one is far off. The bounds are those of concentration inequalities, which hold for any number of elements: a
//! healthy model fails one of all these tests with a probability of at most one in a million.
//!
//! # Catches
//!
//! - a standard deviation that is off by √2
//! - fan-in taken for fan-out
//! - one layer or one number too many under the root
//! - depth scaling that is missing
//! - a gate or a head that starts at another constant
//! - one generator state used twice
//!
//! # Seen
//!
//! - [LBANN/lbann #316](https://github.com/LBANN/lbann/pull/316): LBANN's Xavier uniform did not draw from a uniform
//!   distribution, its He was LeCun's.
//! - [facebookresearch/xformers #229](https://github.com/facebookresearch/xformers/pull/229): one line overwrote the initial
//!   values that components had given themselves.
//!
//! # Fix
//!
//! Read the paper or the released code again, then the family's `[init]`, then its `init`. If a correlation is found, look for
//! a generator that is seeded inside a layer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use zoo_registry::initial::{Declarations, Initial};

use crate::check::{Finding, Stop, Verdict, require};
use crate::lint::is_size;
use crate::subject::{Subject, Variant, drawing};

/// Seeds that are drawn. More tell smaller parameters better.
const SEEDS: u64 = 6;
/// Seeds that the smallest model is drawn from, most of whose parameters are a handful of numbers.
const SEEDS_OF_SMALLEST: u64 = 800;
/// Probability that a healthy family fails any of its tests.
const FALSE_ALARM: f64 = 1e-6;
/// More tests than any family has: parameters and pairs of them, over all configurations.
const TESTS: f64 = 1e6;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let declared = &subject.descriptor().init;
    if declared.is_empty() {
        return Err(Stop::NotApplicable("it does not declare how its parameters are drawn: it has no `[init]`".into()));
    }
    let lines = Declarations::of(subject.descriptor());
    let (mut used, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for variant in configurations(subject)? {
        let wanted = wanted(subject, &variant, &lines, &mut used)?;
        // What two configurations share is drawn once.
        let before = seen.len();
        seen.extend(wanted.keys().map(|path| (variant.tiny().map(str::to_owned), path.clone())));
        if seen.len() == before {
            continue;
        }
        let seeds = distributed(subject, &variant, &wanted, SEEDS)?;
        independent(&variant, &seeds)?;
    }
    for variant in subject.variants()? {
        let smallest = Variant { config: smallest(subject, &variant.config), ..variant };
        let wanted = wanted(subject, &smallest, &lines, &mut used)?;
        distributed(subject, &smallest, &wanted, SEEDS_OF_SMALLEST)?;
    }
    let idle: Vec<&String> = declared.keys().filter(|glob| !used.contains(glob.as_str())).collect();
    require(idle.is_empty(), || format!("`[init]` has lines that name no parameter: {idle:?}"))?;
    Ok(Finding::seen(format!("{} parameters, {} lines of `[init]`, {SEEDS} seeds", seen.len(), declared.len())))
}

/// Every variant, then each with one of its switches the other way, where that is a configuration.
fn configurations(subject: &Subject<'_>) -> Result<Vec<Variant>, Stop> {
    let mut found = subject.variants()?;
    for Variant { head, config } in found.clone() {
        for (field, value) in &config {
            let Some(truth) = value.as_bool() else { continue };
            let mut switched = config.clone();
            switched.insert(field.clone(), (!truth).into());
            let config = subject.architecture.complete(&switched);
            found.extend(config.ok().map(|config| Variant { head: head.clone(), config }));
        }
    }
    Ok(found)
}

/// The configuration with every size as small as the family accepts, one after the other.
fn smallest(subject: &Subject<'_>, config: &Map<String, Value>) -> Map<String, Value> {
    /// Sizes that must divide others, or be even, are found below this one.
    const TRIED: u64 = 4;
    let mut config = config.clone();
    let sizes = config.iter().filter(|(field, value)| value.is_u64() && is_size(field));
    let sizes: Vec<String> = sizes.map(|(field, _)| field.clone()).collect();
    // Twice, for what a size may be depends on those after it.
    for field in sizes.iter().chain(&sizes) {
        let accepted = (1..=TRIED).find_map(|size| {
            let mut smaller = config.clone();
            smaller.insert(field.clone(), size.into());
            subject.architecture.complete(&smaller).ok()
        });
        config = accepted.unwrap_or(config);
    }
    config
}

/// Draws from several seeds and tests each parameter over all of them.
fn distributed(
    subject: &Subject<'_>,
    variant: &Variant,
    wanted: &BTreeMap<String, Initial>,
    seeds: u64,
) -> Result<Vec<BTreeMap<String, Vec<f64>>>, Stop> {
    let seeds = (0..seeds).map(|seed| standardised(subject, variant, wanted, seed));
    let seeds = seeds.collect::<Result<Vec<_>, _>>()?;
    for path in seeds[0].keys() {
        let pooled: Vec<f64> = seeds.iter().flat_map(|seed| &seed[path]).copied().collect();
        let told = distribution(&pooled, wanted[path]);
        require(told.is_none(), || {
            let told = told.unwrap_or_default();
            format!("head `{}`: `{path}` is declared as {:?}; {told}", variant.head, wanted[path])
        })?;
    }
    Ok(seeds)
}

/// What is declared for each parameter.
fn wanted(
    subject: &Subject<'_>,
    variant: &Variant,
    lines: &Declarations<'_>,
    used: &mut BTreeSet<String>,
) -> Result<BTreeMap<String, Initial>, Stop> {
    let mut wanted = BTreeMap::new();
    for (path, _) in subject.architecture.modules(&variant.config)?.parameters() {
        let fitting = lines.fitting(&path);
        let [(glob, declared)] = fitting[..] else {
            let globs: Vec<&str> = fitting.iter().map(|(glob, _)| *glob).collect();
            return Err(Stop::fails(format!(
                "head `{}`: expected one line of `[init]` for `{path}`, found {globs:?}",
                variant.head
            )));
        };
        let initial = Initial::parse(declared, &variant.config)
            .map_err(|reason| Stop::fails(format!("head `{}`, `[init]` of `{glob}`: {reason}", variant.head)))?;
        used.insert(glob.to_owned());
        wanted.insert(path, initial);
    }
    Ok(wanted)
}

/// The random parameters of one seed by our paths, in units of their declared deviation. Constants are compared at once.
fn standardised(
    subject: &Subject<'_>,
    variant: &Variant,
    wanted: &BTreeMap<String, Initial>,
    seed: u64,
) -> Result<BTreeMap<String, Vec<f64>>, Stop> {
    let drawn = {
        let _turn = drawing();
        let mut model = subject.architecture.build(&variant.config, &subject.device)?;
        model.init(seed);
        model.parameters()
    };
    let mut random = BTreeMap::new();
    for (path, initial) in wanted {
        let data = drawn.get(path).ok_or_else(|| Stop::fails(format!("`{path}` is not drawn")))?;
        match initial {
            Initial::Constant(expected) => {
                let other = data.iter::<f64>().find(|x| x != expected);
                require(other.is_none(), || {
                    let found = other.unwrap_or(f64::NAN);
                    format!("head `{}`: `{path}` should start as {expected}, found {found}", variant.head)
                })?;
            }
            _ => {
                let deviation = initial.deviation();
                random.insert(path.clone(), data.iter::<f64>().map(|x| x / deviation).collect());
            }
        }
    }
    Ok(random)
}

/// The exponent of every tail bound: each fails a healthy model with probability `2 e⁻ᵗ` at most.
fn exponent() -> f64 {
    (2.0 * TESTS / FALSE_ALARM).ln()
}

/// What is wrong with numbers that should be of this distribution with deviation 1.
fn distribution(sample: &[f64], declared: Initial) -> Option<String> {
    let (n, t) = (sample.len() as f64, exponent());
    let unit = declared.deviation();
    let mean = sample.iter().sum::<f64>() / n;
    // Chernoff's bound for a normal mean; a uniform one is nearer to 0.
    if mean.is_nan() || mean.abs() > (2.0 * t / n).sqrt() {
        return Some(format!("its mean is {:.4e}, expected 0", mean * unit));
    }
    let square = sample.iter().map(|x| x * x).sum::<f64>() / n;
    // Laurent and Massart 2000, lemma 1, for squares of normal numbers; those of uniform ones spread less.
    let (below, above) = (2.0 * (t / n).sqrt(), 2.0 * (t / n).sqrt() + 2.0 * t / n);
    if !(square >= 1.0 - below && square <= 1.0 + above) {
        return Some(format!("its standard deviation is {:.4e}, expected {unit:.4e}", square.sqrt() * unit));
    }
    let bound = match declared {
        // Rounded to f32 on the way.
        Initial::Uniform { .. } => 3f64.sqrt() * (1.0 + 1e-6),
        _ => (2.0 * (t + n.ln())).sqrt(),
    };
    let most = sample.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if most > bound {
        return Some(format!("it holds {:.4e}, expected at most {:.4e}", most * unit, bound * unit));
    }
    // Dvoretzky, Kiefer and Wolfowitz's inequality with Massart's constant.
    let (apart, allowed) = (apart(sample, declared), (t / (2.0 * n)).sqrt());
    (apart > allowed).then(|| {
        format!(
            "its distribution function is {apart:.3} from the declared one somewhere, expected at most {allowed:.3}"
        )
    })
}

/// The largest distance of the sample's distribution function from the declared one.
fn apart(sample: &[f64], declared: Initial) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let below = |x: f64| match declared {
        Initial::Uniform { .. } => (0.5 + x / (2.0 * 3f64.sqrt())).clamp(0.0, 1.0),
        _ => normal_below(x),
    };
    let gaps = sorted.iter().enumerate().map(|(rank, &x)| {
        let expected = below(x);
        (expected - rank as f64 / n).abs().max((expected - (rank + 1) as f64 / n).abs())
    });
    gaps.fold(0.0, f64::max)
}

/// The probability that a standard normal number is below `x`, within 7.5e-8: Zelen and Severo in Abramowitz and Stegun 1964,
/// 26.2.17.
fn normal_below(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    let above = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum;
    if x >= 0.0 { 1.0 - above } else { above }
}

/// No two parameters of a seed, no parameter of two seeds, and no two halves of a parameter go together.
fn independent(variant: &Variant, seeds: &[BTreeMap<String, Vec<f64>>]) -> Result<(), Stop> {
    let head = &variant.head;
    let first: Vec<(&String, &Vec<f64>)> = seeds[0].iter().collect();
    for (index, (path, drawn)) in first.iter().enumerate() {
        for (other, others) in &first[index + 1..] {
            require(!together(drawn, others), || format!("head `{head}`: `{path}` and `{other}` are drawn alike"))?;
        }
        let (half, rest) = drawn.split_at(drawn.len() / 2);
        require(!together(half, rest), || format!("head `{head}`: both halves of `{path}` are drawn alike"))?;
        for seed in &seeds[1..] {
            require(!together(drawn, &seed[*path]), || format!("head `{head}`: two seeds draw `{path}` alike"))?;
        }
    }
    Ok(())
}

/// Whether the sum of products is larger than chance explains. The product of two independent standard normal numbers is
/// sub-gamma with variance 1 and scale 1, hence Bernstein's bound.
fn together(a: &[f64], b: &[f64]) -> bool {
    let (n, t) = (a.len().min(b.len()) as f64, exponent());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    sum.abs() > (2.0 * n * t).sqrt() + t
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::draw::Draw;

    const NORMAL: Initial = Initial::Normal { deviation: 1.0 };
    const UNIFORM: Initial = Initial::Uniform { bound: 1.0 };

    /// Uniform numbers with deviation `scale`.
    fn uniform(n: usize, scale: f64) -> Vec<f64> {
        let mut draw = Draw::new("uniform");
        (0..n).map(|_| (2.0 * draw.unit() - 1.0) * 3f64.sqrt() * scale).collect()
    }

    #[test]
    fn distributions_are_told_apart() {
        assert_eq!(distribution(&uniform(5000, 1.0), UNIFORM), None);
        assert!(distribution(&uniform(5000, 1.0), NORMAL).unwrap().contains("distribution function"));
        assert!(distribution(&uniform(5000, 2f64.sqrt()), UNIFORM).unwrap().contains("standard deviation"));
        assert!(distribution(&uniform(5000, 0.5f64.sqrt()), UNIFORM).unwrap().contains("standard deviation"));
        let shifted: Vec<f64> = uniform(5000, 1.0).iter().map(|x| x + 0.2).collect();
        assert!(distribution(&shifted, UNIFORM).unwrap().contains("mean"));
        let mut outlier = uniform(5000, 1.0);
        outlier[7] = 1.8;
        assert!(distribution(&outlier, UNIFORM).unwrap().contains("at most"));
        assert!(distribution(&[f64::NAN; 10], NORMAL).is_some());
    }

    #[test]
    fn repetitions_are_seen() {
        let drawn = uniform(500, 1.0);
        assert!(!together(&drawn[..250], &drawn[250..]));
        assert!(together(&drawn, &drawn));
    }

    #[test]
    fn the_normal_distribution_function() {
        for (x, expected) in [(0.0, 0.5), (1.0, 0.841_344_746), (-2.0, 0.022_750_132), (3.5, 0.999_767_371)] {
            assert!((normal_below(x) - expected).abs() < 1e-7, "{x}");
        }
    }
}
