//! `cofactor-bench`: how long the solver takes to come near the best objective known, beside
//! scikit-learn. `cargo xtask bench solver` builds and calls it; README.md says what is measured
//! and how.

mod counts;
mod curve;
mod goals;
mod instances;
mod machine;
mod ours;
mod report;
mod theirs;
mod work;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::json;

use crate::counts::Layout;
use crate::goals::TARGETS;
use crate::instances::{Instance, NAMES};
use crate::machine::Machine;
use crate::report::{Measured, Outcome, Sweep};
use crate::theirs::Python;

/// Time to target of the solver and of scikit-learn, from the same starts, one thread each.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which instances: letters of a, b, c, d.
    #[arg(long, value_delimiter = ',', default_values_t = NAMES)]
    instances: Vec<char>,
    /// Seed of the instances and their starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs of each contestant; the least time counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    repeats: u16,
    /// Processor seconds of one run at most.
    #[arg(long, default_value_t = 60.0)]
    budget: f64,
    /// A Python with numpy, scipy and scikit-learn; without it only our side is shown.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Where matrices and solver.json go.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if let Some(name) = arguments.instances.iter().find(|name| !NAMES.contains(name)) {
        return Err(format!("there is no instance `{name}`; expected a, b, c or d").into());
    }
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    std::fs::create_dir_all(&arguments.out)?;
    let machine = Machine::measure();
    println!("{}", report::machine(&machine));
    let python =
        arguments.python.clone().map(|program| Python { program, folder: arguments.out.clone() });
    let mut outcomes = Vec::new();
    for instance in
        arguments.instances.iter().filter_map(|&name| Instance::draw(name, arguments.seed))
    {
        let outcome = measure(instance, &arguments, python.as_ref(), &machine)?;
        print!("{}", outcome.times());
        outcomes.push(outcome);
    }
    let of_all = |part: &dyn Fn(&Outcome) -> String| outcomes.iter().map(part).collect::<String>();
    print!("{}{}", report::usage_head(), of_all(&|outcome| outcome.usage(&machine)));
    print!("{}{}", report::goals_head(), of_all(&|outcome| outcome.goals()));
    let path = arguments.out.join("solver.json");
    let all = json!({
        "machine": report::machine_json(&machine),
        "budget_seconds": arguments.budget,
        "seed": arguments.seed,
        "repeats": arguments.repeats,
        "instances": outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
    });
    std::fs::write(&path, format!("{all:#}\n"))
        .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    println!("\nEvery point of every run: {}", path.display());
    Ok(())
}

/// Somebody who takes part.
#[derive(Clone, Copy)]
enum Entrant<'a> {
    Ours,
    Theirs { python: &'a Python, files: &'a Path, layout: Layout },
}

/// First a long run of everybody, which also tells the best objective; then repeats, which end at
/// the last target.
fn measure(
    instance: Instance,
    arguments: &Arguments,
    python: Option<&Python>,
    machine: &Machine,
) -> Result<Outcome, Box<dyn Error>> {
    let files = python.map(|python| python.write(&instance)).transpose()?;
    let cofactor = std::iter::once(Entrant::Ours);
    let peers = python.zip(files.as_deref()).map(|(python, files)| {
        instance.layouts_to_compare().into_iter().map(move |layout| Entrant::Theirs {
            python,
            files,
            layout,
        })
    });
    let entrants: Vec<Entrant> = cofactor.chain(peers.into_iter().flatten()).collect();
    let run =
        |entrant: &Entrant, target| enter(*entrant, &instance, arguments.budget, target, machine);
    let mut measured: Vec<Measured> =
        entrants.iter().map(|entrant| run(entrant, f64::NEG_INFINITY)).collect::<Result<_, _>>()?;
    let best = report::lowest(&measured);
    for _ in 1..arguments.repeats {
        for (entrant, measured) in entrants.iter().zip(&mut measured) {
            let reached = TARGETS
                .map(|t| best * (1.0 + t))
                .into_iter()
                .rfind(|t| measured.time_to(*t).is_some());
            if let Some(target) = reached {
                measured.repeats.extend(run(entrant, target)?.repeats);
            }
        }
    }
    let peers = measured.split_off(1);
    Ok(Outcome { instance, cofactor: measured, peers, budget: arguments.budget })
}

/// One run.
fn enter(
    entrant: Entrant,
    instance: &Instance,
    budget: f64,
    target: f64,
    machine: &Machine,
) -> Result<Measured, Box<dyn Error>> {
    match entrant {
        Entrant::Ours => {
            eprintln!("({}) {} …", instance.name, ours::NAME);
            let run = ours::run(instance, budget, target)?;
            let work = work::of_sweep(instance, &run.end);
            let sweep = Sweep { work, peak: machine.peak };
            Ok(Measured { repeats: vec![run.curve], sweep: Some(sweep) })
        }
        Entrant::Theirs { python, files, layout } => {
            eprintln!("({}) scikit-learn, {} …", instance.name, layout.name());
            Ok(Measured {
                repeats: vec![python.run(instance, files, layout, budget, target)?],
                sweep: None,
            })
        }
    }
}
