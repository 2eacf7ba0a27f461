//! What a problem must be like before it is solved.

use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
use super::dictionary::Dictionary;
use super::efficiency::Efficiency;
use super::error::Error;
use super::joint::{Coupling, Problem, Scale};
use super::kind::{AtomKind, Segment};
use crate::tuning::SAME_SUM;

impl Problem {
    /// Checks shapes and values.
    ///
    /// # Errors
    /// Names the first argument that does not fit.
    pub fn check(&self) -> Result<(), Error> {
        let atoms = self.atoms();
        check_values("activations", &self.activations)?;
        expect_shape("kinds", (self.kinds.len(), 1), (atoms, 1))?;
        for (atom, kind) in self.kinds.iter().enumerate() {
            check_kind(atom, kind, self.activations.ncols())?;
        }
        for l in 0..self.levels.len() {
            self.check_level(l)?;
        }
        for d in 0..self.dictionaries.len() {
            self.check_dictionary(d)?;
        }
        self.check_reference()?;
        self.check_scale()
    }

    fn check_level(&self, l: usize) -> Result<(), Error> {
        let (level, (atoms, grid)) = (&self.levels[l], self.activations.dim());
        let name = |field: &str| format!("levels[{l}].{field}");
        let (dictionary, dictionaries) = (level.dictionary.0, self.dictionaries.len());
        if dictionary >= dictionaries {
            return Err(Error::UnknownDictionary { level: l, dictionary, dictionaries });
        }
        let times = level.cells.dim().1;
        expect_shape(&name("cells"), level.cells.dim(), (self[level.dictionary].rows(), times))?;
        check_cells(&name(""), &level.cells)?;
        check_positive(&name("importance"), level.importance)?;
        if !matches!(level.coupling, Coupling::Dictionary { .. }) {
            expect_shape(
                &name("sampling"),
                (level.sampling.grid_len(), level.sampling.len()),
                (grid, times),
            )?;
        }
        check_efficiency(&name, &level.efficiency, (atoms, times))?;
        match &level.coupling {
            Coupling::Shared => {}
            Coupling::Soft { activations, .. } | Coupling::Dictionary { activations } => {
                expect_shape(&name("coupling.activations"), activations.dim(), (atoms, times))?;
                check_values(&name("coupling.activations"), activations)?;
            }
        }
        match level.coupling {
            Coupling::Soft { strength, .. } => {
                check_positive(&name("coupling.strength"), strength)?;
                let parts = level.efficiency.start.ncols();
                expect_shape(&name("efficiency.start"), (atoms, parts), (atoms, 1))
            }
            Coupling::Shared | Coupling::Dictionary { .. } => Ok(()),
        }
    }

    fn check_dictionary(&self, d: usize) -> Result<(), Error> {
        let (dictionary, atoms) = (&self.dictionaries[d], self.atoms());
        let name = |field: &str| format!("dictionaries[{d}].{field}");
        let (rows, columns) = (dictionary.rows(), dictionary.columns());
        let mut owners = dictionary.owners.iter().enumerate();
        if let Some((column, &owner)) = owners.find(|(_, k)| **k >= atoms) {
            return Err(Error::Owner { dictionary: d, column, owner, atoms });
        }
        expect_shape(&name("support"), dictionary.support.dim(), (rows, columns))?;
        check_vector(&name("costs"), &dictionary.costs, columns)?;
        match &dictionary.start {
            Some(start) => {
                expect_shape(&name("start"), start.dim(), (rows, columns))?;
                check_values(&name("start"), start)?;
            }
            None if dictionary.held => {
                return conflict(&format!("{} is held, but has no start", name("start")));
            }
            None => {}
        }
        self.check_sharing(d)?;
        check_tie(dictionary, atoms, &name)
    }

