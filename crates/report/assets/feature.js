// One feature: a verdict, its charts, its tables, and what can be copied.
"use strict";

/** The data of the page, with features and compounds by their numbers. */
function readData() {
  const data = JSON.parse(document.getElementById("data").textContent);
  data.byId = new Map(data.features.map((f) => [f.id, f]));
  data.compoundById = new Map(data.compounds.map((compound) => [compound.id, compound]));
  return data;
}

/** Found and missing fragments as objects, ascending in m/z. */
function allFragments(f) {
  const columns = Object.entries(f.fragments ?? {});
  return (f.fragments?.mz ?? []).map((_, i) => Object.fromEntries(columns.map(([key, values]) => [key, values[i]])));
}

function foundFragments(f) {
  return allFragments(f).filter((d) => d.status === "matched");
}

/** Fragments that the rules name, found and missing. */
function namedFragments(f) {
  return allFragments(f).filter((d) => d.label && !FORMS[d.status].aside);
}

/** Fragments that the verdict names; the first. */
const MOST_NAMED = 6;

/** m/z and names of the first of some fragments, ascending in m/z. */
function names(fragments) {
  const shown = fragments.slice(0, MOST_NAMED).sort((a, b) => a.mz - b.mz).map((d) => `${d.mz.toFixed(4)}${d.label ? ` (${d.label})` : ""}`);
  return shown.join(", ") + (fragments.length > MOST_NAMED ? ` and ${fragments.length - MOST_NAMED} more` : "");
}

function percent(share) {
  const fromEnd = Math.min(share, 1 - share);
  return `${(100 * share).toFixed(fromEnd > 0.0005 && fromEnd < 0.01 ? 1 : 0)} %`;
}

function short(number) {
  return number >= 1e5 ? number.toExponential(2) : number.toPrecision(3).replace(/\.0+$/, "");
}

/** An element with properties and children; strings become text. */
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.flat(Infinity).filter((child) => child != null));
  return made;
}

/** Things in a row, separated by commas. */
function listed(things) {
  return things.flatMap((thing, i) => (i ? [", ", thing] : [thing]));
}

/** A feature that can be opened; its number alone where it is not in the data. */
function link(id, data, text = `#${id}`) {
  return data.byId.has(id) ? element("a", { href: `#${id}` }, text) : text;
}

/** A compound, which opens its main ion. */
function compoundLink(id, data) {
  const compound = data.compoundById.get(id);
  return compound ? link(compound.ions[0], data, `C${id}`) : `C${id}`;
}

/** An ion with what it is. */
function ionLink(id, data) {
  const f = data.byId.get(id);
  return element("span", {}, link(id, data), f ? ` ${species(f)}` : "");
}

/** Draws a feature; of a study with what its runs say: `width` of the charts, `sentences` and `figures`. */
function drawFeature(f, data, study = null) {
  const width = study?.width ?? Math.max(300, Math.min(900, document.getElementById("feature").clientWidth));
  const figure = (heading, note, ...charts) =>
    element("figure", {}, element("h3", {}, heading), charts, note && element("figcaption", {}, note));
  const found = foundFragments(f);
  const table = (heading, rows) => element("section", {}, element("h3", {}, heading), rows);
  const parts = [element("h2", {}, heading(f)), verdict(f, data), ...(study?.sentences ?? []), ...(study?.figures ?? [])];
  if (found.length) {
    const named = namedFragments(f).length > 0;
    const against = best(f)?.rule ? "the best candidate" : "the rules";
    const chart = spectrumChart(f, width);
    const crowded = [found, namedFragments(f)].some((rows) => labelled(rows, width).length < rows.length);
    parts.push(
      copyButtons(f, data),
      figure(
        named ? `Spectrum, mirrored against ${against}` : "Spectrum",
        [
          "Upright black lines: 95 % intervals. Dotted: the precursor.",
          named ? `Below: what ${against} expect${against === "the rules" ? "" : "s"}, grey where it was found. The height of such a stick is the intensity that the rule gives; where it gives none, 100 is required, 70 expected and 40 optional.` : "The rules name none of these fragments.",
          crowded ? "There is room for the names of the highest alone; the table below has all." : "",
        ].join(" "),
        named ? key(f) : null, chart,
      ),
    );
  }
  parts.push(facts(f, data));
  if (f.ms1) {
    parts.push(
      figure("Elution in MS1", "Points: the monoisotopic trace. Area: the fitted activation, scaled to the points. Upright lines: begin and end of the peak.", elutionChart(f, width)),
      figure("Fragments", `Points and line: the trace, each scaled to its own maximum. Area: the part given to this precursor.${found.length > MOST_TRACES ? ` The ${MOST_TRACES} strongest of ${found.length}.` : ""}`, fragmentsChart(f, width)),
      figure("The mixture it was taken from", "Thin, grey: traced peaks of the scan of this window nearest the apex. Thick, blue: what of them is this precursor's. Square-root scale.", mixtureChart(f, width)),
    );
  } else if (found.length && !study) {
    parts.push(element("p", { className: "note" }, "No chromatograms and neighbours were kept of this feature: it is not among the most intense."));
  }
  const recorded = f.candidates?.find((c) => c.record);
  const written = foundFragments(data.byId.get(f.spectrum_of) ?? f);
  if (recorded && written.length) {
    const similarity = recorded.cosine == null ? "" : ` Cosine ${recorded.cosine}, entropy similarity ${recorded.entropy}, both below the precursor.`;
    const note = `Below: the most probable record, probability ${percent(recorded.posterior)}, grey where the spectrum has the peak. Each over its highest peak but the precursor, which is cut off at that. Dotted: the precursor.${similarity}`;
    parts.push(figure(`Spectrum, mirrored against the library: ${recorded.name}`, note, recordChart(f, written, recorded.record, width)));
  }
  if (f.candidates) parts.push(table("Candidates", candidateTable(f)));
  if (f.fragments) parts.push(table("Fragments, found and missing", fragmentTable(f)));
  if (f.neighbours) parts.push(table("Neighbours with common fragments", neighbourTable(f, data)));
  document.getElementById("feature").replaceChildren(...parts);
}

