//! scikit-learn as a contestant: a Python process that goes on for so many iterations at a time.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ndarray::Array2;

use crate::counts::Layout;
use crate::curve::{Curve, Point};
use crate::instances::Instance;

/// The script that is run.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sklearn_nmf.py");
/// A block has about this share of the iterations done before it.
const GROWTH: f64 = 0.03;
/// Settings of the machine that OpenBLAS reads; together they may slow it.
const OPENBLAS_SETTINGS: [&str; 2] = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];
/// Numbers of threads, one each.
const THREADS: [&str; 4] =
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"];

/// Where scikit-learn stands.
struct Peer {
    /// Processor seconds used in all.
    seconds: f64,
    dictionary: Array2<f64>,
    activations: Array2<f64>,
}

/// A Python with scikit-learn.
pub(crate) struct Python {
    pub(crate) program: PathBuf,
    /// Where matrices are handed over.
    pub(crate) folder: PathBuf,
}

impl Python {
    /// Writes the instance for the script.
    pub(crate) fn write(&self, instance: &Instance) -> Result<PathBuf, Box<dyn Error>> {
        let folder = self.folder.join(instance.name.to_string());
        fs::create_dir_all(&folder)?;
        let counts = &instance.counts;
        let starts = counts.starts.iter().flat_map(|&s| (s as i64).to_le_bytes()).collect();
        let index = counts.index.iter().flat_map(|&t| (t as i32).to_le_bytes()).collect();
        let files: [(&str, Vec<u8>); 6] = [
            (
                "sizes.txt",
                format!("{} {} {}\n", counts.rows(), counts.columns, instance.atoms()).into_bytes(),
            ),
            ("starts.bin", starts),
            ("index.bin", index),
            ("values.bin", bytes(counts.values.iter())),
            ("dictionary.bin", bytes(instance.dictionary.iter())),
            ("activations.bin", bytes(instance.activations.iter())),
        ];
        for (name, content) in files {
            let path = folder.join(name);
            fs::write(&path, content)
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        }
        Ok(folder)
    }

    /// Runs for at most `budget` processor seconds, or until `target`, on an instance that was
    /// written to `files`.
    pub(crate) fn run(
        &self,
        instance: &Instance,
        files: &Path,
        layout: Layout,
        budget: f64,
        target: f64,
    ) -> Result<Curve, Box<dyn Error>> {
        let start = instance.counts.divergence(&instance.dictionary, &instance.activations);
        let mut curve = Curve::new(format!("scikit-learn, {}", layout.name()), start);
        let mut session = Session::open(&self.program, files, layout)?;
        while !curve.is_done(budget, target) {
            let done = curve.last().sweeps;
            let block = ((done as f64 * GROWTH) as usize).max(1);
            let now = session.go_on(block, instance)?;
            let objective = instance.counts.divergence(&now.dictionary, &now.activations);
            curve.points.push(Point { sweeps: done + block, seconds: now.seconds, objective });
        }
        session.close()?;
        Ok(curve)
    }
}

struct Session {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Session {
    fn open(program: &Path, files: &Path, layout: Layout) -> Result<Self, Box<dyn Error>> {
        let mut python = Command::new(program);
        python
            .arg(SCRIPT)
            .arg(files)
            .arg(layout.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        OPENBLAS_SETTINGS.iter().for_each(|name| {
            python.env_remove(name);
        });
        python.envs(THREADS.map(|name| (name, "1")));
        let mut child =
            python.spawn().map_err(|e| format!("cannot start {}: {e}", program.display()))?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(ask), Some(answer)) = pipes else {
            return Err("the Python process has no pipes".into());
        };
        Ok(Self { child, ask, answer: BufReader::new(answer) })
    }

    /// Goes on for so many iterations.
    fn go_on(&mut self, iterations: usize, instance: &Instance) -> Result<Peer, Box<dyn Error>> {
        writeln!(self.ask, "{iterations}")?;
        self.ask.flush()?;
        let mut line = String::new();
        self.answer.read_line(&mut line)?;
        let seconds = line.trim().parse().map_err(|_| {
            format!("{SCRIPT} said `{}` instead of its processor seconds", line.trim())
        })?;
        let (dictionary, activations) =
            (self.factor(&instance.dictionary)?, self.factor(&instance.activations)?);
        Ok(Peer { seconds, dictionary, activations })
    }

    /// The next matrix that is said, of the size of `like`.
    fn factor(&mut self, like: &Array2<f64>) -> Result<Array2<f64>, Box<dyn Error>> {
        let mut raw = vec![0; 8 * like.len()];
        self.answer.read_exact(&mut raw)?;
        let values = raw.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        Ok(Array2::from_shape_vec(like.dim(), values)?)
    }

    fn close(self) -> Result<(), Box<dyn Error>> {
        let Self { mut child, ask, .. } = self;
        drop(ask);
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("{SCRIPT} failed: {status}").into()) }
    }
}

fn bytes<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<u8> {
    values.flat_map(|v| v.to_le_bytes()).collect()
}
