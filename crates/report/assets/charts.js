// The charts of the page: each a configuration of Observable Plot for what is in the data.
"use strict";

/** How fragments of each status are shown; those aside are listed and not drawn. */
const FORMS = {
  matched: { symbol: "circle", name: "found", colour: "var(--own)" },
  missing: { symbol: "circle", name: "missing: should be visible and is not", colour: "var(--missing)" },
  below_limit: { symbol: "triangle", name: "missing: would be below the detection limit", colour: "var(--below)" },
  artefact: { symbol: "diamond", name: "side lobe of an intense fragment, not in the spectrum", colour: "var(--soft)", aside: true },
  shared: { symbol: "diamond", name: "as likely chance, not in the spectrum", colour: "var(--soft)", aside: true },
  isotopologue: { symbol: "diamond", name: "isotopologue of a fragment, not in the spectrum", colour: "var(--soft)", aside: true },
  not_scanned: { symbol: "square", name: "missing: outside the scanned range", colour: "var(--unscanned)" },
};

/** How high a stick of the rules is where the rule gives no intensity. */
const BY_PRESENCE = { required: 1, expected: 0.7, optional: 0.4 };

/** Fragment chromatograms that are drawn; the strongest. */
const MOST_TRACES = 12;

/** Margins of the spectrum beside its axis, how much of a line of text its labels take and how far they are from the sticks, px. */
const SPECTRUM = { left: 45, right: 20 };
const LINE = 12.5;
const LEADER = 24;

/** How far peaks of a spectrum and a record that are the same lie apart at most, Th: as their similarity has it. */
const SAME_PEAK = 0.01;

/** Peaks nearer to the precursor than this are of it, Th: likewise. */
const OF_PRECURSOR = 1.6;

/** Share of the axis that labels may fill, so that they stay near their sticks. */
const FULLEST = 0.7;

/** Letters of a name that are shown in the spectrum, and how long one is, px. */
const LETTER = 6.6;
const MOST_LETTERS = 22;

const SECONDS = "retention time (s) →";

/** Signal of both levels by cycle. */
function totalsChart(totals, width) {
  const rows = totals.flatMap((level) =>
    level.rt.flatMap((rt, i) => [
      { rt, level: `MS${level.level}`, kind: "TIC", intensity: level.total[i] },
      { rt, level: `MS${level.level}`, kind: "BPC", intensity: level.base_peak[i] },
    ]),
  );
  return Plot.plot({
    width, height: 110 * totals.length + 50, marginLeft: 50, marginRight: 40,
    x: { label: SECONDS },
    y: { label: null, tickFormat: "~s", ticks: 4, grid: true },
    fy: { label: null },
    marks: [
      Plot.ruleY([0]),
      Plot.areaY(rows, { filter: (d) => d.kind === "TIC", fy: "level", x: "rt", y: "intensity", fill: "var(--other)", fillOpacity: 0.35 }),
      Plot.lineY(rows, { filter: (d) => d.kind === "TIC", fy: "level", x: "rt", y: "intensity", stroke: "var(--ink)", strokeWidth: 1.2 }),
      Plot.lineY(rows, { filter: (d) => d.kind === "BPC", fy: "level", x: "rt", y: "intensity", stroke: "var(--own)", strokeWidth: 1.2 }),
    ],
  });
}

/** What the windows isolate; null without isolation. */
function windowsChart(channels, width) {
  const windows = channels
    .filter((c) => c.isolation_window && c.isolation_window !== "all")
    .map((c, i) => {
      const [low, high] = c.isolation_window.split("-").map(Number);
      return { low, high, order: i + 1, name: c.isolation_window, scans: c.scans, energy: c.collision_energy };
    });
  if (windows.length === 0) return null;
  return Plot.plot({
    width, height: Math.min(200, 60 + 10 * windows.length), marginLeft: 50,
    x: { label: "m/z →" },
    y: { label: null, ticks: [], reverse: true },
    marks: [
      Plot.rect(windows, {
        x1: "low", x2: "high", y1: (d) => d.order - 0.4, y2: (d) => d.order + 0.4, fill: "var(--own)", fillOpacity: 0.75,
        title: (d) => `m/z ${d.name}, ${d.scans} scans${d.energy == null ? "" : `, energy ${d.energy}`}`, tip: true,
      }),
    ],
  });
}

