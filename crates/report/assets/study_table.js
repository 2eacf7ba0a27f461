// The table of compounds and runs: only the rows in sight exist, and each draws its cells on a canvas.
"use strict";

/** Height of a row, as the styles have it, and rows that are drawn beyond the edge, px and rows. */
const ROW_HEIGHT = 25;
const ROWS_BEYOND = 6;

/** Width of a cell, px: the least, the most, and from which on runs are named above. */
const CELL = { least: 5, most: 26, named: 11 };
/** Height of the canvas of a row and of the strip of groups above, and of the names of runs, px. */
const CELLS_HEIGHT = 22;
const STRIP = 8;
const NAMES_HEIGHT = 84;

/** Colours between the ends of a scale. */
const SHADES = 64;
/** What a scale covers: twofold steps either way of the median, tenfold steps below the highest. */
const FOLDS = 3;
const DECADES = { highest: 3, all: 6 };

/** Heading, width (px), class of the cells, what it is, value to sort by, text to show, whether the highest come first; of a row. */
const STUDY_COLUMNS = [
  ["id", 52, "", "compound (C) or feature (#)", (r) => r.main.compound ?? r.main.id, (r) => r.name],
  ["m/z", 76, "number", "of the main ion", (r) => r.main.mz, (r) => r.main.mz.toFixed(4)],
  ["RT (s)", 60, "number", "apex in the study", (r) => r.main.rt, (r) => r.main.rt.toFixed(1)],
  ["ion", 78, "", "what the main ion is", (r) => species(r.main), (r) => species(r.main)],
  ["candidate", 150, "text", "the most probable explanation", (r) => best(r.shown)?.name ?? "", (r) => best(r.shown)?.name ?? ""],
  ["frag.", 44, "number", "lines of its spectrum", (r) => r.shown.lines, (r) => r.shown.lines || "", true],
  ["runs", 42, "number", "runs that show it", (r) => r.main.seen, (r) => r.main.seen, true],
  ["QC CV", 54, "number", "coefficient of variation of its areas in quality controls", (r) => r.main.qc_cv ?? Infinity, (r) => (r.main.qc_cv == null ? "" : percent(r.main.qc_cv))],
  ["blank", 54, "number", "largest area in a blank over the median of the samples", blankOrder, blankText],
  ["differ", 46, "number", "runs whose fragments disagree", (r) => r.main.disagreeing?.length ?? 0, (r) => r.main.disagreeing?.length || "", true],
];

/** Largest blank over the median of the samples; a feature that no blank shows comes first, one in blanks alone last. */
function blankOrder({ main }) {
  return main.blank_ratio ?? { true: 0, false: Infinity }[main.above_blank] ?? -1;
}

function blankText({ main }) {
  if (main.blank_ratio != null) return percent(Math.min(main.blank_ratio, 9.99));
  return { true: "none", false: "only" }[main.above_blank] ?? "";
}

/** Whether a row belongs to what is shown. */
function isShown({ compound, main }, show) {
  if (show === "rest") return !compound;
  if (!compound) return false;
  const kinds = { spectrum: compound.spectrum, above: main.above_blank === true, blank: main.above_blank === false, steady: main.qc_cv <= 0.3, disagree: main.disagreeing };
  return show === "" || Boolean(kinds[show]);
}