    /// Whether levels refer to dictionary `d`, and cells that they do not write out weigh the same.
    fn check_sharing(&self, d: usize) -> Result<(), Error> {
        let mut levels = self.levels_of(d);
        if levels.next().is_none() {
            return conflict(&format!("no level refers to dictionaries[{d}]"));
        }
        let sparse = self.levels_of(d).filter(|(_, l)| matches!(l.cells, Cells::Sparse(_)));
        let mut weights = sparse.map(|(_, level)| level.importance);
        let first = weights.next();
        if weights.any(|weight| Some(weight) != first) {
            return conflict(&format!(
                "sparse levels that share dictionaries[{d}] differ in importance; write their \
                 cells out"
            ));
        }
        Ok(())
    }

    fn check_reference(&self) -> Result<(), Error> {
        let (Some(level), Some(dictionary)) = (self.levels.first(), self.dictionaries.first())
        else {
            return Ok(());
        };
        let shared = matches!(level.coupling, Coupling::Shared) && level.efficiency.is_held();
        if shared && level.dictionary.0 == 0 && dictionary.tie.is_none() {
            return Ok(());
        }
        conflict(
            "levels[0] is the reference: it refers to dictionaries[0], which is untied, and \
             shares the activations with efficiencies held",
        )
    }

    fn check_scale(&self) -> Result<(), Error> {
        let tied = self.dictionaries.iter().any(|d| d.tie.is_some());
        let own = self.levels.iter().any(|l| matches!(l.coupling, Coupling::Soft { .. }));
        match self.scale {
            Scale::PeakActivation if own => conflict(
                "scale is PeakActivation, but soft coupling depends on the scale; take \
                 UnitDictionary",
            ),
            Scale::PeakActivation | Scale::Free if tied => {
                conflict("a tie needs scale UnitDictionary")
            }
            Scale::UnitDictionary => self.dictionaries.first().map_or(Ok(()), |d| self.unit(d)),
            Scale::PeakActivation | Scale::Free => Ok(()),
        }
    }

    /// Whether the columns of the `first` dictionary can sum to 1.
    fn unit(&self, first: &Dictionary) -> Result<(), Error> {
        if first.held {
            return conflict("scale is UnitDictionary, but dictionaries[0] is held; take Free");
        }
        if first.costs.iter().any(|c| *c > 0.0) {
            return conflict(
                "scale is UnitDictionary, but dictionaries[0] has entry costs, which then are \
                 constants; drop them",
            );
        }
        let Some(start) = &first.start else { return Ok(()) };
        let fixed = (0..self.atoms()).filter(|&k| self.kinds[k] == AtomKind::Fixed);
        for atom in fixed.filter(|&k| first.allows(k)) {
            let sum: f64 = first.columns_of(atom).map(|j| first.column_sum(start, j)).sum();
            if (sum - 1.0).abs() > SAME_SUM {
                return Err(Error::FixedScale { atom, sum });
            }
        }
        Ok(())
    }
}

fn check_efficiency(
    name: &impl Fn(&str) -> String,
    efficiency: &Efficiency,
    (atoms, times): (usize, usize),
) -> Result<(), Error> {
    let Efficiency { start, expected, spread, parts } = efficiency;
    let size = (atoms, start.ncols().max(1));
    for (field, array) in [("start", start), ("expected", expected), ("spread", spread)] {
        expect_shape(&name(&format!("efficiency.{field}")), array.dim(), size)?;
    }
    check_values(&name("efficiency.start"), start)?;
    let argument = name("efficiency.expected");
    expected.iter().try_for_each(|&e| check_positive(&argument, e))?;
    if let Some(&value) = spread.iter().find(|spread| spread.is_nan() || **spread < 0.0) {
        let argument = name("efficiency.spread");
        return Err(Error::Number { argument, expected: "a number ≥ 0", value });
    }
    if size.1 == 1 && parts.is_empty() {
        return Ok(());
    }
    expect_shape(&name("efficiency.parts"), (parts.len(), 1), (times, 1))?;
    match parts.iter().position(|&part| part >= size.1) {
        Some(column) => conflict(&format!(
            "{}[{column}] is {}, but there are {} parts",
            name("efficiency.parts"),
            parts[column],
            size.1
        )),
        None => Ok(()),
    }
}