function heading(f) {
  const what = { M: "", in_source: ", in-source fragment,", artefact: ", artefact,", background: ", background," }[f.relation] ?? ` ${f.relation}`;
  return `m/z ${f.mz.toFixed(4)}${what} at ${f.rt.toFixed(1)} s (${(f.rt / 60).toFixed(2)} min)`;
}

/** The result in sentences: what is its own, what is missing, how sure that is. */
function verdict(f, data) {
  const all = allFragments(f);
  const count = (status) => all.filter((d) => d.status === status).length;
  const found = count("matched");
  const lines = [];
  const fragments = (n) => `${n} fragment${n === 1 ? "" : "s"}`;
  if (found) {
    const strongest = foundFragments(f).sort((a, b) => b.intensity - a.intensity);
    const named = strongest.filter((d) => d.label).length;
    const whose = {
      not_separable: f.mixture_id ? "of a mixture" : "of it and those that elute with it",
      not_separable_candidates: "of the two ions under this peak",
    }[f.status.split(":")[0]] ?? `${found === 1 ? "is" : "are"} its own`;
    lines.push(
      `${fragments(found)} ${whose}: ${names(strongest)}.`,
      `Of the signal on their traces under its elution, ${percent(f.purity)} is ${f.mixture_id ? "expected to be " : ""}its own. The rules name ${named} of ${found}.`,
    );
    const missing = all.filter((d) => d.status === "missing");
    const excused = [[count("below_limit"), "would be below the detection limit"], [count("not_scanned"), "outside the scanned range"]]
      .filter(([n]) => n).map(([n, why]) => `${n} ${why}`).join(", ");
    if (missing.length) lines.push(`Expected, should be visible, and missing: ${names(missing)}.`);
    if (excused) lines.push(`Expected and not to be seen: ${excused}.`);
    if (named && !missing.length && !excused) lines.push("Nothing that the best candidate expects is missing.");
  }
  const aside = all.filter((d) => FORMS[d.status].aside);
  if (aside.length) lines.push(`Found, and no lines of its spectrum: ${names(aside)}.`);
  if (f.spectrum_of && f.spectrum_of !== f.id) {
    const own = f.mixture_id && f.purity != null ? `; ${percent(f.purity)} of its signal is expected to be this ion's own` : "";
    lines.push(["Its spectrum stands under ", ionLink(f.spectrum_of, data), `${own}.`]);
  }
  if (f.mixture_id) {
    const { members } = data.byId.get(f.spectrum_of) ?? f;
    lines.push(
      ["The spectrum is of a mixture: ", listed((members ?? []).map((id) => member(id, data))), "."],
      "In a mixture the elution does not tell whose a fragment is: purity and shares are those expected of this precursor, after the heights of the mixture's ions.",
    );
  }
  const first = best(f);
  if (first) {
    const q = first.q_value == null ? "" : `, q-value ${first.q_value}`;
    lines.push(first.name === "none" ? `Most probably none of the candidates: ${percent(first.posterior)}${q}.` : `Best candidate: ${first.name} (${first.rule}), probability ${percent(first.posterior)}${q}.`);
  }
  const others = (f.status.split(":")[1] ?? "").split(",").filter(Boolean).map((id) => ionLink(Number(id), data));
  const statuses = {
    deconvolved: null,
    not_separable: !f.mixture_id && ["Its elution cannot be told from that of ", listed(others), ": they show the same fragments, as far as the rules allow."],
    not_separable_candidates: "It takes two of its candidates at once to explain it: two ions under one peak, which cannot be separated.",
    nothing_coelutes: "No spectrum: no fragment trace of its window elutes with it.",
    nothing_own: "No spectrum: fragment traces elute with it, but most of the signal of each is of others.",
    artefact: ["No spectrum: it is no ion, but shown beside the much more intense ", listed(others), "."],
    background: "No spectrum: it is there for most of the run and does not elute.",
    no_rule_applies: "No spectrum: the rules allow it no fragment.",
    below_limit: "No spectrum: it is so weak that usual fragments of it would be below the detection limit.",
    not_isolated: "No spectrum: no isolation window holds it.",
    too_few_scans: "No spectrum: too few scans of its window were taken while it eluted.",
    no_fragment_scans: "No spectrum: the run has nothing to deconvolve.",
  };
  const status = statuses[f.status.split(":")[0]];
  if (status) lines.push(status);
  return element("div", { className: "verdict" }, element("ul", {}, lines.map((line) => element("li", {}, line))));
}

