//! What a kind of rule is: the two traits a plug-in implements, and what they are given.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cofactor_core::{CandidateSet, Fragment, Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::decoy::{Decoy, moved};
use crate::ruleset::{LoadedRule, TooManyCandidates};
use crate::{Mistake, Observed, Spanned};

/// Largest file that a rule may name, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// A file that a rule has read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the bytes that were read, hexadecimal.
    pub sha256: String,
}

/// How the sets of a rule combine with those of other rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Each set is complete; sets compete, at most one explains the precursor.
    Alternative,
    /// The fragments may appear beside those of any alternative.
    Common,
    /// Gives nothing by itself: it is there for other rules to be built from.
    Part,
}

impl Role {
    /// The word used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Common => "common",
            Self::Part => "part",
        }
    }
}

/// A compiled rule: which fragments a precursor may give.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Puts the fragment sets of `precursor` into `sink`; none if the rule is not about it.
    ///
    /// The same precursor must always give the same sets in the same order.
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>);

    /// Where the fragments of a decoy lie: `target` are fragments that this rule gave for
    /// `precursor` in the candidate `name`, and as many are wanted, that look like its fragments
    /// and are wrong. What lies on a target or out of range is moved afterwards.
    ///
    /// Unless a kind knows better, each fragment is moved by a random number of nominal masses,
    /// which keeps mass defects plausible.
    fn decoy(
        &self,
        name: &str,
        target: &[Fragment],
        precursor: &Precursor,
        decoy: &mut Decoy,
    ) -> Vec<Fragment> {
        let _ = (name, precursor);
        moved(target, decoy)
    }
}

/// A kind of rule, as named by `kind = "…"` in a rule file. Adding one is one file with an
/// implementation of this trait, and one line in [`crate::Registry::builtin`], or
/// [`crate::Registry::with`] from another crate.
pub trait RuleKind: Rule + Sized + 'static {
    /// The word in `kind = "…"`: lower case, words joined by `-`.
    const KIND: &'static str;

    /// Reference text in Markdown. The first line is the summary in lists.
    const DOC: &'static str;

    /// A whole rule file with at least one rule of this kind and one `[[test]]`.
    const EXAMPLE: &'static str;

    /// The role of its rules where the file does not say.
    const ROLE: Role;

    /// The keys of a rule of this kind besides the common ones ([`crate::RuleHead`]). Should be
    /// `deny_unknown_fields`; document every field, the text goes into the reference.
    type Params: DeserializeOwned + JsonSchema;

    /// The rules that a rule with these parameters is built from, by id. [`Context::part`] gives
    /// them when it is compiled.
    fn parts(_params: &Self::Params) -> Vec<Spanned<String>> {
        Vec::new()
    }

    /// Checks the parameters and makes the rule, or says everything that is wrong with them.
    fn compile(params: Self::Params, context: &Context) -> Result<Self, Vec<Mistake>>;
}

/// What a rule knows of its surroundings when it is compiled.
#[derive(Debug, Clone)]
pub struct Context {
    rule_id: String,
    tolerance: Tolerance,
    span: Range<usize>,
    folder: PathBuf,
    parts: Vec<(String, Arc<LoadedRule>)>,
    files: RefCell<Vec<DataFile>>,
}

impl Context {
    pub(crate) fn new(
        rule_id: String,
        tolerance: Tolerance,
        span: Range<usize>,
        folder: PathBuf,
        parts: Vec<(String, Arc<LoadedRule>)>,
    ) -> Self {
        Self { rule_id, tolerance, span, folder, parts, files: RefCell::default() }
    }