fn conflict(what: &str) -> Result<(), Error> {
    Err(Error::Conflict(what.to_owned()))
}

fn check_tie(
    dictionary: &Dictionary,
    atoms: usize,
    name: &impl Fn(&str) -> String,
) -> Result<(), Error> {
    let Some(tie) = &dictionary.tie else { return Ok(()) };
    check_vector(&name("tie.row_weights"), &tie.row_weights, dictionary.rows())?;
    check_vector(&name("tie.ratio"), &tie.ratio, atoms)?;
    tie.row_weights.iter().try_for_each(|&g| check_positive(&name("tie.row_weights"), g))?;
    tie.ratio.iter().try_for_each(|&c| check_positive(&name("tie.ratio"), c))?;
    if dictionary.held {
        return conflict(&format!("{} binds a dictionary that is held", name("tie")));
    }
    Ok(())
}

fn check_kind(atom: usize, kind: &AtomKind, grid: usize) -> Result<(), Error> {
    let AtomKind::LogConcave(segments) = kind else { return Ok(()) };
    for &Segment { first, end, curvature } in segments {
        let short = end > grid || end.saturating_sub(first) < 3;
        if short || !(curvature.is_finite() && curvature > 0.0) {
            return Err(Error::Peak { atom, first, end, curvature, grid });
        }
    }
    if segments.is_empty() || segments.windows(2).any(|pair| pair[0].end > pair[1].first) {
        let segments = segments.iter().map(|segment| (segment.first, segment.end)).collect();
        return Err(Error::Segments { atom, segments });
    }
    Ok(())
}

fn check_cells(prefix: &str, cells: &Cells) -> Result<(), Error> {
    if let Cells::Dense(d) = cells {
        expect_shape(&format!("{prefix}weight"), d.weight.dim(), d.data.dim())?;
        expect_shape(&format!("{prefix}censored"), d.censored.dim(), d.data.dim())?;
    }
    let mut bad = None;
    for row in 0..cells.dim().0 {
        cells.visit_row(row, |column, cell| {
            let field = if !usable(cell.weight) {
                ("weight", cell.weight)
            } else if cell.weight > 0.0 && !usable(cell.value) {
                ("data", cell.value)
            } else {
                return;
            };
            bad.get_or_insert((row, column, field));
        });
    }
    bad.map_or(Ok(()), |(row, column, (field, value))| {
        Err(Error::Value { argument: format!("{prefix}{field}"), row, column, value })
    })
}

fn usable(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

fn expect_shape(
    argument: &str,
    found: (usize, usize),
    expected: (usize, usize),
) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::Shape { argument: argument.to_owned(), found, expected })
    }
}

fn check_values(argument: &str, values: &Array2<f64>) -> Result<(), Error> {
    if values.iter().all(|v| usable(*v)) {
        return Ok(());
    }
    match values.indexed_iter().find(|(_, v)| !usable(**v)) {
        Some(((row, column), &value)) => {
            Err(Error::Value { argument: argument.to_owned(), row, column, value })
        }
        None => Ok(()),
    }
}

fn check_vector(argument: &str, values: &Array1<f64>, expected: usize) -> Result<(), Error> {
    expect_shape(argument, (values.len(), 1), (expected, 1))?;
    check_values(argument, &values.clone().insert_axis(Axis(1)))
}

pub(crate) fn check_number(argument: &str, value: f64, least: f64) -> Result<(), Error> {
    if value.is_finite() && value >= least {
        Ok(())
    } else {
        Err(Error::Number {
            argument: argument.to_owned(), expected: "a finite number ≥ 0", value
        })
    }
}

fn check_positive(argument: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(Error::Number { argument: argument.to_owned(), expected: "a finite number > 0", value })
    }
}
