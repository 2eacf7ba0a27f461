"""Reads the spectra and tables of a result folder with the programs that people carry on with, and compares what they see.

    python check_outputs.py DIR

Needs matchms, pyteomics, pyopenms, ms_entropy, sagepy, lxml, pandas and pyarrow. A warning of a reader is an error here. `features.tsv` and `fragments.tsv` are
the reference: the other files must say the same in the units of their formats.
"""

import csv
import json
import logging
import sys
import warnings
from pathlib import Path

warnings.simplefilter("error")
# Files that a reader leaves open are its own affair.
warnings.simplefilter("ignore", ResourceWarning)

import matchms.importing  # noqa: E402
import ms_entropy  # noqa: E402
import numpy  # noqa: E402
import pandas  # noqa: E402
import pyarrow.parquet  # noqa: E402
import pyopenms  # noqa: E402
import pyteomics.mgf  # noqa: E402
import pyteomics.mzml  # noqa: E402
import pyteomics.mztab  # noqa: E402
import sagepy.core  # noqa: E402


class Complaints(logging.Handler):
    """Keeps every record from a warning upwards."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(record.getMessage())


# What the specification of mzTab-M 2.0.0 calls mandatory in the section of metadata.
MZTAB_MANDATORY = """mzTab-version mzTab-ID software[1] quantification_method ms_run[1]-location ms_run[1]-scan_polarity[1] assay[1] assay[1]-ms_run_ref
study_variable[1] study_variable[1]-assay_refs study_variable[1]-description cv[1]-label cv[1]-full_name cv[1]-version cv[1]-uri database[1]
database[1]-prefix database[1]-version database[1]-uri small_molecule-quantification_unit small_molecule_feature-quantification_unit
id_confidence_measure[1]""".split()


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    # An apostrophe keeps spreadsheets from calculating a text.
    return [{name: text.removeprefix("'") for name, text in row.items()} for row in rows]


def close(a, b, tolerance):
    assert abs(float(a) - float(b)) <= tolerance, f"{a} is not {b}"


class Reference:
    """Features with a spectrum, and their peaks, by feature id."""

    def __init__(self, folder):
        self.folder = folder
        self.all = {row["feature_id"]: row for row in table(folder / "features.tsv")}
        self.peaks = {}
        for row in table(folder / "fragments.tsv"):
            if row["status"] == "matched":
                self.peaks.setdefault(row["feature_id"], []).append(row)
        self.ids = [key for key in self.all if key in self.peaks]
        self.record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        self.polarity = {str(feature["id"]): feature["polarity"] for feature in report["features"]}

    def same_peaks(self, key, mzs, intensities, tolerance=0.06, mz_tolerance=1e-5):
        rows = self.peaks[key]
        assert len(mzs) == len(rows), f"feature {key}: {len(mzs)} peaks instead of {len(rows)}"
        for mz, intensity, row in zip(mzs, intensities, rows):
            close(mz, row["fragment_mz"], mz_tolerance)
            close(intensity, row["intensity"], max(tolerance, 1e-6 * float(row["intensity"])))


def check_mgf(reference):
    path = str(reference.folder / "spectra.mgf")
    with pyteomics.mgf.MGF(path) as reader:
        spectra = list(reader)
    assert [s["params"]["feature_id"] for s in spectra] == reference.ids
    for spectrum in spectra:
        params = spectrum["params"]
        feature = reference.all[params["feature_id"]]
        assert params["scans"] == params["feature_id"]
        close(params["pepmass"][0], feature["precursor_mz"], 1e-5)
        close(params["pepmass"][1], feature["height"], 0.06)
        close(params["rtinseconds"], feature["rt_seconds"], 1e-3)
        assert params["ionmode"].lower() == reference.polarity[params["feature_id"]]
        sign = 1 if params["ionmode"] == "Positive" else -1
        assert int(params["charge"][0]) == sign * int(feature["charge"] or 1)
        assert params["mslevel"] == "2"
        assert params["isolation_window"] == feature["isolation_window"]
        assert params["source_usi"].startswith("mzspec:USI000000:")
        reference.same_peaks(params["feature_id"], spectrum["m/z array"], spectrum["intensity array"])
    again = list(matchms.importing.load_from_mgf(path))
    assert len(again) == len(reference.ids)
    for spectrum, key in zip(again, reference.ids):
        feature = reference.all[key]
        close(spectrum.get("precursor_mz"), feature["precursor_mz"], 1e-5)
        close(spectrum.get("retention_time"), feature["rt_seconds"], 1e-3)
        assert spectrum.get("ionmode") == reference.polarity[key]
        assert abs(spectrum.get("charge")) == int(feature["charge"] or 1)
        reference.same_peaks(key, spectrum.peaks.mz, spectrum.peaks.intensities)


def check_entropy(reference):
    """Spectral entropy: a spectrum is like itself, and what is compared has its peaks."""
    spectra = list(ms_entropy.read_one_spectrum(str(reference.folder / "spectra.mgf")))
    assert len(spectra) == len(reference.ids)
    for spectrum, key in zip(spectra, reference.ids):
        peaks = numpy.array(spectrum["peaks"], dtype=numpy.float32)
        reference.same_peaks(key, *peaks.astype(float).T, tolerance=1.0, mz_tolerance=1e-4)
        close(ms_entropy.calculate_entropy_similarity(peaks, peaks, ms2_tolerance_in_da=0.02), 1, 1e-3)


def check_msp(reference):
    path = str(reference.folder / "spectra.msp")
    spectra = list(matchms.importing.load_from_msp(path))
    assert len(spectra) == len(reference.ids)
    for spectrum, key in zip(spectra, reference.ids):
        feature = reference.all[key]
        assert spectrum.get("compound_name") == f"feature {key}"
        close(spectrum.get("precursor_mz"), feature["precursor_mz"], 1e-5)
        close(float(spectrum.get("retention_time")) * 60, feature["rt_seconds"], 1e-2)
        assert spectrum.get("ionmode") == reference.polarity[key]
        assert (spectrum.get("adduct") or "") == feature["adduct"]
        reference.same_peaks(key, spectrum.peaks.mz, spectrum.peaks.intensities)
        named = [row for row in reference.peaks[key] if row["label"]]
        comments = sorted((spectrum.peak_comments or {}).items())
        assert len(comments) == len(named), f"feature {key}: annotations {comments}"
        for (mz, comment), row in zip(comments, named):
            close(mz, row["fragment_mz"], 1e-5)
            assert comment == row["label"].replace(":", ".").replace('"', "'"), comment
    experiment = pyopenms.MSExperiment()
    pyopenms.MSPGenericFile(path, experiment)
    assert experiment.size() == len(reference.ids)
    for spectrum, key in zip(experiment, reference.ids):
        reference.same_peaks(key, *spectrum.get_peaks(), tolerance=1.0)


def check_mzml(reference):
    path = str(reference.folder / "spectra.mzML")
    experiment = pyopenms.MSExperiment()
    pyopenms.MzMLFile().load(path, experiment)
    assert experiment.size() == len(reference.ids)
    assert [s.getRT() for s in experiment] == sorted(s.getRT() for s in experiment)
    by_id = {s.getNativeID().removeprefix("scan="): s for s in experiment}
    for key in reference.ids:
        spectrum, feature = by_id[key], reference.all[key]
        assert spectrum.getMSLevel() == 2
        close(spectrum.getRT(), feature["rt_seconds"], 1e-3)
        precursor = spectrum.getPrecursors()[0]
        close(precursor.getMZ(), feature["precursor_mz"], 1e-5)
        assert precursor.getCharge() == int(feature["charge"] or 0)
        if feature["isolation_window"] != "all":
            lower, upper = map(float, feature["isolation_window"].split("-"))
            # OpenMS counts the offsets from the selected ion, so only their sum can be compared.
            width = precursor.getIsolationWindowLowerOffset() + precursor.getIsolationWindowUpperOffset()
            close(width, upper - lower, 1e-3)
        reference.same_peaks(key, *spectrum.get_peaks(), tolerance=1.0)
    with pyteomics.mzml.MzML(path, use_index=True) as reader:
        spectra = list(reader)
    by_id = {s["id"].removeprefix("scan="): s for s in spectra}
    assert len(spectra) == len(reference.ids)
    for key in reference.ids:
        spectrum = by_id[key]
        start = spectrum["scanList"]["scan"][0]["scan start time"]
        assert start.unit_info == "minute"
        close(start * 60, reference.all[key]["rt_seconds"], 1e-2)
        assert f"{reference.polarity[key]} scan" in spectrum
        reference.same_peaks(key, spectrum["m/z array"], spectrum["intensity array"], tolerance=1.0)


def check_sage(reference):
    """What the reader of Sage sees: one spectrum a precursor, times in minutes."""
    spectra = {s.id.removeprefix("scan="): s for s in sagepy.core.read_spectra(str(reference.folder / "spectra.mzML"))}
    assert spectra.keys() == set(reference.ids)
    for key in reference.ids:
        spectrum, feature = spectra[key], reference.all[key]
        assert spectrum.ms_level == 2
        (precursor,) = spectrum.precursors
        close(precursor.mz, feature["precursor_mz"], 1e-3)
        assert (precursor.charge or 0) == int(feature["charge"] or 0)
        close(spectrum.scan_start_time * 60, feature["rt_seconds"], 1e-2)
        reference.same_peaks(key, spectrum.mz.astype(float), spectrum.intensity.astype(float), tolerance=1.0, mz_tolerance=1e-3)


def check_mztab(reference):
    path = str(reference.folder / "result.mztab")
    tables = pyteomics.mztab.MzTab(path)
    assert (tables.version, tables.variant) == ("2.0.0-M", "M"), (tables.version, tables.variant)
    lacking = [key for key in MZTAB_MANDATORY if key not in tables.metadata]
    assert not lacking, f"mandatory and not there: {lacking}"
    order = [key for key in tables.metadata if key in MZTAB_MANDATORY]
    assert order == MZTAB_MANDATORY, f"not in the order of the specification: {order}"
    features = tables.small_molecule_feature_table
    compounds = {feature["compound_id"] for feature in reference.all.values()} - {""}
    assert len(features) == len(reference.all)
    assert len(tables.small_molecule_table) == len(compounds)
    assert tables.metadata["ms_run[1]-hash"] == reference.record["input"]["sha256"]
    for (_, row), (key, feature) in zip(features.iterrows(), reference.all.items()):
        assert int(row["SMF_ID"]) == int(key)
        close(row["exp_mass_to_charge"], feature["precursor_mz"], 1e-5)
        assert int(row["charge"]) == int(feature["charge"] or 1)
        for column, name in [("", "rt_seconds"), ("_start", "rt_start"), ("_end", "rt_end")]:
            close(row[f"retention_time_in_seconds{column}"], feature[name], 1e-3)
        close(row["abundance_assay[1]"], feature["area"], 0.06)
        assert row["opt_global_status"] == feature["status"]
    columns = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            fields = line.split("\t")
            assert line == "" or "" not in fields, f"an empty field: {line}"
            if fields[0] in ("SMH", "SFH"):
                columns[{"SMH": "SML", "SFH": "SMF"}[fields[0]]] = len(fields)
            assert len(fields) == columns.get(fields[0], len(fields)), line


def check_gnps(reference):
    name = f"{reference.record['input']['file_name']} Peak area"
    with (reference.folder / "gnps_quant.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row ID"] for row in rows] == reference.ids
    for row in rows:
        feature = reference.all[row["row ID"]]
        close(row["row m/z"], feature["precursor_mz"], 1e-5)
        close(float(row["row retention time"]) * 60, feature["rt_seconds"], 1e-2)
        close(row[name], feature["area"], 0.06)


def check_sirius(reference):
    """No reader of this format is a Python package: the lines are looked at."""
    keys = {}
    blocks = (reference.folder / "spectra.ms").read_text(encoding="utf-8").split(">compound feature_")[1:]
    assert [block.split("\n", 1)[0] for block in blocks] == reference.ids
    for block, key in zip(blocks, reference.ids):
        feature = reference.all[key]
        lines = block.splitlines()
        keys = dict(line[1:].split(" ", 1) for line in lines if line.startswith(">") and " " in line)
        close(keys["parentmass"], feature["precursor_mz"], 1e-5)
        close(keys["rt"].removesuffix("s"), feature["rt_seconds"], 1e-3)
        last = max(number for number, line in enumerate(lines) if line.startswith((">collision", ">ms2")))
        peaks = [tuple(map(float, line.split())) for line in lines[last + 1 :] if line]
        reference.same_peaks(key, *zip(*peaks))
        isotopes = lines[lines.index(">ms1merged") + 1 : last - 1]
        assert len(isotopes) == int(feature["n_isotopologues"])


def check_parquet(reference):
    """The tables as pandas and pyarrow read them: types, provenance, units, and every cell as in the text."""
    whole = {"compound_id", "n_ions", "main_ion", "mixture_id", "spectrum_of", "feature_id", "charge", "n_fragments", "n_isotopologues", "rank", "n_expected", "n_matched", "n_missing"}
    for name in ["compounds", "features", "fragments", "candidates", "elution"]:
        path = reference.folder / f"{name}.parquet"
        rows = table(path.with_suffix(".tsv"))
        schema = pyarrow.parquet.read_schema(path)
        metadata = {key.decode(): value.decode() for key, value in schema.metadata.items()}
        assert metadata["program"] == "cofactor"
        assert metadata["version"] == reference.record["version"]
        assert metadata["input_file_name"] == reference.record["input"]["file_name"]
        assert metadata["input_sha256"] == reference.record["input"]["sha256"]
        types = {field.name: str(field.type) for field in schema}
        with path.with_suffix(".tsv").open(encoding="utf-8") as file:
            assert list(types) == file.readline().rstrip("\n").split("\t")
        assert whole & types.keys() == {column for column, kind in types.items() if kind == "uint64"}
        units = json.loads(metadata["units"])
        assert units.keys() == {column for column, kind in types.items() if kind == "double"}
        assert all(units[column] == "s" for column in units if column.startswith("rt_"))
        assert all(units[column] == "Th" for column in units if column.endswith("_mz"))
        frame = pandas.read_parquet(path, dtype_backend="pyarrow")
        assert len(frame) == len(rows), f"{name}: {len(frame)} rows instead of {len(rows)}"
        for column, kind in types.items():
            for cell, row in zip(frame[column].array, rows):
                field = row[column]
                if pandas.isna(cell):
                    assert field == "", f"{name}.{column}: null instead of {field}"
                elif kind == "double":
                    decimals = len(field.partition(".")[2])
                    close(cell, field, 0.501 * 10.0**-decimals)
                else:
                    shown = str(cell).lower() if kind == "bool" else str(cell)
                    assert shown == field, f"{name}.{column}: {shown} instead of {field}"


def main():
    reference = Reference(Path(sys.argv[1]))
    assert reference.ids, "no feature has a spectrum"
    complaints = Complaints()
    for name in [None, "matchms", "pyteomics"]:
        logging.getLogger(name).addHandler(complaints)
    checks = [check_mgf, check_entropy, check_msp, check_mzml, check_sage, check_mztab, check_gnps, check_sirius]
    if (reference.folder / "features.parquet").exists():
        checks.append(check_parquet)
    for check in checks:
        check(reference)
        assert not complaints.records, complaints.records[:5]
        print(f"{check.__name__.removeprefix('check_')}: {len(reference.ids)} spectra as in features.tsv and fragments.tsv")


if __name__ == "__main__":
    main()