    /// The id that its fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        &self.rule_id
    }

    /// Its id within its file, the usual name of its sets.
    pub fn name(&self) -> &str {
        self.rule_id.rsplit('/').next().unwrap_or_default()
    }

    /// The m/z tolerance of the rule.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// Where the rule stands in its file, for mistakes of the rule as a whole.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The rule of an id that [`RuleKind::parts`] gave.
    pub fn part(&self, id: &str) -> Option<Arc<LoadedRule>> {
        self.parts.iter().find(|(name, _)| name == id).map(|(_, rule)| Arc::clone(rule))
    }

    /// Reads a text file that the rule names; its path is relative to the rule file. Bytes that are
    /// not UTF-8 are replaced, as older libraries are often written in another encoding.
    ///
    /// # Errors
    /// A mistake at the place of the name: there is no such file, or it is larger than 1 GiB.
    pub fn read(&self, file: &Spanned<String>) -> Result<String, Mistake> {
        let path = self.folder.join(Path::new(file.as_str()));
        let wrong = |why: String| {
            Mistake::new(file.span(), format!("cannot read {}: {why}", path.display()))
                .help("the path is relative to the rule file")
        };
        let about = std::fs::metadata(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => wrong("there is no such file".to_owned()),
            _ => wrong(error.to_string()),
        })?;
        if !about.is_file() {
            return Err(wrong("it is no file".to_owned()));
        }
        if about.len() > MAX_FILE_BYTES {
            return Err(wrong("it is larger than 1 GiB".to_owned()));
        }
        let bytes = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.files.borrow_mut().push(DataFile { path, sha256 });
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The files that were read.
    pub(crate) fn into_files(self) -> Vec<DataFile> {
        self.files.into_inner()
    }
}

/// Takes the fragment sets of one rule for one precursor.
#[derive(Debug)]
pub struct Sink<'a> {
    rule_id: &'a str,
    limit: usize,
    observed: Option<&'a Observed<'a>>,
    sets: Vec<CandidateSet>,
    overflowed: bool,
    too_many: Option<TooManyCandidates>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(rule_id: &'a str, limit: usize, observed: Option<&'a Observed<'a>>) -> Self {
        Self { rule_id, limit, observed, sets: Vec::new(), overflowed: false, too_many: None }
    }

    /// The id that the fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        self.rule_id
    }

    /// How many sets may still come.
    pub fn room(&self) -> usize {
        self.limit - self.sets.len()
    }

    /// Whether more sets came than the rule's `max_candidates`; a rule may stop then.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Adds a complete set of fragments, in any order; an empty one is ignored, as are fragments
    /// without an m/z above 0.
    pub fn set(&mut self, name: impl Into<String>, fragments: Vec<Fragment>) {
        self.set_of_compound(name, None, fragments);
    }

    /// Adds a set as [`Self::set`] does, one of several that may say the same of the precursor
    /// ([`CandidateSet::compound`]).
    pub fn set_of_compound(
        &mut self,
        name: impl Into<String>,
        compound: Option<String>,
        mut fragments: Vec<Fragment>,
    ) {
        fragments.retain(|fragment| fragment.mz.is_finite() && fragment.mz > 0.0);
        if !fragments.is_empty() {
            let rule_id = self.rule_id.to_owned();
            self.push(CandidateSet {
                name: name.into(),
                rule_id,
                compound,
                fragments,
                open_up_to: None,
            });
        }
    }

    /// Adds a set that allows every observed fragment up to an m/z.
    pub fn open(&mut self, name: impl Into<String>, up_to: f64) {
        let rule_id = self.rule_id.to_owned();
        let (fragments, open_up_to) = (Vec::new(), Some(up_to));
        self.push(CandidateSet {
            name: name.into(),
            rule_id,
            compound: None,
            fragments,
            open_up_to,
        });
    }

    /// What another rule gives for the same precursor, under its own conditions. If that is too
    /// much, this rule gives too much as well.
    pub fn sets_of(&mut self, rule: &LoadedRule, precursor: &Precursor) -> Vec<CandidateSet> {
        rule.sets(precursor, self.observed).unwrap_or_else(|error| {
            self.overflowed = true;
            self.too_many.get_or_insert(error);
            Vec::new()
        })
    }

    /// Adds a set of another rule as one of this rule's own.
    pub fn adopt(&mut self, mut set: CandidateSet) {
        for fragment in &mut set.fragments {
            self.rule_id.clone_into(&mut fragment.rule_id);
        }
        if !set.fragments.is_empty() || set.open_up_to.is_some() {
            self.rule_id.clone_into(&mut set.rule_id);
            self.push(set);
        }
    }

    fn push(&mut self, set: CandidateSet) {
        if self.sets.len() == self.limit {
            self.overflowed = true;
        } else {
            self.sets.push(set);
        }
    }

    /// The sets, or that there are too many of them.
    pub(crate) fn finish(
        self,
        precursor: &Precursor,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        if !self.overflowed {
            return Ok(self.sets);
        }
        Err(self.too_many.unwrap_or_else(|| TooManyCandidates {
            rule_id: self.rule_id.to_owned(),
            precursor_mz: precursor.mz,
            limit: self.limit,
        }))
    }
}
