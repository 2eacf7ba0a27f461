//! The result: for every feature the fragments that are its own, and how sure that is.

use serde::{Deserialize, Serialize};

use crate::{ChannelIx, Compound, Feature, FeatureIx, Fragment, IsolationWindow};

/// Whether an allowed fragment was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FragmentStatus {
    /// Observed and assigned to the precursor.
    Matched,
    /// The same, but an isotopologue of a lighter fragment: no line of the spectrum.
    Isotopologue,
    /// Observed, but a side lobe of a much more intense fragment: no line of the spectrum.
    Artefact,
    /// Observed, but a part of a trace that a precursor which is not there would as likely be
    /// given; or in a mixture that of another compound than the main one. No line of the spectrum.
    Shared,
    /// Would have been visible and was not found.
    Missing,
    /// Outside the scanned m/z range.
    NotScanned,
    /// Its expected signal is below the detection limit.
    BelowLimit,
}

impl FragmentStatus {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Isotopologue => "isotopologue",
            Self::Shared => "shared",
            Self::Artefact => "artefact",
            Self::Missing => "missing",
            Self::NotScanned => "not_scanned",
            Self::BelowLimit => "below_limit",
        }
    }
}

/// One line of a deconvolved spectrum, or an expected fragment that is not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct FragmentResult {
    /// Observed m/z; the expected one where nothing was observed.
    pub mz: f64,
    /// Height that belongs to this precursor at its apex; 0 where nothing was observed.
    pub intensity: f64,
    /// Lower end of the 95 % interval of `intensity`; `None` where the data do not determine it.
    pub intensity_low: Option<f64>,
    /// Upper end of the 95 % interval of `intensity`; `None` where the data do not determine it.
    pub intensity_high: Option<f64>,
    /// Share of the trace's signal during this precursor's elution that is this precursor's, 0 to
    /// 1.
    pub share: f64,
    /// Log-likelihood that it is worth: what the fit of its trace loses without it; 0 where nothing
    /// was observed.
    pub evidence: f64,
    /// Log-odds that rules give it beforehand, by what is known of the spectrum; 0 where none does.
    pub log_odds: f64,
    /// Probability that it is this precursor's, or of the mixture that its spectrum is; 0 where
    /// nothing was observed.
    pub probability: f64,
    /// Of a mixture how probably it is each compound's, by its height in MS1 and by what rules say;
    /// empty where there is one compound.
    pub members: Vec<MemberShare>,
    /// The fragment of a rule that it matches.
    pub explained_by: Option<Fragment>,
    /// Whether it was found.
    pub status: FragmentStatus,
}

/// How probably a fragment of a mixture is one compound's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemberShare {
    /// The highest ion of the compound.
    pub feature: FeatureIx,
    /// Probability; those of all compounds sum to 1.
    pub probability: f64,
}

/// Why a feature has, or has not, a fragment spectrum.
#[derive(Debug, Clone, PartialEq)]
pub enum SpectrumStatus {
    /// It has one.
    Deconvolved,
    /// It has one, but the elution of these features (by id) cannot be told from its own.
    NotSeparable(Vec<usize>),
    /// It has one, but it takes two of its candidate sets together to explain it.
    CandidatesNotSeparable,
    /// No isolation window holds its m/z.
    NotIsolated,
    /// A window holds it, but too few scans were taken while it eluted.
    TooFewScans,
    /// It is so weak that usual fragments of it would be below the detection limit of its window.
    BelowLimit,
    /// No fragment trace elutes with it.
    NothingCoelutes,
    /// Fragment traces elute with it, but most of the signal of each is of others.
    NothingOwn,
    /// The rules allow no fragment for it.
    NoRuleApplies,
    /// The run has no MS2 that could be deconvolved.
    NoFragmentScans,
    /// It is no ion, but shown beside this feature (by id).
    Artefact(usize),
    /// It is there for most of the run and does not elute.
    Background,
}

impl SpectrumStatus {
    /// The word used in tables; `not_separable` names the other features.
    pub fn text(&self) -> String {
        match self {
            Self::Deconvolved => "deconvolved".into(),
            Self::NotSeparable(ids) => {
                let ids: Vec<String> = ids.iter().map(usize::to_string).collect();
                format!("not_separable:{}", ids.join(","))
            }
            Self::CandidatesNotSeparable => "not_separable_candidates".into(),
            Self::NotIsolated => "not_isolated".into(),
            Self::TooFewScans => "too_few_scans".into(),
            Self::BelowLimit => "below_limit".into(),
            Self::NothingCoelutes => "nothing_coelutes".into(),
            Self::NothingOwn => "nothing_own".into(),
            Self::NoRuleApplies => "no_rule_applies".into(),
            Self::NoFragmentScans => "no_fragment_scans".into(),
            Self::Artefact(beside) => format!("artefact:{beside}"),
            Self::Background => "background".into(),
        }
    }
}

/// The fitted elution of one feature on a time grid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Activation {
    /// Grid times, ascending.
    pub rt_seconds: Vec<f64>,
    /// Activation at each grid time, 1 at the apex.
    pub value: Vec<f64>,
}

