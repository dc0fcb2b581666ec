//! Curves in a terminal.

/// Rows of a plot.
const HEIGHT: usize = 8;
/// Most columns of a plot.
const WIDTH: usize = 60;
/// Eighths of a cell, from empty to full.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The values from left to right as filled columns over zero, neighbours averaged where there are more than columns; one line of
/// text a row, the largest value and zero written beside them. What is not finite is left out.
pub(crate) fn columns(values: &[f64]) -> Vec<String> {
    let values = averaged(values);
    let most = values.iter().copied().fold(0.0, f64::max);
    let eighths = |value: f64| if most > 0.0 { (value / most * (8 * HEIGHT) as f64).round() as usize } else { 0 };
    let row = |row: usize| {
        let below = 8 * (HEIGHT - 1 - row);
        let cells: String = values.iter().map(|&value| EIGHTHS[eighths(value).saturating_sub(below).min(8)]).collect();
        let label = match row {
            0 => format!("{most:.2}"),
            _ if row == HEIGHT - 1 => "0".to_owned(),
            _ => String::new(),
        };
        format!("{label:>8} │{}", cells.trim_end())
    };
    (0..HEIGHT).map(row).collect()
}

fn averaged(values: &[f64]) -> Vec<f64> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let columns = finite.len().min(WIDTH);
    let part = |column: usize| &finite[column * finite.len() / columns..(column + 1) * finite.len() / columns];
    (0..columns).map(|column| part(column).iter().sum::<f64>() / part(column).len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_curve_falls() {
        let rows = columns(&(0..600).map(|step| 6.0 - f64::from(step) / 100.0).collect::<Vec<_>>());
        assert_eq!(rows.len(), HEIGHT);
        assert!(rows[0].starts_with("    5.9") && rows[HEIGHT - 1].starts_with("       0 │"), "{rows:?}");
        let widths: Vec<usize> = rows.iter().map(|row| row.chars().count()).collect();
        assert!(widths.is_sorted() && widths[HEIGHT - 1] <= WIDTH + 10, "{widths:?}");
    }

    #[test]
    fn odd_curves_do_not_panic() {
        assert_eq!(columns(&[]).len(), HEIGHT);
        assert_eq!(columns(&[0.0, f64::NAN, f64::INFINITY]).len(), HEIGHT);
    }
}