/** MS1 points of the precursor and the fitted elution. */
function elutionChart(f, width) {
  const points = f.ms1.rt.map((rt, i) => ({ rt, intensity: f.ms1.intensity[i] })).filter((d) => d.intensity != null);
  const fit = f.elution.rt.map((rt, i) => ({ rt, intensity: f.elution.activation[i] * f.elution.height }));
  return Plot.plot({
    width, height: 190, marginLeft: 50,
    x: { label: SECONDS, domain: d3.extent(f.ms1.rt) },
    y: { label: "↑ intensity", tickFormat: "~s", ticks: 4, grid: true },
    marks: [
      Plot.ruleY([0]),
      Plot.ruleX([f.start, f.end], { stroke: "var(--faint)" }),
      Plot.areaY(fit, { x: "rt", y: "intensity", fill: "var(--own)", fillOpacity: 0.25, clip: true }),
      Plot.lineY(fit, { x: "rt", y: "intensity", stroke: "var(--own)", strokeWidth: 2, clip: true }),
      Plot.dot(points, { x: "rt", y: "intensity", r: 3, stroke: "var(--ink)", tip: { format: { x: ".2f", y: ".3s" } } }),
    ],
  });
}

/** The strongest fragments one above the other: each trace, and the part of it that is this precursor's. */
function fragmentsChart(f, width) {
  const shown = foundFragments(f)
    .map((fragment, row) => ({ ...fragment, points: f.ms2.intensity[row] }))
    .sort((a, b) => b.intensity - a.intensity)
    .slice(0, MOST_TRACES)
    .sort((a, b) => a.mz - b.mz);
  const names = shown.map((d) => `m/z ${d.mz.toFixed(4)}${d.label ? `  ${d.label}` : ""}  (${percent(d.share)} of it is its own)`);
  const [traces, own] = [[], []];
  shown.forEach((d, i) => {
    const highest = Math.max(d.intensity, ...d.points.filter((p) => p != null));
    d.points.forEach((p, scan) => traces.push({ fragment: names[i], rt: f.ms2.rt[scan], height: p == null ? NaN : p / highest, intensity: p }));
    f.elution.rt.forEach((rt, g) => own.push({ fragment: names[i], rt, height: (f.elution.activation[g] * d.intensity) / highest }));
  });
  return Plot.plot({
    width, height: 40 + 62 * shown.length, marginLeft: 20, marginRight: 20, marginTop: 5,
    x: { label: SECONDS, domain: d3.extent(f.ms1.rt) },
    y: { axis: null, domain: [0, 1.45] },
    fy: { axis: null, domain: names, padding: 0.08 },
    marks: [
      Plot.ruleY([0], { stroke: "var(--faint)" }),
      Plot.areaY(own, { fy: "fragment", x: "rt", y: "height", fill: "var(--own)", fillOpacity: 0.5, clip: true }),
      Plot.lineY(own, { fy: "fragment", x: "rt", y: "height", stroke: "var(--own)", clip: true }),
      Plot.lineY(traces, { fy: "fragment", x: "rt", y: "height", stroke: "var(--ink)", strokeWidth: 0.8 }),
      Plot.dot(traces, { fy: "fragment", x: "rt", y: "height", r: 2, fill: "var(--ink)" }),
      Plot.text(names, { fy: (d) => d, text: (d) => d, frameAnchor: "top-left", fontSize: 11.5, stroke: "var(--paper)", fill: "var(--ink)" }),
    ],
  });
}

