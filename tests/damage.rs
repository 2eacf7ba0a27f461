//! Damaged files: whatever a run file holds, the program ends in time and within its memory, with a
//! clear error or with results that say what is missing.

mod arrays;
mod mutate;
mod process;
mod special;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cofactor_core::IsolationWindow;

use crate::damage::mutate::{Mutation, mutations};
use crate::damage::process::{Finish, finish};
use crate::support::{Compound, Spectrum, folder, run, spectra, succeed, text, write_run_by_hand};

/// Seed of the mutations.
const SEED: u64 = 11;
/// The least number of mutations.
const FEWEST: usize = 200;

/// Two compounds, the first of which has eluted after 30 s.
fn write_sound_run(path: &Path) {
    let compounds = [
        Compound { mz: 250.1, rt: 15.0, fragments: &[91.05, 120.08, 180.1] },
        Compound { mz: 310.2, rt: 44.0, fragments: &[77.04, 133.1] },
    ];
    write_run_by_hand(path, &compounds, |_| vec![IsolationWindow { lower: 200.0, upper: 350.0 }]);
}

/// What has to hold of every damaged file; the exit code.
fn judged(finish: &Finish, name: &str, out: &Path) -> Result<i32, String> {
    let told = &finish.stderr;
    let code = finish.code.ok_or_else(|| format!("no exit code ({}): {told}", finish.status))?;
    if told.contains("panicked") {
        return Err(format!("a panic: {told}"));
    }
    match code {
        0 if out.join("run.json").is_file() => Ok(0),
        0 => Err("exit code 0 without results".to_owned()),
        2 if out.exists() => Err(format!("a folder was left behind: {told}")),
        2 if told.matches("error:").count() != 1 => Err(format!("not one error: {told}")),
        2 if !told.contains(name) => Err(format!("the file is not named: {told}")),
        2 => Ok(2),
        code => Err(format!("exit code {code}: {told}")),
    }
}

/// Whether a spectrum has the fragments of the sound one, with nearly their intensities.
fn alike(found: &Spectrum, sound: &Spectrum) -> bool {
    found.peaks.len() == sound.peaks.len()
        && found
            .peaks
            .iter()
            .zip(&sound.peaks)
            .all(|(a, b)| (a.0 - b.0).abs() < 1e-3 && (a.1 / b.1 - 1.0).abs() < 0.05)
}

/// The spectrum of the first compound.
fn first_compound(out: &Path) -> Option<Spectrum> {
    spectra(&out.join("spectra.mgf"))
        .into_values()
        .find(|spectrum| spectrum.keys["PEPMASS"].starts_with("250.1"))
}

/// The results of the sound run.
struct Sound {
    first: Spectrum,
    /// All of `spectra.mgf`.
    spectra: String,
}

fn try_one(
    mutation: &Mutation,
    number: usize,
    folder: &Path,
    sound: &Sound,
) -> Result<i32, String> {
    let place = folder.join(number.to_string());
    fs::create_dir(&place).map_err(|error| error.to_string())?;
    let (input, out) = (place.join("run.mzML"), place.join("out"));
    fs::write(&input, &mutation.bytes).map_err(|error| error.to_string())?;
    let mut arguments: Vec<&OsStr> =
        ["run", "--quiet", "--threads", "1", "--out"].map(OsStr::new).to_vec();
    arguments.extend([out.as_os_str(), input.as_os_str()]);
    arguments.extend(mutation.options.iter().map(OsStr::new));
    let finish_of_run = finish(&arguments, &place);
    let code = judged(&finish_of_run, "run.mzML", &out)?;
    if code == 0 && mutation.loses && !finish_of_run.stderr.contains("warning: ") {
        return Err("something was lost without a warning".to_owned());
    }
    if mutation.must_fail && code == 0 {
        return Err(format!("taken although it cannot be trusted: {}", finish_of_run.stderr));
    }
    if mutation.same_if_taken && code == 0 && text(&out.join("spectra.mgf")) != sound.spectra {
        return Err(format!("taken with other results: {}", finish_of_run.stderr));
    }
    if mutation.same_spectra && (code != 0 || text(&out.join("spectra.mgf")) != sound.spectra) {
        return Err(format!("the results changed: {}", finish_of_run.stderr));
    }
    if mutation.keeps_first
        && (code != 0 || !first_compound(&out).is_some_and(|found| alike(&found, &sound.first)))
    {
        return Err(format!(
            "the spectrum of the first compound changed: {}",
            finish_of_run.stderr
        ));
    }
    let look = finish(&[OsStr::new("inspect"), input.as_os_str()], &place);
    if !matches!(look.code, Some(0 | 2)) || look.stderr.contains("panicked") {
        return Err(format!("inspect ended with {}: {}", look.status, look.stderr));
    }
    fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    Ok(code)
}

#[test]
fn mutated_runs_end_well() {
    let folder = folder();
    let place = folder.path().join("sound");
    fs::create_dir(&place).unwrap();
    let (sound_run, out) = (place.join("run.mzML"), place.join("out"));
    write_sound_run(&sound_run);
    succeed(run(&sound_run, &out).args(["--quiet", "--threads", "1"]));
    let sound = Sound {
        first: first_compound(&out).expect("the sound run has the first compound"),
        spectra: text(&out.join("spectra.mgf")),
    };
    assert_eq!(sound.first.peaks.len(), 3);
    let mutations = mutations(&fs::read(&sound_run).unwrap(), SEED);
    assert!(mutations.len() >= FEWEST, "{}", mutations.len());

    let next = AtomicUsize::new(0);
    let ends = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutation) = mutations.get(number) else { break };
                    let end = try_one(mutation, number, folder.path(), &sound);
                    ends.lock().expect("no thread panics").push((number, end));
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let wrong: Vec<String> = ends
        .iter()
        .filter_map(|(number, end)| {
            Some(format!("{}: {}", mutations[*number].name, end.as_ref().err()?))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ends.len(), wrong.join("\n"));
    let ended = |code| ends.iter().filter(|(_, end)| *end == Ok(code)).count();
    println!("{} mutations: {} with results, {} refused", ends.len(), ended(0), ended(2));
    assert!(ended(0) > 0 && ended(2) > 0);
}
