//! Who sees whom.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Model, Rows, Tokens};

use crate::check::{Check, Finding, Stop, Verdict, none_of, require};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, VISIBLE, Values, gap, values};

pub(super) const INFORMATION_FLOWS_AS_DECLARED: Check = Check {
    id: "information-flows-as-declared",
    statement: "Each position sees exactly the positions that the family's attention terms say.",
    method: "Every token in turn is replaced, in several texts and by several others, and every output that changes by a single \
             bit is noted. The matrix must equal the declared one, lower-triangular for causal attention and for every \
             next-token head, full for bidirectional attention; a dependency that is missing counts like one too many. One \
             answer a text must depend on every token, and segments must matter where the model takes them.",
    catches: &[
        "a mask off by one, or none",
        "heads and time mixed up in a reshape",
        "attention that does nothing",
        "an input that is ignored",
    ],
    run: information_flows_as_declared,
};

pub(super) const ORDER_MATTERS: Check = Check {
    id: "order-matters",
    statement: "A text read at other positions is another text.",
    method: "A batch is read with the positions it has and with those of two tokens exchanged: what the model says changes far \
             more than noise. Families that declare no positional encoding are left out.",
    catches: &["positions that are never added", "every token at position 0"],
    run: order_matters,
};

/// What a family declares of who sees whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Itself and what came before.
    Causal,
    /// Everything.
    Full,
}

fn declared(subject: &Subject<'_>, head: &HeadOutput) -> Result<Flow, Stop> {
    let terms = subject.descriptor().taxonomy.get("attention");
    let says = |term: &str| terms.into_iter().flatten().any(|id| id == term);
    match head {
        // Whoever predicts a token must not have seen it.
        HeadOutput::NextTokenLogits(_) => Ok(Flow::Causal),
        _ if says("full-bidirectional") => Ok(Flow::Full),
        _ if says("causal") || says("masked") => Ok(Flow::Causal),
        _ => Err(Stop::NotApplicable("its attention is declared neither `causal` nor `full-bidirectional`".into())),
    }
}

fn information_flows_as_declared(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let mut looked_at = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let limits = inputs::text_limits(model.as_ref())?;
        let len = inputs::longest(&limits)?;
        let tokens = inputs::texts(&limits, "flow", TEXTS, len)?;
        let output = model.forward(&tokens.clone().into(), Record::NOTHING)?;
        let flow = declared(subject, &output.head)?;
        let before = values(&output);
        let mut seen = vec![Seen::new(len); before.len()];
        for from in 0..len {
            for other in 1..=OTHERS {
                let after = replaced(model.as_ref(), &tokens, from, other)?;
                for ((seen, before), after) in seen.iter_mut().zip(&before).zip(&after) {
                    seen.note(before, after, from, TEXTS);
                }
            }
        }
        for (seen, value) in seen.iter().zip(&before) {
            let wrong = seen.wrong(flow, value.axes);
            if let Some(first) = wrong.first() {
                let head = &variant.head;
                problems.push(format!(
                    "head `{head}`, {}: {first}; {} of {} pairs are wrong",
                    value.name,
                    wrong.len(),
                    len * len
                ));
            }
        }
        segments_matter(&variant, model.as_ref(), &mut problems)?;
        looked_at.push(format!("`{}` {}", variant.head, if flow == Flow::Causal { "causal" } else { "full" }));
    }
    none_of(&problems, looked_at.join(", "))
}

/// Texts in the batch: a dependency seen in one is seen.
const TEXTS: usize = 3;
/// Tokens tried in the place of each.
const OTHERS: usize = 2;

fn replaced(model: &dyn Model, tokens: &Tokens, from: usize, other: usize) -> Result<Vec<Values>, Stop> {
    let vocab = inputs::text_limits(model)?.vocab_size as i64;
    let [batch, len] = tokens.input_ids.dims();
    let step = 1 + (other as i64 - 1) * (vocab / 2).max(1);
    let mut ids = tokens.input_ids.as_slice().to_vec();
    for row in 0..batch {
        ids[row * len + from] = (ids[row * len + from] + step) % vocab;
    }
    let input_ids = Rows::from_flat(batch, len, ids).unwrap_or_else(|| tokens.input_ids.clone());
    Ok(values(&model.forward(&Tokens { input_ids, ..tokens.clone() }.into(), Record::NOTHING)?))
}

