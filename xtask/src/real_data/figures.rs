//! The figures that the checks gather, printed as one table at the end.

/// Rows of a name and a value.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    rows: Vec<(String, String)>,
}

impl Figures {
    /// Adds a row.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.rows.push((name.into(), value.into()));
    }

    /// The rows below each other, nothing where there are none.
    pub(crate) fn table(&self) -> String {
        let width = self
            .rows
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let mut table = String::new();
        for (name, value) in &self.rows {
            table += &format!("\n{name:<width$}  {value}");
        }
        if !table.is_empty() {
            table.push('\n');
        }
        table
    }
}
