//! Figures of several rounds, and the table that they are printed in.

/// What one thing measured in each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    /// Adds one; not what is no number, because there was nothing to divide by.
    pub(crate) fn add(&mut self, figure: f64) {
        if figure.is_finite() {
            self.0.push(figure);
        }
    }

    /// The one in the middle; between the two in the middle where their number is even.
    pub(crate) fn median(&self) -> Option<f64> {
        let sorted = self.sorted();
        let above = sorted.get(sorted.len() / 2)?;
        Some(sorted[(sorted.len() - 1) / 2].midpoint(*above))
    }

    /// All of them, from the least to the greatest.
    pub(crate) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// `median (least … greatest)`, with so many decimals; a dash when nothing was measured.
    pub(crate) fn show(&self, decimals: usize) -> String {
        let sorted = self.sorted();
        let (Some(median), Some(least), Some(greatest)) = (self.median(), sorted.first(), sorted.last())
        else {
            return "–".to_owned();
        };
        if sorted.len() == 1 {
            return format!("{median:.decimals$}");
        }
        format!("{median:.decimals$} ({least:.decimals$} … {greatest:.decimals$})")
    }
}

/// Prints the heading of a scenario.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// Prints one line: what, how much of it, its unit, and what it should be.
pub(crate) fn line(what: &str, figures: &Figures, decimals: usize, unit: &str, goal: &str) {
    let shown = figures.show(decimals);
    println!("  {what:<34} {shown:>28} {unit:<12} {goal}");
}
