//! What goes into what, in residual layers and feed-forward networks.

use super::{Picture, Shown, Step, Wiring};

/// The picture of a norm's placement or of a kind of feed-forward network.
pub(super) fn picture(kind: &str, id: &str) -> Option<Picture> {
    let norm = || one("norm", "Norm");
    let layer = || one("attention", "Attention or MLP");
    let sum = || one("sum", "+");
    let (says, rows, around): (&str, Vec<Vec<Step>>, Option<[usize; 2]>) = match (kind, id) {
        ("normalisation-placement", "post") => (
            "The input goes around the sub-layer, is added to its answer, and the sum is normed.",
            vec![layer(), sum(), norm()],
            Some([0, 1]),
        ),
        ("normalisation-placement", "pre") => (
            "The input is normed for the sub-layer alone; what goes around it is never normed.",
            vec![norm(), layer(), sum()],
            Some([0, 2]),
        ),
        ("normalisation-placement", "sandwich") => (
            "One norm before the sub-layer and one after it, both before the sum.",
            vec![norm(), layer(), norm(), sum()],
            Some([0, 3]),
        ),
        ("mlp", "dense") => (
            "Up to a wider layer, through the activation, and down again.",
            vec![one("mlp", "Up"), one("other", "Activation"), one("mlp", "Down")],
            None,
        ),
        ("mlp", "gated") => (
            "Two maps upwards side by side; one goes through the activation and is multiplied with the other.",
            vec![vec![step("mlp", "Gate, activated"), step("mlp", "Up")], one("product", "×"), one("mlp", "Down")],
            None,
        ),
        ("mlp", "mixture-of-experts") => (
            "A router weighs the experts for each token; here two of four are computed, and the others stand idle.",
            vec![
                one("head", "Router"),
                vec![
                    step("mlp", "Expert 1"),
                    Step { idle: true, ..step("mlp", "Expert 2") },
                    step("mlp", "Expert 3"),
                    Step { idle: true, ..step("mlp", "Expert 4") },
                ],
                one("sum", "+"),
            ],
            None,
        ),
        _ => return None,
    };
    Some(Picture { says: says.into(), shown: Shown::Wiring(vec![Wiring { label: String::new(), rows, around }]) })
}

fn step(kind: &str, label: &str) -> Step {
    Step { kind: kind.into(), label: label.into(), idle: false }
}

fn one(kind: &str, label: &str) -> Vec<Step> {
    vec![step(kind, label)]
}
