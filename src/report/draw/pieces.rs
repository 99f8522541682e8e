//! Which values are drawn and which are joined. A gap stays open, a value that is the average over a gap begins anew,
//! and of more values than a picture has room for the extremes stay.

use super::{Chart, Dot, Line, scale};
use crate::sample::Millis;

/// Whether values are missing between two that follow each other: half a step late is late, not missing.
pub fn is_gap(before: Millis, after: Millis, step: Millis) -> bool {
    after.saturating_sub(before) > step.max(1).saturating_add(step / 2)
}

/// The values that can be drawn, in the order of time.
pub fn drawable(line: &Line, chart: &Chart) -> Vec<Dot> {
    let within = |dot: &&Dot| (chart.since..=chart.until).contains(&dot.at) && scale::is_drawable(dot.value);
    let mut dots: Vec<Dot> = line.points.iter().filter(within).copied().collect();
    if !dots.is_sorted_by_key(|dot| dot.at) {
        dots.sort_by_key(|dot| dot.at);
    }
    dots
}

/// Values that are joined; the first may be the average over the gap before it.
pub type Piece = Vec<Dot>;

/// The values in pieces. Of more than two for each of `columns` slices of the range stay the least, the greatest and an
/// average over a gap of each slice, the ends of the line and, unless there are many gaps, those of its pieces.
pub fn pieces(dots: &[Dot], chart: &Chart, columns: usize) -> Vec<Piece> {
    let mut before: Option<Dot> = None;
    let begins: Vec<bool> = dots
        .iter()
        .map(|dot| {
            let last = before.replace(*dot);
            last.is_none_or(|last| dot.over_gap || is_gap(last.at, dot.at, chart.step))
        })
        .collect();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next = 0;
    for index in kept(dots, &begins, chart, columns) {
        let is_new = begins.get(next..=index).is_some_and(|passed| passed.contains(&true));
        next = index + 1;
        let Some(dot) = dots.get(index) else { continue };
        match pieces.last_mut() {
            Some(piece) if !is_new => piece.push(*dot),
            _ => pieces.push(vec![*dot]),
        }
    }
    pieces
}

fn kept(dots: &[Dot], begins: &[bool], chart: &Chart, columns: usize) -> Vec<usize> {
    const MANY_PIECES: usize = 16;
    if dots.len() <= columns.saturating_mul(2) {
        return (0..dots.len()).collect();
    }
    let mut kept = vec![0, dots.len() - 1];
    let starts = || begins.iter().enumerate().filter(|(_, begins)| **begins).map(|(index, _)| index);
    if starts().count() <= MANY_PIECES {
        kept.extend(starts().flat_map(|start| [start.saturating_sub(1), start]));
    }
    let span = chart.until.saturating_sub(chart.since).max(1) as f64;
    let column = |dot: &Dot| ((dot.at.saturating_sub(chart.since)) as f64 / span * columns as f64) as usize;
    let mut start = 0;
    for group in dots.chunk_by(|left, right| column(left) == column(right)) {
        let numbered = || group.iter().enumerate();
        let least = numbered().min_by(|left, right| left.1.value.total_cmp(&right.1.value));
        let most = numbered().max_by(|left, right| left.1.value.total_cmp(&right.1.value));
        let over_gap = numbered().find(|(_, dot)| dot.over_gap);
        kept.extend([least, most, over_gap].into_iter().flatten().map(|(at, _)| start + at));
        start += group.len();
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Where no line has a value: between two values, before the first and after the last.
pub fn holes(lines: &[Vec<Dot>], chart: &Chart) -> Vec<(Millis, Millis)> {
    let mut times: Vec<Millis> = lines.iter().flatten().map(|dot| dot.at).collect();
    times.push(chart.since);
    times.push(chart.until);
    times.sort_unstable();
    let pairs = times.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    pairs.filter(|(before, after)| is_gap(*before, *after, chart.step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::metric_entry::Unit;

    fn chart(until: Millis) -> Chart {
        let (title, help) = (String::new(), String::new());
        Chart { title, unit: Unit::Count, help, since: 0, until, step: 10, lines: vec![], marks: vec![] }
    }

    fn dots(points: &[(Millis, f64)]) -> Vec<Dot> {
        points.iter().map(|(at, value)| Dot { at: *at, value: *value, over_gap: false }).collect()
    }

    #[test]
    fn pieces_end_at_gaps_and_before_an_average_over_a_gap() {
        let mut given = dots(&[(0, 1.0), (10, 2.0), (25, 3.0), (41, 4.0), (51, 5.0), (61, 6.0)]);
        given[4].over_gap = true;
        let times = |pieces: &[Piece]| pieces.iter().map(|p| p.iter().map(|d| d.at).collect()).collect::<Vec<Vec<_>>>();
        assert_eq!(times(&pieces(&given, &chart(61), 100)), [vec![0, 10, 25], vec![41], vec![51, 61]]);
        assert_eq!(holes(&[given], &chart(100)), [(25, 41), (61, 100)]);
        assert_eq!(holes(&[vec![]], &chart(100)), [(0, 100)]);
    }

    #[test]
    fn what_is_not_finite_or_not_in_the_range_is_not_drawn_and_leaves_a_gap() {
        let points =
            dots(&[(20, 3.0), (0, 1.0), (10, f64::NAN), (30, f64::INFINITY), (40, f64::MAX), (-1, 1.0), (101, 1.0)]);
        let given = drawable(&Line { name: String::new(), points }, &chart(100));
        assert_eq!(given, dots(&[(0, 1.0), (20, 3.0)]));
        assert_eq!(pieces(&given, &chart(100), 100).len(), 2);
    }

    #[test]
    fn of_many_values_the_extremes_stay_and_so_do_gaps() {
        let mut given = dots(&(0..10_000).map(|n| (n * 10, (n % 7) as f64)).collect::<Vec<_>>());
        given[5_003].value = 1e6;
        given[7_777].over_gap = true;
        given.drain(2_000..3_000);
        let pieces = pieces(&given, &chart(100_000), 100);
        assert_eq!(pieces.len(), 3, "one hole, one average over a gap");
        let all: Vec<Dot> = pieces.iter().flatten().copied().collect();
        assert!(all.len() <= 210, "{}", all.len());
        assert_eq!((all[0], all.last()), (given[0], given.last()));
        let ends = |at: Millis| all.iter().any(|dot| dot.at == at);
        assert!(ends(19_990) && ends(30_000), "both sides of the hole");
        assert_eq!(all.iter().map(|dot| dot.value).fold(0.0, f64::max), 1e6);
        assert!(all.iter().any(|dot| dot.over_gap) && all.is_sorted_by_key(|dot| dot.at));
    }
}