/** The spectrum that is written of a feature above, a library record of it below, each over its highest peak but the precursor. */
function recordChart(f, written, record, width) {
  const fragments = written.filter((d) => Math.abs(d.mz - f.mz) >= OF_PRECURSOR);
  const highest = d3.max(fragments.length ? fragments : written, (d) => d.intensity);
  const above = written.map((d) => ({ mz: d.mz, height: Math.min(1, d.intensity / highest) }));
  const below = record.mz.map((mz, i) => ({ mz, height: -record.height[i], found: above.some((d) => Math.abs(d.mz - mz) <= SAME_PEAK) }));
  const stick = { x: "mz", y1: 0, y2: "height", strokeWidth: 3, title: (d) => `m/z ${d.mz.toFixed(4)}\n${percent(Math.abs(d.height))}`, tip: true };
  return Plot.plot({
    width, height: 270, marginLeft: SPECTRUM.left, marginRight: SPECTRUM.right,
    x: { label: "m/z →", domain: [d3.min([...above, ...below], (d) => d.mz) - 4, Math.max(f.mz, d3.max([...above, ...below], (d) => d.mz)) + 4] },
    y: { label: "↑ intensity (%)", domain: [-1, 1], ticks: 4, tickFormat: (d) => `${Math.abs(100 * d)}` },
    marks: [
      Plot.ruleX([f.mz], { y1: -1, y2: 1, stroke: "var(--soft)", strokeDasharray: "2 3" }),
      Plot.ruleX(above, { ...stick, stroke: "var(--own)" }),
      Plot.ruleX(below, { ...stick, filter: (d) => d.found, stroke: "var(--other)" }),
      Plot.ruleX(below, { ...stick, filter: (d) => !d.found, stroke: "var(--missing)" }),
      Plot.ruleY([0]),
    ],
  });
}

/** The spectrum above, what the best candidate expects below; open sticks are not there. */
function spectrumChart(f, width) {
  const found = foundFragments(f);
  const highest = d3.max(found, (d) => d.intensity);
  const above = found.map((d) => ({
    ...d, height: d.intensity / highest, low: d.low == null ? null : d.low / highest, high: d.high == null ? null : d.high / highest,
  }));
  const below = namedFragments(f).map((d) => ({ ...d, height: -(d.expected ?? BY_PRESENCE[d.presence]) }));
  const all = [...above, ...below];
  const margin = 0.04 * (f.mz - d3.min(all, (d) => d.mz)) + 4;
  const domain = [d3.min(all, (d) => d.mz) - margin, Math.max(f.mz, d3.max(all, (d) => d.mz)) + margin];
  const x = d3.scaleLinear(domain, [SPECTRUM.left, width - SPECTRUM.right]);
  const half = 1.6 / (x(1) - x(0));
  const stick = { x1: (d) => d.mz - half, x2: (d) => d.mz + half, y1: 0, y2: "height" };
  const [top, bottom] = [Math.max(1, d3.max(above, (d) => d.high ?? 0)), below.length ? -1 : 0];
  const body = below.length ? 270 : 150;
  const pixel = (top - bottom) / body;
  const strip = below.length ? LEADER + 8 + LETTER * Math.min(MOST_LETTERS, d3.max(below, (d) => d.label.length)) : 0;
  const absent = below.filter((d) => d.status !== "matched");
  const describe = (d) =>
    [`m/z ${d.mz.toFixed(4)}`, d.label, d.rule, d.presence, d.status === "matched" ? `intensity ${short(d.intensity)}, ${percent(d.share)} own` : FORMS[d.status].name]
      .filter(Boolean).join("\n");
  const label = (rows, from, towards, options) => {
    const placed = beside(labelled(rows, width), x);
    const [knee, end] = [from + 0.3 * towards * LEADER * pixel, from + 0.8 * towards * LEADER * pixel];
    const leaders = placed.flatMap((d, i) => [[d.mz, d.height], [d.mz, knee], [d.at, end]].map(([mz, height]) => ({ i, mz, height })));
    return [
      Plot.line(leaders, { x: "mz", y: "height", z: "i", stroke: "var(--other)", strokeWidth: 0.6 }),
      Plot.text(placed, {
        x: "at", y: from + towards * LEADER * pixel, rotate: -90, fontSize: 11, fill: "var(--ink)", lineWidth: 0.55 * MOST_LETTERS,
        textOverflow: "ellipsis-end", ...options,
      }),
    ];
  };
  return Plot.plot({
    width, height: body + strip + 134, marginLeft: SPECTRUM.left, marginRight: SPECTRUM.right, marginTop: 38, marginBottom: 36, className: "spectrum",
    x: { label: "m/z →", domain },
    y: {
      label: "↑ intensity (%)", domain: [bottom - strip * pixel, top + 60 * pixel], ticks: d3.ticks(bottom, 1, below.length ? 4 : 2),
      tickFormat: (d) => `${Math.abs(100 * d)}`,
    },
    marks: [
      ...label(above, top, 1, { text: (d) => d.mz.toFixed(4), textAnchor: "start" }),
      ...label(below, bottom, -1, { text: "label", textAnchor: "end" }),
      Plot.ruleX([f.mz], { y1: bottom, y2: top, stroke: "var(--soft)", strokeDasharray: "2 3" }),
      Plot.rect(above, { ...stick, fill: "var(--own)", title: describe, tip: true }),
      Plot.ruleX(above, { filter: (d) => d.low != null, x: "mz", y1: "low", y2: "high", stroke: "var(--ink)", strokeWidth: 1.2 }),
      Plot.rect(below, { ...stick, filter: (d) => d.status === "matched", fill: "var(--other)", title: describe, tip: true }),
      ...["missing", "below_limit", "not_scanned"].flatMap((status) => {
        const rows = absent.filter((d) => d.status === status);
        return [
          Plot.rect(rows, { ...stick, fill: "none", stroke: FORMS[status].colour, title: describe, tip: true }),
          Plot.dot(rows, { x: "mz", y: "height", symbol: FORMS[status].symbol, r: 4.5, stroke: FORMS[status].colour, fill: "var(--paper)", strokeWidth: 1.8 }),
        ];
      }),
      Plot.ruleY([0]),
    ],
  });
}

