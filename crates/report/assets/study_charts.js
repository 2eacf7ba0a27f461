// The charts of a study: its runs, and one feature in all of them.
"use strict";

/** How a run is drawn: strong where it is the chosen one, faint where another is, dotted where it is left out. */
function strokes(runs, chosen) {
  const strong = (run) => chosen == null || run === chosen;
  return [
    [runs.filter((run) => !strong(run)), { strokeWidth: 0.7, strokeOpacity: 0.25 }],
    [runs.filter((run) => strong(run) && !run.left_out), { strokeWidth: chosen ? 2.2 : 1.1, strokeOpacity: chosen ? 1 : 0.7 }],
    [runs.filter((run) => strong(run) && run.left_out), { strokeWidth: 1.3, strokeDasharray: "2 3" }],
  ];
}

/** A line for each of the runs, of which `points` gives the points. */
function runLines(runs, chosen, points, y) {
  return strokes(runs, chosen).flatMap(([some, style]) => {
    const rows = some.flatMap((run) => points(run).map((point) => ({ ...point, run })));
    if (!rows.length) return [];
    const channels = { x: "rt", y, z: (d) => d.run.at, stroke: (d) => d.run.colour };
    return [Plot.lineY(rows, { ...channels, ...style })];
  });
}

/** The name of the run nearest to the pointer. */
function runTip(runs, points, y, decimals) {
  const rows = runs.flatMap((run) => points(run).map((point) => ({ ...point, run })));
  const title = (d) => `${d.run.name} (${d.run.group})\n${d.rt.toFixed(1)} s: ${decimals == null ? short(d[y]) : d[y].toFixed(decimals)}`;
  return Plot.tip(rows, Plot.pointer({ x: "rt", y, title }));
}

function totalPoints(run) {
  return run.total.rt.map((rt, i) => ({ rt, total: run.total.total[i] }));
}

function shiftPoints(run) {
  return run.shift.rt.map((rt, i) => ({ rt, shift: run.shift.shift[i] }));
}

/** Total MS1 signal of every run over the time of the study. */
function studyTotals(data, width, chosen) {
  return Plot.plot({
    width, height: 190, marginLeft: 50, color: { type: "identity" },
    x: { label: SECONDS }, y: { label: null, tickFormat: "~s", ticks: 4, grid: true },
    marks: [Plot.ruleY([0]), ...runLines(data.runs, chosen, totalPoints, "total"), runTip(data.runs, totalPoints, "total")],
  });
}

/** How much later each run is than the study. */
function studyShifts(data, width, chosen) {
  return Plot.plot({
    width, height: 160, marginLeft: 50, color: { type: "identity" },
    x: { label: SECONDS }, y: { label: "↑ shift (s)", ticks: 5, grid: true },
    marks: [Plot.ruleY([0], { stroke: "var(--soft)" }), ...runLines(data.runs, chosen, shiftPoints, "shift"), runTip(data.runs, shiftPoints, "shift", 2)],
  });
}

/** The elutions of a feature in all runs, each over its own highest point where `scaled`. */
function studyElutions(f, data, width, chosen, scaled) {
  const elutions = new Map(elutionsOf(f, data).map(({ run, points }) => [run, points]));
  const y = scaled ? "share" : "intensity";
  const points = (run) => elutions.get(run) ?? [];
  return Plot.plot({
    width, height: 230, marginLeft: 50, color: { type: "identity" },
    x: { label: SECONDS }, y: { label: scaled ? "↑ share of the apex" : "↑ intensity", tickFormat: scaled ? ".1f" : "~s", ticks: 4, grid: true },
    marks: [Plot.ruleY([0]), Plot.ruleX([f.rt], { stroke: "var(--soft)", strokeDasharray: "2 3" }), ...runLines([...elutions.keys()], chosen, points, y), runTip([...elutions.keys()], points, y, scaled ? 2 : null)],
  });
}

