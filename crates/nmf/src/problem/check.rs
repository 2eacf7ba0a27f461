//! What a problem must be like before it is solved.

use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
use super::error::Error;
use super::joint::{Coupling, Level, Problem, Scale};
use super::kind::AtomKind;

impl Problem {
    /// Checks shapes and values.
    ///
    /// # Errors
    /// Names the first argument that does not fit.
    pub fn check(&self) -> Result<(), Error> {
        let atoms = self.atoms();
        check_values("activations", &self.activations)?;
        expect_shape("kinds", (self.kinds.len(), 1), (atoms, 1))?;
        for (atom, shape) in self.kinds.iter().enumerate() {
            check_peak(atom, shape, self.activations.ncols())?;
        }
        for l in 0..self.levels.len() {
            self.check_level(l)?;
        }
        self.check_scale()
    }

    fn check_level(&self, l: usize) -> Result<(), Error> {
        let (level, (atoms, grid)) = (&self.levels[l], self.activations.dim());
        let name = |field: &str| format!("levels[{l}].{field}");
        let ((rows, times), columns) = (level.cells.dim(), level.columns());
        if let Some((column, &owner)) = level.owners.iter().enumerate().find(|(_, k)| **k >= atoms)
        {
            return Err(Error::Owner { level: l, column, owner, atoms });
        }
        check_cells(&name(""), &level.cells)?;
        check_positive(&name("importance"), level.importance)?;
        expect_shape(&name("support"), level.support.dim(), (rows, columns))?;
        if !matches!(level.coupling, Coupling::Dictionary { .. }) {
            expect_shape(
                &name("sampling"),
                (level.sampling.grid_len(), level.sampling.len()),
                (grid, times),
            )?;
        }
        check_vector(&name("cost"), &level.cost, columns)?;
        check_vector(&name("efficiency"), &level.efficiency, atoms)?;
        level.efficiency.iter().try_for_each(|&e| check_positive(&name("efficiency"), e))?;
        if let Some(d) = &level.dictionary {
            expect_shape(&name("dictionary"), d.dim(), (rows, columns))?;
            check_values(&name("dictionary"), d)?;
        } else if level.held.dictionary {
            return Err(Error::Conflict(format!(
                "{} holds a dictionary that is not given",
                name("held")
            )));
        }
        match &level.coupling {
            Coupling::Shared => {}
            Coupling::Soft { activations, .. } | Coupling::Dictionary { activations } => {
                expect_shape(&name("coupling.activations"), activations.dim(), (atoms, times))?;
                check_values(&name("coupling.activations"), activations)?;
            }
        }
        if let Coupling::Soft { strength, .. } = level.coupling {
            check_positive(&name("coupling.strength"), strength)?;
        }
        check_tie(level, atoms, &name)
    }

    fn check_scale(&self) -> Result<(), Error> {
        let conflict = |what: &str| Err(Error::Conflict(what.to_owned()));
        if let Some(first) = self.levels.first()
            && (!matches!(first.coupling, Coupling::Shared)
                || first.tie.is_some()
                || !first.held.efficiency)
        {
            return conflict(
                "levels[0] is the reference: it shares the activations, untied, with efficiencies \
                 held",
            );
        }
        let tied = self.levels.iter().any(|l| l.tie.is_some());
        let own = self.levels.iter().any(|l| matches!(l.coupling, Coupling::Soft { .. }));
        match self.scale {
            Scale::PeakActivation if own => conflict(
                "scale is PeakActivation, but soft coupling depends on the scale; take \
                 UnitDictionary",
            ),
            Scale::UnitDictionary if self.levels.first().is_some_and(|l| l.held.dictionary) => {
                conflict("scale is UnitDictionary, but levels[0] holds its dictionary; take Free")
            }
            Scale::UnitDictionary
                if self.levels.first().is_some_and(|l| l.cost.iter().any(|c| *c > 0.0)) =>
            {
                conflict(
                    "scale is UnitDictionary, but levels[0] has entry costs, which then are \
                     constants; drop them",
                )
            }
            Scale::PeakActivation | Scale::Free if tied => {
                conflict("a tie needs scale UnitDictionary")
            }
            Scale::PeakActivation | Scale::Free | Scale::UnitDictionary => Ok(()),
        }
    }
}

fn check_tie(level: &Level, atoms: usize, name: &impl Fn(&str) -> String) -> Result<(), Error> {
    let Some(tie) = &level.tie else { return Ok(()) };
    check_vector(&name("tie.row_weights"), &tie.row_weights, level.cells.dim().0)?;
    check_vector(&name("tie.ratio"), &tie.ratio, atoms)?;
    tie.row_weights.iter().try_for_each(|&g| check_positive(&name("tie.row_weights"), g))?;
    tie.ratio.iter().try_for_each(|&c| check_positive(&name("tie.ratio"), c))?;
    if level.held.dictionary {
        return Err(Error::Conflict(format!("{} binds a dictionary that is held", name("tie"))));
    }
    Ok(())
}

fn check_peak(atom: usize, shape: &AtomKind, grid: usize) -> Result<(), Error> {
    match *shape {
        AtomKind::LogConcave { first, end, curvature }
            if end > grid
                || end.saturating_sub(first) < 3
                || !(curvature.is_finite() && curvature > 0.0) =>
        {
            Err(Error::Peak { atom, first, end, curvature, grid })
        }
        _ => Ok(()),
    }
}

fn check_cells(prefix: &str, cells: &Cells) -> Result<(), Error> {
    if let Cells::Dense(d) = cells {
        expect_shape(&format!("{prefix}weight"), d.weight.dim(), d.data.dim())?;
        expect_shape(&format!("{prefix}censored"), d.censored.dim(), d.data.dim())?;
    }
    for row in 0..cells.dim().0 {
        for (column, cell) in cells.row(row) {
            let bad = if !usable(cell.weight) {
                Some(("weight", cell.weight))
            } else if cell.weight > 0.0 && !usable(cell.value) {
                Some(("data", cell.value))
            } else {
                None
            };
            if let Some((field, value)) = bad {
                return Err(Error::Value {
                    argument: format!("{prefix}{field}"),
                    row,
                    column,
                    value,
                });
            }
        }
    }
    Ok(())
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
