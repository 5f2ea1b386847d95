//! Figures of several rounds, and the table that they are printed in.

/// What one thing measured in each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// `median (least … greatest)`, with so many decimals; a dash when nothing was measured.
    fn show(&self, decimals: usize) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (Some(least), Some(greatest)) = (sorted.first(), sorted.last()) else { return "–".to_owned() };
        let median = sorted[sorted.len() / 2];
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