/** Areas of a feature by group, with intervals and limits, on a logarithmic scale. */
function studyAreas(f, data, width, chosen) {
  const rows = data.shownRuns.map((run, x) => ({ run, x, ...cellOf(f, run, data) }));
  const seen = rows.filter((d) => d.area > 0);
  const limits = rows.filter((d) => !(d.area > 0) && d.high > 0 && d.status === BELOW_LIMIT);
  const [lowest, highest] = [d3.min([...seen, ...limits], (d) => (d.low > 0 ? Math.max(d.low, d.area / 30) : d.area > 0 ? d.area : d.high)), d3.max([...seen, ...limits], (d) => Math.max(d.area || 0, d.high || 0))];
  const floor = lowest / 1.5;
  const spans = d3.groups(rows, (d) => d.run.group).map(([group, of]) => ({ group, first: of[0].x, last: of.at(-1).x, colour: of[0].run.colour }));
  const room = (width - 80) / rows.length;
  const named = spans.filter((span) => span.group.length * 6.5 < (span.last - span.first + 1) * room);
  const size = Math.max(1.8, Math.min(4.5, room / 2.6));
  const title = (d) => cellText(f, d.run, data);
  return Plot.plot({
    width, height: 260, marginLeft: 55, marginRight: 25, marginTop: 34, color: { type: "identity" },
    x: { axis: null, domain: [-0.5, rows.length - 0.5] },
    y: { type: "log", label: "↑ area", domain: [floor, highest * 1.3], tickFormat: "~s", ticks: 5, grid: true, clamp: true },
    marks: [
      Plot.ruleX(spans.slice(1), { x: (d) => d.first - 0.5, stroke: "var(--faint)" }),
      Plot.text(named, { x: (d) => (d.first + d.last) / 2, text: "group", frameAnchor: "top", dy: -18, fill: "colour", fontWeight: 600 }),
      Plot.ruleX(seen.filter((d) => d.low >= 0 && d.high > 0), { x: "x", y1: (d) => Math.max(d.low, floor), y2: "high", stroke: "var(--soft)", strokeWidth: 1.2 }),
      Plot.dot(seen.filter((d) => d.status === DETECTED), { x: "x", y: "area", r: size, fill: (d) => d.run.colour }),
      Plot.dot(seen.filter((d) => d.status !== DETECTED), { x: "x", y: "area", r: size, stroke: (d) => d.run.colour, fill: "var(--paper)", strokeWidth: 1.6 }),
      Plot.text(limits, { x: "x", y: "high", text: () => "▿", fill: (d) => d.run.colour, fontSize: 13 }),
      Plot.dot(seen.filter((d) => d.disagrees), { x: "x", y: "area", r: size + 3.5, symbol: "times", stroke: "var(--missing)", strokeWidth: 1.8 }),
      Plot.dot(rows.filter((d) => d.run === chosen && (d.area > 0)), { x: "x", y: "area", r: size + 5, stroke: "var(--ink)" }),
      Plot.tip([...seen, ...limits], Plot.pointer({ x: "x", y: (d) => (d.area > 0 ? d.area : d.high), title })),
    ],
  });
}

/** Coefficients of variation in the quality controls; null without any. */
function controlsChart(features, width) {
  const variations = features.filter((f) => f.qc_cv != null).map((f) => Math.min(f.qc_cv, 1));
  if (!variations.length) return null;
  return Plot.plot({
    width, height: 130, marginLeft: 50,
    x: { label: "coefficient of variation in quality controls (%; 100 and more together) →", domain: [0, 1], tickFormat: (d) => `${Math.round(100 * d)}` },
    y: { label: "↑ features", ticks: 4, grid: true },
    marks: [Plot.rectY(variations, Plot.binX({ y: "count" }, { x: (d) => d, thresholds: 20, domain: [0, 1], fill: "var(--own)" })), Plot.ruleX([0.3], { stroke: "var(--missing)", strokeDasharray: "3 2" }), Plot.ruleY([0])],
  });
}