/** A member of a mixture, with its compound. */
function member(id, data) {
  const f = data.byId.get(id);
  return element("span", {}, ionLink(id, data), f?.compound ? [" of ", compoundLink(f.compound, data)] : "");
}

/** What an ion is. */
function relation(f) {
  return {
    M: "the molecule, with charge carriers that are not known",
    in_source: "a part of the molecule that broke off in the ion source",
    artefact: "no ion: an artefact of the instrument",
    background: "background: it does not elute",
  }[f.relation] ?? `${f.relation}: the molecule with its charge carriers`;
}

/** The compound of an ion and its mass. */
function compoundText(compound) {
  const mass = compound.mass == null ? "neutral mass unknown" : `neutral mass ${compound.mass.toFixed(4)} Da`;
  return `C${compound.id}, ${mass}${compound.probability == null ? "" : `, probability ${percent(compound.probability)}`}`;
}

function facts(f, data) {
  const compound = data.compoundById.get(f.compound);
  const rows = {
    feature: `#${f.id}`,
    ion: relation(f),
    compound: compound && compoundText(compound),
    "its ions": compound?.ions.length > 1 ? listed(compound.ions.map((id) => ionLink(id, data))) : null,
    "mixed with": compound?.mixed_with && listed(compound.mixed_with.map((id) => compoundLink(id, data))),
    spectrum: f.spectrum_of && (f.spectrum_of === f.id ? "here" : ["under ", ionLink(f.spectrum_of, data)]),
    charge: f.charge == null ? "unknown, taken as 1" : `${f.charge}${f.polarity === "positive" ? "+" : "−"}, ${f.isotopologues?.length ?? 0} isotopologues in MS1`,
    "found in": f.found_in === "ms2" ? "MS2 alone, as what its window lets through intact; MS1 shows nothing of it" : null,
    elution: `${f.start} to ${f.end} s`,
    "height, area": `${short(f.height)}, ${short(f.area)}`,
    window: f.window && `m/z ${f.window}${f.energy == null ? "" : `, collision energy ${f.energy}`}`,
    "other windows": f.other_windows?.length ? `m/z ${f.other_windows.join(", ")}: they isolate it too, and had a say` : null,
    "scan at the apex": usi(f, data),
  };
  return element("dl", {}, Object.entries(rows).filter(([, text]) => text).map(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
}

/** Identifier of the scan of its window nearest to the apex. */
function usi(f, data) {
  if (f.scan_index == null) return null;
  const run = data.input.file_name.replace(/\.gz$/, "").replace(/\.mzML$/, "");
  return `mzspec:USI000000:${run}:index:${f.scan_index}`;
}

function key(f) {
  const seen = new Set(allFragments(f).map((d) => d.status));
  const entries = Object.keys(FORMS).filter((status) => seen.has(status) && !FORMS[status].aside);
  return element("ul", { className: "key" }, entries.map((status) => element("li", {}, mark(status), FORMS[status].name)));
}

/** A table without the columns that have nothing to say. */
function grid(columns, lines) {
  const filled = columns.map((_, i) => lines.some((line) => line[i] != null && line[i] !== ""));
  const [header, ...rows] = [columns, ...lines].map((line) => line.filter((_, i) => filled[i]));
  const cell = (tag, content, i) => element(tag, { className: header[i][1] ?? "" }, content ?? "");
  return element("div", { className: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, header.map(([name], i) => cell("th", name, i)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((content, i) => cell("td", content, i)))))));
}

function bar(share) {
  const filled = element("i", {});
  filled.style.width = `${100 * share}%`;
  return element("span", {}, element("span", { className: "bar" }, filled), percent(share));
}