/** Colours of the styles as they are now: ends, middle, ink. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const between = (from, to) => d3.quantize(d3.interpolateRgb(colour(from), colour(to)), SHADES);
  return {
    below: between("--middle", "--low"), above: between("--middle", "--high"), rising: between("--middle", "--low"),
    soft: colour("--other"), ink: colour("--ink"), missing: colour("--missing"), own: colour("--own"), resolve: (text) => (text.startsWith("var(") ? colour(text.slice(4, -1)) : text),
  };
}

/** A canvas that is sharp on every screen, and what draws on it. */
function sharpCanvas(width, height) {
  const ratio = devicePixelRatio || 1;
  const canvas = element("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return [canvas, context];
}

/** A cell: full where the run found it by itself, smaller where the fit filled it, a point where it is below the limit. */
function drawCell(context, x, width, { status, disagrees }, colour, shades) {
  const gap = width > 7 ? 1 : 0.5;
  if (status === DETECTED || status === FILLED) {
    const inset = status === FILLED ? 5 : 1;
    const side = status === FILLED ? Math.max(gap, width * 0.2) : gap;
    context.fillStyle = colour;
    context.fillRect(x + side, inset, width - 2 * side, CELLS_HEIGHT - 2 * inset);
  } else if (status === BELOW_LIMIT) {
    context.fillStyle = shades.soft;
    context.fillRect(x + width / 2 - 1, CELLS_HEIGHT / 2 - 1, 2, 2);
  }
  if (disagrees) {
    context.fillStyle = shades.missing;
    context.fillRect(x + gap, CELLS_HEIGHT - 3, width - 2 * gap, 3);
  }
}

/** The table; `chosen` is told which feature was opened. */
function studyTable(data, chosen) {
  prepare(data.features);
  for (const f of data.features) f.lines = data.byId.get(f.spectrum_of)?.found ?? 0;
  const compounds = data.compounds.map((compound) => compoundRow(compound, data));
  const rows = [...compounds, ...data.features.filter((f) => f.compound == null).map(ionRow)];
  const rowOf = new Map(rows.flatMap((row) => row.ions.map((f) => [f.id, row])));
  const highestOfAll = d3.max(data.cells.area) ?? 1;
  const [table, grid, query, show, group, scale, told] = ["heat", "grid", "query", "show", "group", "scale", "cell"].map((id) => document.getElementById(id));
  const state = { sort: null, falling: false, rows: [], runs: data.shownRuns, cursor: 0, run: 0, id: null, width: CELL.most, shades: colours() };
  const columns = STUDY_COLUMNS.filter(([, , , , , text]) => rows.some((row) => text(row) !== ""));
  /** Rows that exist, by their position. */
  const drawn = new Map();
  let asked = null;

  grid.tabIndex = 0;
  grid.setAttribute("aria-label", "Compounds and runs");
  table.setAttribute("role", "grid");
  group.append(...data.groups.map(({ name }) => element("option", { value: name }, name)));
  const heads = columns.map(([name, , kind, title], i) => element("th", { className: kind, scope: "col", title }, element("button", { type: "button", onclick: () => sort(i) }, name)));
  const widths = element("colgroup", {}, columns.map(([, width]) => element("col", { width })), element("col"));
  const texts = d3.sum(columns, ([, width]) => width);
  const cellsHead = element("th", { className: "cells", scope: "col" });
  table.tHead.replaceChildren(element("tr", {}, heads, cellsHead));
  table.prepend(widths);

  /** Sorts by a column, or by the areas in a run. */
  function sort(by) {
    state.falling = state.sort === by ? !state.falling : typeof by === "object" || Boolean(columns[by][6]);
    state.sort = by;
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === by ? (state.falling ? "descending" : "ascending") : "none"));
    select();
  }

  function compare(a, b) {
    if (state.sort == null) return Number(b.shown.lines > 0) - Number(a.shown.lines > 0) || b.main.height - a.main.height;
    const of = typeof state.sort === "object" ? (row) => cellOf(row.main, state.sort, data).area || 0 : columns[state.sort][4];
    const order = d3.ascending(of(a), of(b)) || a.main.id - b.main.id;
    return state.falling ? -order : order;
  }

  function select() {
    const words = query.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const numbered = words.some((word) => /^#\d+$/.test(word));
    for (const row of rows) row.hits = row.ions.filter((f) => fits(f, row.compound?.mass, words));
    state.rows = rows.filter((row) => row.hits.length && (numbered || isShown(row, show.value))).sort(compare);
    const kept = state.rows.indexOf(rowOf.get(state.id));
    state.cursor = Math.max(0, kept);
    table.setAttribute("aria-rowcount", state.rows.length);
    grid.scrollTop = 0;
    redraw();
    tell();
  }

  /** The runs of the chosen group, and how wide a cell is. */
  function layOut() {
    state.shades = colours();
    const current = state.runs[state.run];
    state.runs = data.shownRuns.filter((run) => group.selectedIndex <= 0 || run.group === group.value);
    state.run = Math.max(0, state.runs.indexOf(current));
    // On a phone the text columns fill the table, and the cells are beyond its edge.
    const room = (grid.clientWidth - texts - 2) / Math.max(1, state.runs.length);
    state.width = Math.max(CELL.least, Math.min(CELL.most, Math.floor(room)));
    table.style.width = `${texts + Math.max(STRIP, state.runs.length * state.width)}px`;
    drawHead();
    redraw();
    legend(state.shades, scale.value);
  }

  /** Colours of the groups, and the names of the runs where there is room. */
  function drawHead() {
    const named = state.width >= CELL.named;
    const height = named ? STRIP + NAMES_HEIGHT : STRIP + 4;
    const [canvas, context] = sharpCanvas(Math.max(1, state.runs.length * state.width), height);
    state.runs.forEach((run, i) => {
      context.fillStyle = state.shades.resolve(run.colour);
      context.fillRect(i * state.width, height - STRIP, state.width, STRIP - 2);
      if (!named) return;
      context.save();
      context.translate((i + 0.5) * state.width + 3.5, height - STRIP - 3);
      context.rotate(-Math.PI / 2);
      context.fillStyle = run.left_out ? state.shades.soft : state.shades.ink;
      context.font = "11px system-ui, sans-serif";
      context.fillText(run.name.length > 13 ? `${run.name.slice(0, 12)}…` : run.name, 0, 0);
      context.restore();
    });
    canvas.title = "Click to sort by the areas in a run";
    canvas.onclick = (event) => sort(runAt(event));
    canvas.onmousemove = (event) => { const run = runAt(event); if (run) told.textContent = `${run.name} (${run.group})${run.left_out ? `, left out: ${run.left_out}` : ""}`; };
    cellsHead.replaceChildren(canvas);
  }

  function runAt(event) {
    return state.runs[Math.max(0, Math.min(state.runs.length - 1, Math.floor(event.offsetX / state.width)))];
  }

  /** What gives the areas of a row their colours. */
  function shader(cells) {
    const areas = cells.map((cell) => cell.area).filter((area) => area > 0);
    const shade = (list, share) => list[Math.round(Math.max(0, Math.min(1, share)) * (SHADES - 1))];
    if (scale.value === "median") {
      const middle = d3.median(areas);
      return (area) => { const folds = Math.log2(area / middle); return shade(folds < 0 ? state.shades.below : state.shades.above, Math.abs(folds) / FOLDS); };
    }
    const highest = scale.value === "all" ? highestOfAll : d3.max(areas);
    return (area) => shade(state.shades.rising, 1 + Math.log10(area / highest) / DECADES[scale.value]);
  }

  function drawCells(row, isCursor) {
    const [canvas, context] = sharpCanvas(Math.max(1, state.runs.length * state.width), CELLS_HEIGHT);
    const cells = state.runs.map((run) => cellOf(row.main, run, data));
    const colourOf = shader(cells);
    cells.forEach((cell, i) => drawCell(context, i * state.width, state.width, cell, cell.area > 0 ? colourOf(cell.area) : state.shades.soft, state.shades));
    if (isCursor) {
      context.strokeStyle = state.shades.ink;
      context.strokeRect(state.run * state.width + 0.5, 0.5, state.width - 1, CELLS_HEIGHT - 1);
    }
    return canvas;
  }

  function line(row, at) {
    const cells = columns.map(([, , kind, , , text]) => { const value = `${text(row)}`; return element("td", { className: kind, title: kind === "text" ? value : "" }, value); });
    const canvas = drawCells(row, at === state.cursor);
    canvas.onmousemove = (event) => { const run = runAt(event); if (run) told.textContent = `${row.name}, ${cellText(row.main, run, data)}`; };
    canvas.onmousedown = (event) => { state.run = Math.max(0, state.runs.indexOf(runAt(event))); };
    const made = element("tr", { id: `row${at}`, className: at === state.cursor ? "cursor" : "", onclick: () => { state.cursor = at; open(); } }, cells, element("td", { className: "cells" }, canvas));
    made.setAttribute("aria-rowindex", at + 1);
    made.setAttribute("aria-selected", row === rowOf.get(state.id));
    return made;
  }

  /** A row without cells that is as high as the rows that are not drawn. */
  function gap(count) {
    const cell = element("td", { colSpan: columns.length + 1 });
    cell.style.height = `${count * ROW_HEIGHT}px`;
    return count > 0 ? [element("tr", { className: "gap", ariaHidden: "true" }, cell)] : [];
  }

  function draw() {
    asked = null;
    const first = Math.max(0, Math.floor(grid.scrollTop / ROW_HEIGHT) - ROWS_BEYOND);
    const last = Math.min(state.rows.length, first + Math.ceil(grid.clientHeight / ROW_HEIGHT) + 2 * ROWS_BEYOND);
    for (const at of drawn.keys()) if (at < first || at >= last) drawn.delete(at);
    const lines = d3.range(first, last).map((at) => {
      if (!drawn.has(at)) drawn.set(at, line(state.rows[at], at));
      return drawn.get(at);
    });
    table.tBodies[0].replaceChildren(...gap(first), ...lines, ...gap(state.rows.length - last));
    grid.setAttribute("aria-activedescendant", `row${state.cursor}`);
  }

  function redraw() {
    drawn.clear();
    draw();
  }

  /** Says what the cursor is on. */
  function tell() {
    const [row, run] = [state.rows[state.cursor], state.runs[state.run]];
    const many = `${state.rows.length} of ${show.value === "rest" ? rows.length - compounds.length : compounds.length} rows`;
    told.textContent = row && run ? `${many}. ${row.name}, ${cellText(row.main, run, data)}` : many;
  }

  function open() {
    const row = state.rows[state.cursor];
    if (row) chosen(row.hits[0].id);
  }

  /** Brings the row of the cursor into sight, and moves nothing but the rows. */
  function reveal() {
    const [top, head] = [state.cursor * ROW_HEIGHT, table.tHead.offsetHeight];
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + ROW_HEIGHT + head > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + ROW_HEIGHT + head - grid.clientHeight;
    draw();
  }

  /** Brings the cell of the cursor into sight. */
  function revealRun() {
    const left = texts + state.run * state.width;
    if (left < grid.scrollLeft) grid.scrollLeft = left;
    else if (left + state.width > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = left + state.width - grid.clientWidth;
  }

  const page = () => Math.max(1, Math.floor((grid.clientHeight - table.tHead.offsetHeight) / ROW_HEIGHT) - 1);
  const moves = {
    ArrowDown: () => [1, 0], ArrowUp: () => [-1, 0], ArrowRight: () => [0, 1], ArrowLeft: () => [0, -1],
    PageDown: () => [page(), 0], PageUp: () => [-page(), 0], Home: () => [-state.rows.length, 0], End: () => [state.rows.length, 0],
  };
  grid.onkeydown = (event) => {
    if (event.target !== grid || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") open();
    if (event.key === "s" && state.runs.length) sort(state.runs[state.run]);
    const move = moves[event.key]?.();
    if (!move) return;
    event.preventDefault();
    drawn.delete(state.cursor);
    state.cursor = Math.max(0, Math.min(state.rows.length - 1, state.cursor + move[0]));
    state.run = Math.max(0, Math.min(state.runs.length - 1, state.run + move[1]));
    drawn.delete(state.cursor);
    reveal();
    if (move[1]) revealRun();
    tell();
  };
  grid.onscroll = () => { asked ??= requestAnimationFrame(draw); };
  query.oninput = select;
  show.onchange = select;
  group.onchange = () => { layOut(); tell(); };
  scale.onchange = () => {
    redraw();
    legend(state.shades, scale.value);
  };
  document.getElementById("search").onsubmit = (event) => event.preventDefault();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", layOut);
  layOut();
  select();
  return {
    first: () => state.rows[0]?.hits[0].id,
    layOut,
    mark: (id) => {
      state.id = id;
      const at = state.rows.indexOf(rowOf.get(id));
      if (at >= 0) state.cursor = at;
      drawn.clear();
      reveal();
      tell();
    },
  };
}

/** What the colours of a scale mean. */
const MEANINGS = {
  median: `Blue: below the median of the row, orange: above, darkest from ${2 ** FOLDS} times on.`,
  highest: `Dark: the highest of the row, palest: ${10 ** DECADES.highest} times less.`,
  all: `Dark: the highest of all, palest: ${(10 ** DECADES.all).toExponential(0)} times less.`,
};

/** What the cells mean. */
function legend(shades, scale) {
  const entry = (cell, colour, text) => {
    const [canvas, context] = sharpCanvas(14, CELLS_HEIGHT);
    drawCell(context, 0, 14, cell, colour, shades);
    return [canvas, text];
  };
  document.getElementById("legend").replaceChildren(`The key s sorts by the run. ${MEANINGS[scale]}`, ...[
    entry({ status: DETECTED }, shades.rising[SHADES - 20], "found in the run by itself"),
    entry({ status: FILLED }, shades.rising[SHADES - 20], "by the fit of all runs"),
    entry({ status: BELOW_LIMIT }, "", "below the limit"),
    entry({ status: DETECTED, disagrees: true }, shades.rising[SHADES - 20], "its fragments disagree"),
  ].flat());
}
