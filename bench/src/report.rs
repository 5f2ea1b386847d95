//! Tables of what was measured: one row for each server, one column for each figure, and whether the goals are met.

use serde_json::{Value, json};

use crate::figures::Figures;
use crate::machine::Machine;
use crate::peer::Contender;

/// A figure: what it is, in which unit, and how many decimals of it say something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) decimals: usize,
}

/// Which part of the processors others had meanwhile: the last column of every table that counts processor time.
pub(crate) const OTHERS: Column = Column { name: "others", unit: "%", decimals: 0 };

/// What a figure of one row should be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) of: Contender,
    /// Place of the column.
    pub(crate) column: usize,
    pub(crate) at_most: AtMost,
}

/// The most that a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AtMost {
    This(f64),
    /// So many times that of the best peer in the same table.
    BestPeer(f64),
    /// Whichever of the two is more.
    ThisOrBestPeer(f64, f64),
    /// So many times that of this one.
    Times(f64, Contender),
}

/// Rows of one comparison.
pub(crate) struct Table {
    scenario: &'static str,
    title: String,
    columns: &'static [Column],
    goals: &'static [Goal],
    rows: Vec<Row>,
}

struct Row {
    contender: Contender,
    figures: Vec<Figures>,
    /// Why a round is missing.
    failures: Vec<String>,
}