/// Which positions were seen to depend on which, `[to][from]`.
#[derive(Debug, Clone)]
struct Seen(Vec<Vec<bool>>);

impl Seen {
    fn new(len: usize) -> Self {
        Self(vec![vec![false; len]; len])
    }

    fn note(&mut self, before: &Values, after: &Values, from: usize, texts: usize) {
        for (to, seen) in self.0.iter_mut().enumerate() {
            let bits = |value: &Values, row| value.part(row, &[to]).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            seen[from] |= (0..texts).any(|row| bits(before, row) != bits(after, row));
        }
    }

    /// Every pair that is not as declared, in words.
    fn wrong(&self, flow: Flow, axes: Axes) -> Vec<String> {
        let mut wrong = Vec::new();
        for (to, seen) in self.0.iter().enumerate() {
            for (from, &seen) in seen.iter().enumerate() {
                // One answer a text stands at no position: all of it must depend on every token.
                let expected = axes == Axes::Text || flow == Flow::Full || from <= to;
                match (expected, seen) {
                    (true, false) => wrong.push(format!("position {to} does not see position {from}")),
                    (false, true) => wrong.push(format!("position {to} sees position {from}")),
                    _ => {}
                }
            }
        }
        wrong
    }
}

fn segments_matter(variant: &Variant, model: &dyn Model, problems: &mut Vec<String>) -> Result<(), Stop> {
    let limits = inputs::text_limits(model)?;
    if limits.n_token_types < 2 {
        return Ok(());
    }
    let tokens = inputs::texts(&limits, "segments", 1, inputs::longest(&limits)?)?;
    let [batch, len] = tokens.input_ids.dims();
    let all = |segment| Tokens { token_type_ids: Some(Rows::full(batch, len, segment)), ..tokens.clone() };
    let run = |tokens: Tokens| -> Result<_, Stop> { Ok(values(&model.forward(&tokens.into(), Record::NOTHING)?)) };
    if run(all(0))? == run(all(1))? {
        problems.push(format!("head `{}`: `token_type_ids` change nothing", variant.head));
    }
    Ok(())
}

fn order_matters(subject: &Subject<'_>) -> Verdict {
    let encodings = subject.descriptor().taxonomy.get("positional-encoding");
    if encodings.is_some_and(|terms| terms.iter().any(|term| term == "none")) {
        return Err(Stop::NotApplicable("it declares no positional encoding".into()));
    }
    let variants = subject.variants()?;
    for variant in &variants {
        let model = subject.hot(variant)?;
        let limits = inputs::text_limits(model.as_ref())?;
        let len = inputs::longest(&limits)?;
        let tokens = inputs::texts(&limits, "order", TEXTS, len)?;
        let mut exchanged: Vec<i64> = (0..len as i64).collect();
        exchanged.swap(0, len - 2);
        let at = |positions: &[i64]| Tokens { position_ids: Rows::new(&[positions; TEXTS]), ..tokens.clone() };
        let run = |tokens: Tokens| -> Result<_, Stop> { Ok(values(&model.forward(&tokens.into(), Record::NOTHING)?)) };
        let in_order: Vec<i64> = (0..len as i64).collect();
        let (before, after) = (run(at(&in_order))?, run(at(&exchanged))?);
        let noise = subject.noise(variant, &[tokens.clone().into()])?;
        for (before, after) in before.iter().zip(&after) {
            let (last, head) = ([len - 1], &variant.head);
            let moved = |row| noise.multiple(&before.name, gap(&before.part(row, &last), &after.part(row, &last)));
            let moved = (0..TEXTS).map(moved).fold(0.0, f64::max);
            require(moved > VISIBLE, || {
                format!(
                    "head `{head}`: with the positions of two tokens exchanged, {} moves by {moved:.1} × noise",
                    before.name
                )
            })?;
        }
    }
    Ok(Finding::seen(format!("{} heads; every output moves by more than {VISIBLE} × noise", variants.len())))
}
