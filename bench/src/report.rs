//! From rounds to one line of the table and one verdict.

use std::time::Duration;

use crate::load::Round;

/// Two loads whose rounds took turns, and what is asked of their ratio.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// What was measured, and against what.
    pub(crate) name: String,
    /// The least ratio that passes; none where the figure is for information.
    pub(crate) needed: Option<f64>,
    /// Each a round of the load measured and the round of its reference beside it.
    pub(crate) pairs: Vec<(Round, Round)>,
}

impl Comparison {
    /// The median of the ratios of the pairs: what slowed the machine for a while slowed both of a pair.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.pairs.iter().map(|(measured, reference)| measured.rate / reference.rate))
    }

    /// Whether it passes.
    pub(crate) fn passes(&self) -> bool {
        self.needed.is_none_or(|needed| self.ratio() >= needed)
    }

    /// Its line of the table.
    pub(crate) fn line(&self) -> String {
        let measured = || self.pairs.iter().map(|(measured, _)| measured);
        let reference = || self.pairs.iter().map(|(_, reference)| reference);
        let needed = self.needed.map(|needed| format!("{:.0} %", needed * 100.0)).unwrap_or_default();
        let verdict = verdict(self.needed.is_some(), self.passes());
        format!(
            "{:<44} {:>9.0} {:>9.0} {:>7.1} % {:>6} {:<5} {:>8.1} {:>8.1} {:>7.0} {:>7.0}",
            self.name,
            median(measured().map(|round| round.rate)),
            median(reference().map(|round| round.rate)),
            self.ratio() * 100.0,
            needed,
            verdict,
            median(measured().map(|round| round.server_microseconds)),
            median(reference().map(|round| round.server_microseconds)),
            median(measured().map(|round| percentile(&round.latencies, 50))),
            median(measured().map(|round| percentile(&round.latencies, 99))),
        )
    }
}

/// One load by itself, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Single {
    /// What was measured.
    pub(crate) name: String,
    /// What passes.
    pub(crate) goal: Goal,
    /// How much one answer did: its rate is that of answers times this.
    pub(crate) per_answer: f64,
    /// Its rounds.
    pub(crate) rounds: Vec<Round>,
}

/// What is asked of a load by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// Half of the answers come sooner.
    Within(Duration),
    /// At least as much in a second.
    Rate(f64),
    /// Nothing: the figure is for information.
    Nothing,
}

impl Single {
    fn rate(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.rate * self.per_answer))
    }

    fn percentile(&self, percent: usize) -> f64 {
        median(self.rounds.iter().map(|round| percentile(&round.latencies, percent)))
    }

    /// Whether it passes.
    pub(crate) fn passes(&self) -> bool {
        match self.goal {
            Goal::Within(time) => self.percentile(50) < time.as_secs_f64() * 1e6,
            Goal::Rate(rate) => self.rate() >= rate,
            Goal::Nothing => true,
        }
    }

    /// Its line of the table.
    pub(crate) fn line(&self) -> String {
        let needed = match self.goal {
            Goal::Within(time) => format!("p50 < {} ms", time.as_millis()),
            Goal::Rate(rate) => format!("{rate:.0}/s"),
            Goal::Nothing => String::new(),
        };
        format!(
            "{:<44} {:>9.0} {:>9} {needed:>16} {:<5} {:>8.1} {:>8} {:>7.0} {:>7.0}",
            self.name,
            self.rate(),
            "",
            verdict(!matches!(self.goal, Goal::Nothing), self.passes()),
            median(self.rounds.iter().map(|round| round.server_microseconds)),
            "",
            self.percentile(50),
            self.percentile(99),
        )
    }
}

fn verdict(is_judged: bool, passes: bool) -> &'static str {
    match (is_judged, passes) {
        (true, true) => "PASS",
        (true, false) => "SHORT",
        (false, _) => "",
    }
}

/// The head of the table. Rates are answers per second; `cpu` is the server's processor time for one
/// answer and the latencies are those of the load measured, all in microseconds.
pub(crate) fn head() -> String {
    format!(
        "{:<44} {:>9} {:>9} {:>9} {:>6} {:<5} {:>8} {:>8} {:>7} {:>7}",
        "load against reference",
        "rate",
        "reference",
        "ratio",
        "needed",
        "",
        "cpu µs",
        "ref. cpu",
        "p50 µs",
        "p99 µs"
    )
}

/// The middle of the values, or the mean of the two in the middle; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = |index: usize| values.get(index).copied().unwrap_or(0.0);
    let half = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(middle(half.saturating_sub(1)), middle(half))
    } else {
        middle(half)
    }
}

/// The value that `percent` of the sorted values do not exceed.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    f64::from(sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (100.0, 198.0));
        assert_eq!(percentile(&[7], 1), 7.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn verdicts() {
        let round = |rate: f64| Round { rate, ..Round::default() };
        let mut comparison = Comparison {
            name: "x".to_owned(),
            needed: Some(0.6),
            // The second pair ran while the machine was slow.
            pairs: vec![(round(60.0), round(100.0)), (round(31.0), round(50.0)), (round(70.0), round(100.0))],
        };
        assert!((comparison.ratio() - 0.62).abs() < 1e-9);
        assert!(comparison.passes() && comparison.line().contains("PASS"));
        comparison.needed = Some(0.65);
        assert!(!comparison.passes() && comparison.line().contains("SHORT"));
        comparison.needed = None;
        assert!(comparison.passes());
    }

    #[track_caller]
    fn check_single(goal: Goal, expected: &str) {
        let round = |latency| Round { rate: 10.0, latencies: vec![latency], ..Round::default() };
        let rounds = vec![round(4000), round(9000), round(4999)];
        let single = Single { name: "x".to_owned(), goal, per_answer: 7.0, rounds };
        assert!(single.line().contains(expected), "{}", single.line());
        assert_eq!(single.passes(), expected != "SHORT");
    }

    #[test]
    fn verdicts_on_one_load() {
        check_single(Goal::Within(Duration::from_millis(5)), "PASS");
        check_single(Goal::Within(Duration::from_micros(4999)), "SHORT");
        check_single(Goal::Rate(70.0), "PASS");
        check_single(Goal::Rate(71.0), "SHORT");
        check_single(Goal::Nothing, "");
    }
}