impl Table {
    pub(crate) fn new(
        scenario: &'static str,
        title: &str,
        columns: &'static [Column],
        goals: &'static [Goal],
    ) -> Table {
        Table { scenario, title: title.to_owned(), columns, goals, rows: Vec::new() }
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Adds what one round measured of a contender, a figure for each column, or why it could not.
    pub(crate) fn add(&mut self, contender: Contender, round: anyhow::Result<Vec<f64>>) {
        let place = self.rows.iter().position(|row| row.contender == contender).unwrap_or_else(|| {
            let figures = vec![Figures::default(); self.columns.len()];
            self.rows.push(Row { contender, figures, failures: Vec::new() });
            self.rows.len() - 1
        });
        let row = &mut self.rows[place];
        match round {
            Ok(figures) => row.figures.iter_mut().zip(figures).for_each(|(all, one)| all.add(one)),
            Err(error) => row.failures.push(format!("{error:#}")),
        }
    }

    pub(crate) fn print(&self) {
        println!("\n{}: {}", self.scenario, self.title);
        let names = self.columns.iter().map(|column| match column.unit {
            "" => column.name.to_owned(),
            unit => format!("{}, {unit}", column.name),
        });
        let mut lines = vec![std::iter::once("server".to_owned()).chain(names).collect::<Vec<_>>()];
        for row in &self.rows {
            let figures = row.figures.iter().zip(self.columns);
            let figures = figures.map(|(figures, column)| figures.show(column.decimals));
            let mut line: Vec<String> =
                std::iter::once(row.contender.name().to_owned()).chain(figures).collect();
            line.extend(self.goals_of(row.contender).map(|goal| self.judged(goal)));
            lines.push(line);
        }
        print_aligned(&lines, self.columns.len() + 1);
        for row in &self.rows {
            for failure in &row.failures {
                println!("  {}: a round failed: {failure}", row.contender.name());
            }
        }
    }

    fn goals_of(&self, contender: Contender) -> impl Iterator<Item = &Goal> {
        self.goals.iter().filter(move |goal| goal.of == contender)
    }

    /// The goal in words, and whether it is met.
    fn judged(&self, goal: &Goal) -> String {
        let column = self.columns[goal.column];
        let word = match self.is_met(goal) {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "not measured",
        };
        let most = match goal.at_most {
            AtMost::This(most) => format!("{most}"),
            AtMost::BestPeer(times) => format!("{times:.1} × the best peer"),
            AtMost::ThisOrBestPeer(most, times) => format!("{most} or {times:.1} × the best peer"),
            AtMost::Times(times, other) => format!("{times:.1} × {}", other.name()),
        };
        format!("{} ≤ {most}: {word}", column.name)
    }

    fn is_met(&self, goal: &Goal) -> Option<bool> {
        let figure = self.median(goal.of, goal.column)?;
        let peers = || {
            let rows = self.rows.iter().filter(|row| row.contender.peer().is_some());
            rows.filter_map(|row| row.figures[goal.column].median()).min_by(f64::total_cmp)
        };
        let most = match goal.at_most {
            AtMost::This(most) => most,
            AtMost::BestPeer(times) => times * peers()?,
            AtMost::ThisOrBestPeer(most, times) => peers().map_or(most, |best| most.max(times * best)),
            AtMost::Times(times, other) => times * self.median(other, goal.column)?,
        };
        Some(figure <= most)
    }

    pub(crate) fn median(&self, contender: Contender, column: usize) -> Option<f64> {
        self.rows.iter().find(|row| row.contender == contender)?.figures[column].median()
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let figures = row.figures.iter().zip(self.columns).map(|(figures, column)| {
                let value =
                    json!({"unit": column.unit, "median": figures.median(), "rounds": figures.sorted()});
                (column.name.to_owned(), value)
            });
            let figures: serde_json::Map<String, Value> = figures.collect();
            let goals: Vec<Value> = self
                .goals_of(row.contender)
                .map(|goal| json!({"goal": self.judged(goal), "met": self.is_met(goal)}))
                .collect();
            json!({
                "server": row.contender.name(), "figures": figures, "goals": goals, "failures": row.failures
            })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({"scenario": self.scenario, "title": self.title, "rows": rows})
    }
}

/// All tables of a run, for programs.
pub(crate) fn json(machine: &Machine, tables: &[Table]) -> Value {
    json!({"machine": machine.json(), "tables": tables.iter().map(Table::json).collect::<Vec<_>>()})
}

/// Prints lines so that what stands in one column begins or ends at one place. Behind `columns`, they go on as they are.
fn print_aligned(lines: &[Vec<String>], columns: usize) {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in lines {
        let mut text = format!("  {:<width$}", line[0], width = widths[0]);
        for (cell, width) in line[1..].iter().zip(&widths[1..]) {
            text.push_str(&format!("  {cell:>width$}"));
        }
        for cell in line.iter().skip(columns) {
            text.push_str(&format!("  {cell}"));
        }
        println!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column { name: "CPU", unit: "µs", decimals: 1 }];

    /// Whether Glassline's 5 is within the goal, beside a peer's 4 and another's 10.
    fn is_met(at_most: AtMost) -> Option<bool> {
        let mut table = Table::new("one", "", COLUMNS, &[]);
        for (contender, figure) in
            [(Contender::Glassline, 5.0), (Contender::Uws, 4.0), (Contender::Node, 10.0)]
        {
            table.add(contender, Ok(vec![figure]));
        }
        table.is_met(&Goal { of: Contender::Glassline, column: 0, at_most })
    }

    #[test]
    fn a_goal_is_a_figure_or_that_of_a_peer() {
        assert_eq!(is_met(AtMost::This(5.0)), Some(true));
        assert_eq!(is_met(AtMost::This(4.9)), Some(false));
        assert_eq!(is_met(AtMost::BestPeer(1.0)), Some(false), "the best one counts");
        assert_eq!(is_met(AtMost::ThisOrBestPeer(7.0, 1.0)), Some(true));
        assert_eq!(is_met(AtMost::ThisOrBestPeer(1.0, 1.25)), Some(true));
        assert_eq!(is_met(AtMost::Times(0.5, Contender::Node)), Some(true));
        assert_eq!(is_met(AtMost::Times(9.0, Contender::Nats)), None, "what was not measured is not met");
    }

    #[test]
    fn a_round_that_failed_leaves_the_others() {
        let mut table = Table::new("one", "", COLUMNS, &[]);
        table.add(Contender::Glassline, Ok(vec![3.0]));
        table.add(Contender::Glassline, Err(anyhow::anyhow!("no connection")));
        assert_eq!(table.median(Contender::Glassline, 0), Some(3.0));
        assert_eq!(table.json()["rows"][0]["failures"][0], "no connection");
    }
}