/** Those of the rows whose names have room on the axis of a spectrum; the highest first. */
function labelled(rows, width) {
  const room = Math.floor((FULLEST * (width - SPECTRUM.left - SPECTRUM.right)) / LINE);
  return [...rows].sort((a, b) => Math.abs(b.height) - Math.abs(a.height)).slice(0, room);
}

/** Rows, ascending in m/z, each with a place `at` near its m/z where its upright name touches no other. */
function beside(rows, x) {
  const [left, right] = x.range();
  const rightwards = (places) => places.reduce((done, p) => [...done, Math.max(p, (done.at(-1) ?? left - LINE / 2) + LINE)], []);
  const leftwards = (places) => places.reduceRight((done, p) => [Math.min(p, (done[0] ?? right + LINE / 2) - LINE), ...done], []);
  const sorted = [...rows].sort((a, b) => a.mz - b.mz);
  const wanted = sorted.map((d) => x(d.mz));
  // Between two places that are apart the middles are apart too.
  const middle = d3.zip(rightwards(wanted), leftwards(wanted)).map((both) => d3.mean(both));
  const places = leftwards(rightwards(middle));
  return sorted.map((d, i) => ({ ...d, at: x.invert(places[i]) }));
}

/** All traced peaks of the scan nearest the apex, and what of them is this precursor's. */
function mixtureChart(f, width) {
  const peaks = f.mixture.mz.map((mz, i) => ({ mz, intensity: f.mixture.intensity[i] }));
  return Plot.plot({
    width, height: 210, marginLeft: 50,
    x: { label: "m/z →", inset: 6 },
    y: { label: "↑ intensity", type: "sqrt", tickFormat: "~s", ticks: 4, grid: true },
    marks: [
      Plot.ruleY([0]),
      Plot.ruleX(peaks, { x: "mz", y: "intensity", stroke: "var(--other)", strokeWidth: 1.6, tip: { format: { x: ".4f", y: ".3s" } } }),
      Plot.ruleX(foundFragments(f), { x: "mz", y: "intensity", stroke: "var(--own)", strokeWidth: 3 }),
    ],
  });
}

/** The form of a status, for keys and tables. */
function mark(status) {
  const form = FORMS[status];
  return Plot.plot({
    width: 14, height: 14, margin: 0, axis: null,
    marks: [Plot.dot([0], { frameAnchor: "middle", symbol: form.symbol, r: 4.5, strokeWidth: 1.8, stroke: form.colour, fill: status === "matched" ? form.colour : "none" })],
  });
}
