//! Activations as functions of one number, and their curves.

use super::{Curve, Curves, Picture, Shown};

/// Ends of the curves, and steps between them.
const ENDS: f64 = 4.0;
const STEPS: i32 = 80;

/// The function of a term of the axis `activation`; of a gated pair, the function in its gate.
pub fn activation(term: &str) -> Option<fn(f64) -> f64> {
    Some(match term {
        "relu" | "reglu" => |x| x.max(0.0),
        "leaky-relu" => |x| if x < 0.0 { 0.01 * x } else { x },
        "squared-relu" => |x| x.max(0.0).powi(2),
        "gelu" | "geglu" => |x| x * normal_below(x),
        "gelu-tanh" => |x| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh()),
        "quick-gelu" => |x| x * sigmoid(1.702 * x),
        "silu" | "swiglu" => |x| x * sigmoid(x),
        "tanh" => f64::tanh,
        "glu" => sigmoid,
        _ => return None,
    })
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The probability that a standard normal number is below `x`, by the series of the error function; exact to ten digits within the
/// curves.
fn normal_below(x: f64) -> f64 {
    let z = x / std::f64::consts::SQRT_2;
    let mut term = z;
    let mut sum = z;
    for n in 1..200 {
        let n = f64::from(n);
        term *= -z * z / n;
        sum += term / (2.0 * n + 1.0);
    }
    0.5 * (1.0 + (2.0 / std::f64::consts::PI.sqrt() * sum).clamp(-1.0, 1.0))
}

/// The curve of a term, with the one it is nearest to for comparison.
pub(super) fn picture(term: &str) -> Option<Picture> {
    let (beside, says) = match term {
        "relu" => (None, "Zero up to zero, then the input itself."),
        "leaky-relu" => (Some("relu"), "As ReLU, but with a slope of one hundredth below zero."),
        "squared-relu" => (Some("relu"), "Zero up to zero, then the square of the input."),
        "gelu" => (Some("relu"), "Close to ReLU far from zero; smooth, and a little below zero on its left."),
        "gelu-tanh" => {
            (Some("gelu"), "The two forms of GELU lie on each other: they differ by less than 0.001 anywhere.")
        }
        "quick-gelu" => (Some("gelu"), "Near GELU, with a slightly deeper dip."),
        "silu" => (Some("relu"), "Smooth like GELU, with a wider and deeper dip below zero."),
        "tanh" => (None, "From −1 to 1, steepest at zero."),
        "glu" => (None, "The gate: a sigmoid between 0 and 1, which the other half of the pair is multiplied with."),
        "reglu" => (None, "The gate: ReLU, which the other half of the pair is multiplied with."),
        "geglu" => (None, "The gate: GELU, which the other half of the pair is multiplied with."),
        "swiglu" => (None, "The gate: SiLU, which the other half of the pair is multiplied with."),
        _ => return None,
    };
    let gated = ["glu", "reglu", "geglu", "swiglu"].contains(&term);
    let series = [Some(term), beside].into_iter().flatten().filter_map(|id| Some(curve(id, activation(id)?))).collect();
    let y = if gated { "gate" } else { "output" };
    Some(Picture { says: says.into(), shown: Shown::Curves(Curves { x: "input".into(), y: y.into(), series }) })
}

fn curve(id: &str, of: fn(f64) -> f64) -> Curve {
    let name = crate::vocabulary::axis("activation")
        .and_then(|axis| axis.terms.iter().find(|term| term.id == id))
        .map_or_else(|| id.to_owned(), |term| term.label.clone());
    // A square grows out of the picture: it stops where the others do.
    let at = |step: i32| -ENDS + 2.0 * ENDS * f64::from(step) / f64::from(STEPS);
    let points = (0..=STEPS).map(|step| [at(step), of(at(step))]).filter(|[_, y]| *y <= ENDS + 1e-9);
    let rounded = points.map(|[x, y]| [(x * 1e4).round() / 1e4, (y * 1e4).round() / 1e4]);
    Curve { name, points: rounded.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_the_known_one() {
        for (x, known) in
            [(0.0, 0.5), (1.0, 0.841_344_746_068_5), (-2.0, 0.022_750_131_948_2), (4.0, 0.999_968_328_758_2)]
        {
            assert!((normal_below(x) - known).abs() < 1e-10, "{x}: {}", normal_below(x));
        }
    }

    #[test]
    fn the_two_forms_of_gelu_are_as_near_as_the_picture_says() {
        let (exact, fast) = (activation("gelu").unwrap(), activation("gelu-tanh").unwrap());
        let apart = (-400..=400).map(|n| f64::from(n) / 100.0).map(|x| (exact(x) - fast(x)).abs()).fold(0.0, f64::max);
        assert!((1e-4..1e-3).contains(&apart), "{apart}");
    }
}
