// The table of all compounds with their ions: searched, sorted, a page at a time so that thousands stay quick.
"use strict";

const PAGE_ROWS = 50;

/** Statuses in a word. */
const STATUSES = {
  deconvolved: "own",
  not_separable: "not separable",
  not_separable_candidates: "two candidates",
  nothing_coelutes: "no fragments",
  nothing_own: "none of its own",
  artefact: "artefact",
  background: "background",
  no_rule_applies: "no rule",
  below_limit: "too weak",
  not_isolated: "not isolated",
  too_few_scans: "too few scans",
  no_fragment_scans: "no MS2",
};

/** Heading, class of the cells, value to sort by, text to show, whether the highest come first; of a row of the table. */
const COLUMNS = [
  ["id", "", (r) => r.main.compound ?? r.main.id, (r) => r.name],
  ["mass", "number", (r) => r.compound?.mass ?? 0, (r) => r.compound?.mass?.toFixed(4) ?? ""],
  ["m/z", "number", (r) => r.main.mz, (r) => r.main.mz.toFixed(4)],
  ["RT (s)", "number", (r) => r.main.rt, (r) => r.main.rt.toFixed(1)],
  ["ions", "number", (r) => r.ions.length, (r) => (r.compound ? r.ions.length : ""), true],
  ["ion", "", (r) => species(r.main), (r) => species(r.main)],
  ["height", "number", (r) => r.main.height, (r) => r.main.height.toExponential(1), true],
  ["frag.", "number", (r) => r.shown.lines, (r) => r.shown.lines || "", true],
  ["purity", "number", (r) => r.shown.purity ?? -1, (r) => (r.shown.purity == null ? "" : percent(r.shown.purity)), true],
  ["candidate", "text", (r) => best(r.shown)?.name ?? "", (r) => best(r.shown)?.name ?? ""],
  ["posterior", "number", (r) => best(r.shown)?.posterior ?? -1, (r) => (best(r.shown) ? percent(best(r.shown).posterior) : ""), true],
  ["q", "number", (r) => best(r.shown)?.q_value ?? 2, (r) => best(r.shown)?.q_value ?? ""],
  ["spectrum", "", (r) => r.outcome, (r) => r.outcome],
];

/** What an ion is, as short as a cell of the table. */
function species(f) {
  if (f.relation === "M") return f.charge == null ? "M" : `M, z ${f.charge}`;
  return f.relation.replace("_", "-");
}

/** The most probable explanation, where the fragments speak for one. */
function best(f) {
  const first = f.candidates?.[0];
  return first && !first.decoy && (first.n_matched > 0 || first.name === "none") ? first : null;
}

/** Prepares features for searching and sorting. */
function prepare(features) {
  for (const f of features) {
    f.found = (f.fragments?.status ?? []).filter((status) => status === "matched").length;
    f.outcome = f.mixture_id ? "mixture" : STATUSES[f.status.split(":")[0]];
    const words = [f.relation, species(f), f.outcome, f.status.replaceAll("_", " "), ...(f.candidates ?? []).map((c) => `${c.name} ${c.rule}`), ...(f.fragments?.label ?? []), ...(f.fragments?.rule ?? [])];
    f.words = words.filter(Boolean).join(" ").toLowerCase();
  }
}

/** The row of a compound: as its spectrum counts the best that an ion has, one of its own before one of a mixture. */
function compoundRow(compound, data) {
  const ions = compound.ions.map((id) => data.byId.get(id));
  const shown = ions.find((f) => f.found && !f.mixture_id) ?? ions.find((f) => f.found) ?? ions.find((f) => f.spectrum_of) ?? ions[0];
  return { name: `C${compound.id}`, compound, ions, main: ions[0], shown, outcome: shown.outcome };
}

/** The row of an ion, below its compound or for what is no ion of a molecule. */
function ionRow(f) {
  const elsewhere = f.spectrum_of && f.spectrum_of !== f.id;
  return { name: `#${f.id}`, ions: [f], main: f, shown: f, outcome: elsewhere ? `in #${f.spectrum_of}` : f.outcome };
}