/// One explanation of a feature's fragments: a candidate set, two of them at once, or none of those
/// that were listed.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateResult {
    /// Name of the candidate set; [`NO_CANDIDATE`] where none of the listed ones is true; both
    /// names where two are.
    pub name: String,
    /// The rule that gave it, `pack/rule`; empty for none.
    pub rule_id: String,
    /// Probability, together with the other explanations of the feature; that of a decoy is against
    /// none of the listed sets.
    pub posterior: f64,
    /// Share of false ones expected among all features whose best explanation is at least as good;
    /// `None` for those that are not the best.
    pub q_value: Option<f64>,
    /// Logarithm of its evidence against that of none of the listed sets; `None` where there is
    /// nothing to compare with.
    pub log_evidence: Option<f64>,
    /// Fragments that are expected or required.
    pub expected: usize,
    /// Fragments that were found.
    pub matched: usize,
    /// Expected ones that were not found though they could have been seen.
    pub missing: usize,
    /// Share of the intensity of the feature's own fragments that it explains, 0 to 1.
    pub explained: f64,
    /// Whether it is wrong for sure, and was made to see how often chance explains a feature.
    pub decoy: bool,
    /// The peaks of the library record that it is, ascending in m/z; empty where it is none.
    pub record: Vec<RecordPeak>,
    /// How alike that record and the feature's spectrum are; `None` where there is no record or no
    /// spectrum, or where the record shows the intact precursor alone.
    pub similarity: Option<Similarity>,
}

/// A peak of a library record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordPeak {
    /// m/z.
    pub mz: f64,
    /// Height over the strongest peak of the record but the precursor, above 0 and at most 1.
    pub height: f64,
}

/// How alike two spectra are, below the precursor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Cosine of the square roots of heights, 0 to 1.
    pub cosine: f64,
    /// Spectral entropy similarity (Li et al. 2021), 0 to 1.
    pub entropy: f64,
}

/// Name of the explanation that no listed candidate is true.
pub const NO_CANDIDATE: &str = "none";

/// A feature with its fragments.
#[derive(Debug, Clone, PartialEq)]
pub struct DeconvolvedFeature {
    /// The precursor and its MS1 evidence.
    pub feature: Feature,
    /// Whether it has a spectrum, and if not, why.
    pub status: SpectrumStatus,
    /// The fragment channel its spectrum comes from.
    pub channel: Option<ChannelIx>,
    /// Its isolation window.
    pub window: Option<IsolationWindow>,
    /// Overlapping windows whose scans had a say in its spectrum.
    pub other_windows: Vec<IsolationWindow>,
    /// Collision energies that its spectrum is the mean of, as the file gives them, ascending.
    pub collision_energies: Vec<f64>,
    /// Found fragments and expected ones that are missing, ascending in m/z.
    pub fragments: Vec<FragmentResult>,
    /// Fitted elution; empty without a spectrum.
    pub activation: Activation,
    /// Share of the fragment signal under its elution, on its fragments' traces, that is its own, 0
    /// to 1.
    pub purity: Option<f64>,
    /// What its fragments may be, by falling posterior, decoys last; empty where no rule lists
    /// fragments for it.
    pub candidates: Vec<CandidateResult>,
    /// Where its spectrum stands: its own id, or that of another ion of its compound or of its
    /// mixture; `None` without a spectrum.
    pub spectrum_of: Option<usize>,
    /// All features (by id) that its spectrum is of, its own first; empty where none stands here.
    pub members: Vec<usize>,
    /// Number of the mixture that it is in: unrelated compounds of one elution in its window.
    pub mixture: Option<usize>,
}

impl DeconvolvedFeature {
    /// The lines of its spectrum: fragments that were found, without isotopologues,
    /// side lobes and what is mostly of others, ascending in m/z.
    pub fn spectrum(&self) -> impl Iterator<Item = &FragmentResult> + '_ {
        self.fragments.iter().filter(|f| f.status == FragmentStatus::Matched)
    }

    /// Whether a spectrum stands under it.
    pub fn has_spectrum(&self) -> bool {
        self.spectrum().next().is_some()
    }

    /// The most probable explanation; `None` where no candidates compete, or nothing was found of
    /// the most probable one.
    pub fn best_candidate(&self) -> Option<&CandidateResult> {
        self.candidates.first().filter(|best| best.matched > 0 || best.name == NO_CANDIDATE)
    }
}

/// How far the m/z of fragments lie from what rules expect of them, in the middle of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MassShift {
    /// Median, ppm; above 0 where observed m/z are too large.
    pub ppm: f64,
    /// Standard deviation of single fragments around it, ppm.
    pub spread_ppm: f64,
    /// Number of fragments behind it.
    pub fragments: usize,
    /// Whether it was clear enough to be taken off observed m/z before they were compared with
    /// rules.
    pub corrected: bool,
}

/// How rules and data agree in a run, learnt from all precursors for which candidates compete.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RuleRates {
    /// Probability that an optional fragment of the right candidate is there.
    pub optional: f64,
    /// The same for an expected one.
    pub expected: f64,
    /// The same for a required one.
    pub required: f64,
    /// Fragments of a precursor that its right candidate does not list, on average.
    pub unlisted: f64,
    /// Fragments that nobody lists of a precursor none of whose candidates is right, over what
    /// would be expected if its set were like the candidates.
    pub fresh: f64,
    /// Share of precursors none of whose candidates is right.
    pub none: f64,
    /// Share of precursors with two right candidates, in ions that elute as one.
    pub two: f64,
    /// Share of the fragments of one candidate that another of the precursor lists too.
    pub overlap: f64,
    /// Number of precursors behind it.
    pub precursors: usize,
}

/// The result of a whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Deconvolution {
    /// Every feature, by id.
    pub features: Vec<DeconvolvedFeature>,
    /// Every compound; ids count from 1 in their order.
    pub compounds: Vec<Compound>,
    /// Systematic error of fragments' m/z; `None` where rules name too few of them to tell.
    pub mass_shift: Option<MassShift>,
    /// What was learnt about the rules; `None` where no candidates compete.
    pub rule_rates: Option<RuleRates>,
}
