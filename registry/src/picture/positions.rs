//! What position encodings compute, as pictures.

use super::{Curve, Curves, Heat, Picture, Shown};

/// Places and coordinates of the sinusoidal picture.
const PLACES: i32 = 32;
const COORDINATES: i32 = 32;
/// Width of a head in the rotary picture, and how far its curve goes.
const HEAD: i32 = 64;
const FAR: i32 = 128;
/// Heads of the picture of linear biases.
const HEADS: u32 = 8;
/// Clipping distance of the relative picture.
const CLIP: i32 = 4;

/// The slope of head `head`, counted from one, of `n_heads`: arXiv 2108.12409, §3, for a power of two of heads.
pub fn alibi_slope(head: u32, n_heads: u32) -> f64 {
    2f64.powf(-8.0 * f64::from(head) / f64::from(n_heads))
}

/// The bucket of a key that stands `offset` tokens after its query, of 32 buckets up to a distance of 128, as T5's encoder has them
/// (`ahead`) or its decoder: arXiv 1910.10683, §2.1, and the released code.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small, and rounded down as in the released code"
)]
#[expect(clippy::cast_precision_loss, reason = "distances are small")]
pub fn t5_bucket(offset: i32, ahead: bool) -> u32 {
    let buckets: u32 = if ahead { 16 } else { 32 };
    let (side, distance) = match ahead {
        true if offset > 0 => (buckets, offset.unsigned_abs()),
        true => (0, offset.unsigned_abs()),
        false => (0, offset.min(0).unsigned_abs()),
    };
    let near = buckets / 2;
    if distance < near {
        return side + distance;
    }
    let far = (distance as f32 / near as f32).ln() / (128.0 / near as f32).ln();
    side + (near + (far * (buckets - near) as f32) as u32).min(buckets - 1)
}

/// The picture of a kind of position information.
pub(super) fn picture(term: &str) -> Option<Picture> {
    match term {
        "sinusoidal" => Some(Picture {
            says: "Each row is the vector of one position: coordinates at the left swing fast, those at the right hardly move.".into(),
            shown: Shown::Heat(vec![Heat {
                label: String::new(),
                down: "position".into(),
                across: "coordinate".into(),
                rows: (0..PLACES).map(|place| (0..COORDINATES).map(|at| wave(place, at)).collect()).collect(),
            }]),
        }),
        "rotary" => Some(curves(
            "The product of a query and a key that were alike before they were turned, by how far apart they stand: only the distance counts, \
             and far ones agree less.",
            ["distance in tokens", "product, of 1"],
            vec![Curve {
                name: "64 wide, θ = 10 000".into(),
                points: (0..=FAR).map(|distance| [f64::from(distance), rounded(turned(distance))]).collect(),
            }],
        )),
        "alibi" => Some(curves(
            "What is added to a score, by how far back the key stands: a straight line for each head. Four of eight heads are drawn.",
            ["distance in tokens", "added to the score"],
            [1, 3, 5, 8]
                .map(|head| Curve {
                    name: format!("head {head}"),
                    points: (0..=16)
                        .map(|distance| [f64::from(distance), rounded(-alibi_slope(head, HEADS) * f64::from(distance))])
                        .collect(),
                })
                .into(),
        )),
        "relative-t5-bias" => {
            let curve = |name: &str, of: &dyn Fn(i32) -> u32| Curve { name: name.into(), points: steps(0..=FAR, of) };
            Some(curves(
                "The bucket whose number is added, by distance: near keys have one each, far ones share, and beyond 128 tokens all are alike. \
                 An encoder has half of its buckets for keys after the query; a decoder needs none.",
                ["distance in tokens", "bucket"],
                vec![
                    curve("encoder, after", &|distance| t5_bucket(distance, true)),
                    curve("encoder, before", &|distance| t5_bucket(-distance, true)),
                    curve("decoder", &|distance| t5_bucket(-distance, false)),
                ],
            ))
        }
        "relative-shaw" => Some(Picture {
            says: "Which learnt vector a pair of tokens uses: one for each distance, the same along each diagonal, and one for all that are \
                   farther than four."
                .into(),
            shown: Shown::Heat(vec![Heat {
                label: String::new(),
                down: "query".into(),
                across: "key".into(),
                rows: (0..16).map(|query| (0..16).map(|key| clipped(key - query)).collect()).collect(),
            }]),
        }),
        _ => None,
    }
}

fn curves(says: &str, [x, y]: [&str; 2], series: Vec<Curve>) -> Picture {
    Picture { says: says.into(), shown: Shown::Curves(Curves { x: x.into(), y: y.into(), series }) }
}

/// A staircase: its corners and its two ends.
fn steps(range: std::ops::RangeInclusive<i32>, of: impl Fn(i32) -> u32) -> Vec<[f64; 2]> {
    let (first, last) = (*range.start(), *range.end());
    let turns = |at: i32| at == first || at == last || of(at - 1) != of(at) || of(at + 1) != of(at);
    range.filter(|&at| turns(at)).map(|at| [f64::from(at), f64::from(of(at))]).collect()
}

fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// `PE(pos, 2i) = sin(pos / 10000^(2i/d))`, its cosine beside it, in hundredths: arXiv 1706.03762, §3.5.
#[expect(clippy::cast_possible_truncation, reason = "between −100 and 100")]
fn wave(place: i32, coordinate: i32) -> i8 {
    let pair = f64::from(coordinate / 2 * 2);
    let angle = f64::from(place) / 10_000f64.powf(pair / f64::from(COORDINATES));
    (100.0 * if coordinate % 2 == 0 { angle.sin() } else { angle.cos() }).round() as i8
}

/// The product of two vectors of ones, turned by positions this far apart, over their width: arXiv 2104.09864, equation 34.
fn turned(distance: i32) -> f64 {
    let half = HEAD / 2;
    let speed = |m: i32| 10_000f64.powf(-2.0 * f64::from(m) / f64::from(HEAD));
    (0..half).map(|m| (f64::from(distance) * speed(m)).cos()).sum::<f64>() / f64::from(half)
}

/// Distances up to the clipping one, in hundredths of it.
#[expect(clippy::cast_possible_truncation, reason = "between −100 and 100")]
fn clipped(distance: i32) -> i8 {
    (distance.clamp(-CLIP, CLIP) * 100 / CLIP) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_paper() {
        assert_eq!([1, 2, 8].map(|head| alibi_slope(head, 8)), [0.5, 0.25, 1.0 / 256.0]);
    }

    #[test]
    fn distance_zero_is_whole_and_only_distance_counts() {
        assert!((turned(0) - 1.0).abs() < 1e-12);
        assert!(turned(64) < 0.6, "{}", turned(64));
        assert_eq!((clipped(0), clipped(-9), clipped(2)), (0, -100, 50));
    }

    #[test]
    fn stairs_keep_their_corners() {
        let of = |offset: i32| u32::from(offset > 0) + u32::from(offset > 3);
        assert_eq!(steps(-2..=5, of), [[-2.0, 0.0], [0.0, 0.0], [1.0, 1.0], [3.0, 1.0], [4.0, 2.0], [5.0, 2.0]]);
    }
}
