// The data of a study: its runs in the order in which they are shown, and what each says of a feature.
"use strict";

/** What a run says of a feature, in the order of the numbers in the data. */
const WORDS = ["detected", "filled", "below the limit", "not scanned"];
const [DETECTED, FILLED, BELOW_LIMIT, NOT_SCANNED] = [0, 1, 2, 3];
/** The bit of a status that says that the fragments of the run disagree. */
const DISAGREES = 4;

/** Points of an elution, and the bytes of one: begin, end and height before them. */
const ELUTION_POINTS = 24;
const ELUTION_BYTES = 12 + ELUTION_POINTS;

/** Colours of groups, after Okabe and Ito; blanks are grey, quality controls have the colour of text. */
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7b6bb7"];

function bytes(text) {
  const raw = atob(text);
  const made = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) made[i] = raw.charCodeAt(i);
  return made;
}

/** The data with cells as numbers, and `shownRuns`, by group, then by order of injection. */
function readStudy() {
  const data = readData();
  const { area, low, high, status } = data.cells;
  const floats = (text) => new Float32Array(bytes(text).buffer);
  data.cells = { area: floats(area), low: floats(low), high: floats(high), status: bytes(status) };
  data.features.forEach((f, row) => (f.row = row));
  data.runs.forEach((run, at) => (run.at = at));
  data.groups = groupsOf(data.runs);
  const rank = new Map(data.groups.map((group, i) => [group.name, i]));
  const compare = (a, b) => rank.get(a.group) - rank.get(b.group) || d3.ascending(a.order ?? Infinity, b.order ?? Infinity) || a.at - b.at;
  data.shownRuns = [...data.runs].sort(compare);
  for (const run of data.runs) run.colour = data.groups[rank.get(run.group)].colour;
  return data;
}

/** Groups by name with their colours: samples first, then quality controls, blanks last. */
function groupsOf(runs) {
  const members = d3.groups(runs, (run) => run.group).map(([name, of]) => ({ name, runs: of.length, kind: of.every((run) => run.kind === of[0].kind) ? of[0].kind : "sample" }));
  const rank = { sample: 0, qc: 1, blank: 2 };
  members.sort((a, b) => rank[a.kind] - rank[b.kind] || (a.name === "undefined") - (b.name === "undefined") || d3.ascending(a.name, b.name));
  members.forEach((group, i) => (group.colour = { blank: "var(--other)", qc: "var(--ink)" }[group.kind] ?? PALETTE[i % PALETTE.length]));
  return members;
}

/** What a run says of a feature; what is not known is NaN. */
function cellOf(f, run, { cells, runs }) {
  const at = f.row * runs.length + run.at;
  const status = cells.status[at];
  return { area: cells.area[at], low: cells.low[at], high: cells.high[at], status: status & 3, disagrees: (status & DISAGREES) > 0 };
}

/** A cell in words. */
function cellText(f, run, data) {
  const cell = cellOf(f, run, data);
  const interval = Number.isNaN(cell.low) || Number.isNaN(cell.high) ? "" : ` (95 %: ${short(cell.low)} – ${short(cell.high)})`;
  const area = Number.isNaN(cell.area) ? (cell.status === BELOW_LIMIT && !Number.isNaN(cell.high) ? `, at most ${short(cell.high)}` : "") : `, area ${short(cell.area)}${interval}`;
  const aside = run.left_out ? ", left out" : "";
  return `${run.name} (${run.group})${aside}: ${WORDS[cell.status]}${area}${cell.disagrees ? ", its fragments disagree" : ""}`;
}

/** The elutions of a feature: a run and its points. */
function elutionsOf(f, data) {
  if (!f.elutions) return [];
  const packed = bytes(f.elutions);
  return f.elution_runs.map((at, i) => {
    const [begin, end, height] = new Float32Array(packed.buffer.slice(i * ELUTION_BYTES, i * ELUTION_BYTES + 12));
    const heights = packed.subarray(i * ELUTION_BYTES + 12, (i + 1) * ELUTION_BYTES);
    const points = Array.from(heights, (share, n) => ({ rt: begin + ((end - begin) * n) / (ELUTION_POINTS - 1), share: share / 255, intensity: (height * share) / 255 }));
    return { run: data.runs[at], points };
  });
}
