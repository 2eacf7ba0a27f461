"""Writes peptides.json: backbone ions of some peptides as pyteomics computes them from compositions.

Usage: python make_peptides.py > ../data/peptides.json      (pyteomics 4.7 or newer)
"""
import json
import sys

from pyteomics import mass

MODIFICATIONS = {
    "Oxidation": mass.Composition(formula="O"),
    "Phospho": mass.Composition(formula="HPO3"),
    "Carbamidomethyl": mass.Composition(formula="C2H3NO"),
    "Acetyl": mass.Composition(formula="C2H2O"),
    "Amidated": mass.Composition({"N": 1, "H": 1, "O": -1}),
}
# Residues with the modification of each, N-terminal and C-terminal modification.
PEPTIDES = [
    ("PEPTIDEK", {}, None, None),
    ("SAMPLER", {2: "Oxidation"}, None, None),
    ("ACDEFGHIKLMNPQRSTVWY", {1: "Carbamidomethyl"}, None, None),
    ("GASPTYK", {2: "Phospho", 5: "Phospho"}, "Acetyl", None),
    ("WLFQNHR", {}, None, "Amidated"),
]


def written(residues, modified, start, end):
    text = "".join(r + (f"[{modified[i]}]" if i in modified else "") for i, r in enumerate(residues))
    return (f"[{start}]-" if start else "") + text + (f"-[{end}]" if end else "")


def mz(residues, modified, offset, terminal, ion, charge):
    whole = mass.Composition(sequence=residues, ion_type=ion)
    for i in range(len(residues)):
        if i + offset in modified:
            whole += MODIFICATIONS[modified[i + offset]]
    if terminal:
        whole += MODIFICATIONS[terminal]
    return mass.calculate_mass(composition=whole, charge=charge)


out = []
for residues, modified, start, end in PEPTIDES:
    n = len(residues)
    ions = {}
    for charge in (1, 2):
        for ion in "abc":
            for i in range(1, n):
                ions[f"{ion}{i} {charge}"] = mz(residues[:i], modified, 0, start, ion, charge)
        for ion in "xyz":
            for i in range(1, n):
                ions[f"{ion}{i} {charge}"] = mz(residues[n - i :], modified, n - i, end, ion, charge)
    whole = mass.Composition(sequence=residues)
    for name in [*modified.values(), start, end]:
        if name:
            whole += MODIFICATIONS[name]
    out.append(
        dict(
            sequence=written(residues, modified, start, end),
            precursor=mass.calculate_mass(composition=whole, charge=3),
            ions=ions,
        )
    )
json.dump(out, sys.stdout, indent=0)