/** Whether an ion fits every word: numbers are m/z or neutral masses, #n is a feature, Cn a compound, others are looked for in its names. */
function fits(f, mass, words) {
  return words.every((word) => {
    if (/^#\d+$/.test(word)) return f.id === Number(word.slice(1));
    if (/^c\d+$/.test(word) && f.compound === Number(word.slice(1))) return true;
    if (/^\d+(\.\d*)?$/.test(word)) {
      const decimals = word.split(".")[1]?.length ?? 0;
      return [f.mz, mass].some((value) => value != null && (value.toFixed(6).startsWith(word) || value.toFixed(decimals) === word));
    }
    return f.words.includes(word);
  });
}

/** Whether a row belongs to what is shown. */
function belongs({ compound }, show) {
  if (show === "rest") return !compound;
  return compound && { "": true, spectrum: compound.spectrum, own: compound.spectrum === "own", mixture: compound.spectrum === "mixture", none: !compound.spectrum }[show];
}

/** A table that tells `chosen` which feature was opened. */
function compoundTable(data, chosen) {
  prepare(data.features);
  for (const f of data.features) f.lines = data.byId.get(f.spectrum_of)?.found ?? 0;
  const compounds = data.compounds.map((compound) => compoundRow(compound, data));
  const rest = data.features.filter((f) => f.compound == null).map(ionRow);
  const rows = [...compounds, ...rest];
  const rowOf = new Map(rows.flatMap((row) => row.ions.map((f) => [f.id, row])));
  const [table, query, show, pager] = ["table", "query", "show", "pager"].map((id) => document.getElementById(id));
  const state = { column: null, falling: false, page: 0, rows: [], id: null };

  const columns = COLUMNS.filter(([, , , text]) => rows.some((row) => text(row) !== ""));
  const heads = columns.map(([name, kind], i) => {
    const button = element("button", { type: "button", onclick: () => sort(i) }, name);
    return element("th", { className: kind, scope: "col" }, button);
  });
  table.tHead.replaceChildren(element("tr", {}, heads));

  function sort(column) {
    state.falling = state.column === column ? !state.falling : Boolean(columns[column][4]);
    state.column = column;
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === column ? (state.falling ? "descending" : "ascending") : "none"));
    select();
  }

  /** Those with a spectrum first, then the most intense, unless a column was chosen. */
  function compare(a, b) {
    if (state.column == null) return Number(b.shown.lines > 0) - Number(a.shown.lines > 0) || b.main.height - a.main.height;
    const of = columns[state.column][2];
    const order = d3.ascending(of(a), of(b)) || a.main.id - b.main.id;
    return state.falling ? -order : order;
  }

  function select() {
    const words = query.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const asked = words.some((word) => /^#\d+$/.test(word));
    for (const row of rows) row.hits = row.ions.filter((f) => fits(f, row.compound?.mass, words));
    // A feature that is asked for by its number is found whatever is shown.
    state.rows = rows.filter((row) => row.hits.length && (asked || belongs(row, show.value))).sort(compare);
    state.page = 0;
    draw();
  }

  /** A row of the table, which opens a feature. */
  function line(row, opens, kind, selected) {
    const cells = columns.map(([, kind, , text]) => element("td", { className: kind }, `${text(row)}`));
    const made = element("tr", { tabIndex: 0, className: `${kind} ${row.shown.lines ? "" : "without"}`, onclick: () => chosen(opens.id) }, cells);
    made.setAttribute("aria-selected", selected);
    made.onkeydown = (event) => {
      if (event.key === "Enter") chosen(opens.id);
      if (event.key === "ArrowDown") made.nextSibling?.focus();
      if (event.key === "ArrowUp") made.previousSibling?.focus();
    };
    return made;
  }

  /** A compound, and its ions if it is the opened one. */
  function lines(row) {
    const several = row.compound && row.ions.length > 1;
    const opened = row === rowOf.get(state.id);
    const head = line(row, row.hits[0], several ? (opened ? "opened" : "several") : "", opened && !several);
    return opened && several ? [head, ...row.ions.map((f) => line(ionRow(f), f, "ion", f.id === state.id))] : [head];
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE_ROWS));
    const visible = state.rows.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS);
    table.tBodies[0].replaceChildren(...visible.flatMap(lines));
    const turn = (name, by, possible) => element("button", { type: "button", disabled: !possible, onclick: () => { state.page += by; draw(); } }, name);
    const [all, noun] = show.value === "rest" ? [rest, "artefacts and background ions"] : [compounds, "compounds"];
    const many = `${state.rows.length} of ${all.length} ${noun}`;
    pager.replaceChildren(...(pages > 1 ? [turn("Back", -1, state.page > 0), `page ${state.page + 1} of ${pages}`, turn("On", 1, state.page + 1 < pages)] : []), many);
  }

  /** Brings the opened row into sight, and moves nothing but the rows. */
  function reveal() {
    const [row, box] = [table.querySelector("[aria-selected=true]"), table.parentElement];
    if (!row) return;
    const top = row.offsetTop - table.tHead.offsetHeight;
    if (top < box.scrollTop || row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top;
  }

  function search() {
    select();
    document.querySelector("main").scrollIntoView();
    const isOpen = (row) => row.hits.some((f) => f.id === state.id);
    if (state.rows.length && !state.rows.some(isOpen)) chosen(state.rows[0].hits[0].id);
  }
  query.oninput = search;
  show.onchange = search;
  document.getElementById("search").onsubmit = (event) => event.preventDefault();
  select();
  return {
    first: () => state.rows[0]?.hits[0].id,
    mark: (id) => {
      state.id = id;
      const at = state.rows.indexOf(rowOf.get(id));
      if (at >= 0) state.page = Math.floor(at / PAGE_ROWS);
      draw();
      reveal();
    },
  };
}