/** A name with the rule that gives it. */
function ruled(name, rule) {
  return name && element("span", {}, name, rule && element("small", {}, rule));
}

function candidateTable(f) {
  return grid(
    [["candidate", "text"], ["posterior"], ["q-value", "number"], ["found", "number"], ["missing", "number"], ["explains", "number"], ["log-evidence", "number"], ["cosine", "number"], ["entropy", "number"]],
    f.candidates.map((c) => [
      ruled(c.decoy ? `${c.name} (decoy)` : c.name, c.rule), bar(c.posterior), c.q_value, c.n_matched, `${c.n_missing} of ${c.n_expected}`,
      percent(c.explained), c.log_evidence, c.cosine, c.entropy,
    ]),
  );
}

function fragmentTable(f) {
  return grid(
    [["m/z", "number"], ["intensity", "number"], ["95 % interval", "number"], ["its own"], ["name", "text"], ["status"]],
    allFragments(f).map((d) => {
      const found = d.intensity > 0;
      const interval = d.low == null || d.high == null ? "" : `${short(d.low)} – ${short(d.high)}`;
      const limit = d.high == null ? "" : `< ${short(d.high)}`;
      return [
        d.mz.toFixed(4), found ? short(d.intensity) : "", found ? interval : limit, found ? bar(d.share) : "", ruled(d.label, d.rule),
        element("span", { className: d.status }, mark(d.status), d.status.replaceAll("_", " "), d.presence && element("small", {}, d.presence)),
      ];
    }),
  );
}

function neighbourTable(f, data) {
  return grid([["feature"], ["m/z", "number"], ["RT (s)", "number"], ["common", "number"], ["fragments (m/z)", "text"]], f.neighbours.map(([id, mzs]) => {
    const other = data.byId.get(id);
    const more = mzs.length > MOST_NAMED ? ` and ${mzs.length - MOST_NAMED} more` : "";
    return [link(id, data), other?.mz.toFixed(4), other?.rt.toFixed(1), mzs.length, mzs.slice(0, MOST_NAMED).map((mz) => mz.toFixed(4)).join(", ") + more];
  }));
}

function copyButtons(f, data) {
  const button = (name, text) => {
    const made = element("button", { type: "button" }, name);
    made.onclick = async () => {
      made.textContent = (await copy(text())) ? "Copied" : "The browser refused";
      setTimeout(() => (made.textContent = name), 1500);
    };
    return made;
  };
  const peaks = () => foundFragments(f).map((d) => `${d.mz.toFixed(6)}\t${decimals(d.intensity, 2)}`).join("\n");
  return element("div", { className: "buttons" }, button("Copy MGF block", () => mgf(f, data)), button("Copy peak list", peaks));
}

/** An intensity as the files have it: with `fewest` decimals, and with more where it is small. */
function decimals(value, fewest) {
  if (value >= 100 || value === 0) return value.toFixed(fewest);
  return value < 1e-6 ? value.toExponential(5) : value.toFixed(5 - Math.floor(Math.log10(value)));
}

/** The block of this feature in spectra.mgf. */
function mgf(f, data) {
  const members = (f.members ?? []).map((id) => data.byId.get(id)).filter(Boolean);
  const found = foundFragments(f);
  const sign = f.polarity === "positive" ? "+" : "-";
  const lines = [
    "BEGIN IONS", `FEATURE_ID=${f.id}`, `SCANS=${f.id}`, `PEPMASS=${f.mz.toFixed(6)} ${decimals(f.height, 1)}`, `CHARGE=${f.charge ?? 1}${sign}`,
    `RTINSECONDS=${f.rt.toFixed(3)}`, `IONMODE=${sign === "+" ? "Positive" : "Negative"}`, "MSLEVEL=2",
    f.adduct && `ADDUCT=${f.adduct}`, f.window && `ISOLATION_WINDOW=${f.window}`, f.energy != null && `COLLISION_ENERGY=${f.energy}`,
    f.purity != null && `PRECURSOR_PURITY=${f.purity.toFixed(4)}`, `STATUS=${f.status}`, f.compound != null && `COMPOUND_ID=${f.compound}`,
    members.length > 1 && `MEMBERS=${members.map((m) => `${m.id}:${m.mz.toFixed(6)}:${m.rt.toFixed(3)}`).join(",")}`, `FILENAME=${data.input.file_name}`,
    f.scan_index != null && `SOURCE_USI=${usi(f, data)}`, `Num peaks=${found.length}`,
    ...found.map((d) => `${d.mz.toFixed(6)} ${decimals(d.intensity, 2)}`), "END IONS", "",
  ];
  return lines.filter((line) => typeof line === "string").join("\n");
}

/** Copies a text; pages that are opened from a disk may not have the clipboard of today. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
