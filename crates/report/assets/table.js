// The table of all features: searched, sorted, a page at a time so that thousands stay quick.
"use strict";

const PAGE_ROWS = 50;

/** Statuses in a word. */
const STATUSES = {
  deconvolved: "own",
  not_separable: "shared",
  not_separable_candidates: "two candidates",
  nothing_coelutes: "no fragments",
  no_rule_applies: "no rule",
  below_limit: "too weak",
  not_isolated: "not isolated",
  too_few_scans: "too few scans",
  no_fragment_scans: "no MS2",
};

/** Heading, class of the cells, value to sort by, text to show, whether the highest come first. */
const COLUMNS = [
  ["#", "number", (f) => f.id, (f) => f.id],
  ["m/z", "number", (f) => f.mz, (f) => f.mz.toFixed(4)],
  ["RT (s)", "number", (f) => f.rt, (f) => f.rt.toFixed(1)],
  ["ion", "", (f) => f.adduct ?? "", (f) => f.adduct ?? (f.charge == null ? "" : `z ${f.charge}`)],
  ["height", "number", (f) => f.height, (f) => f.height.toExponential(1), true],
  ["frag.", "number", (f) => f.found, (f) => f.found || "", true],
  ["purity", "number", (f) => f.purity ?? -1, (f) => (f.purity == null ? "" : percent(f.purity)), true],
  ["candidate", "text", (f) => best(f)?.name ?? "", (f) => best(f)?.name ?? ""],
  ["posterior", "number", (f) => best(f)?.posterior ?? -1, (f) => (best(f) ? percent(best(f).posterior) : ""), true],
  ["q", "number", (f) => best(f)?.q_value ?? 2, (f) => best(f)?.q_value ?? ""],
  ["spectrum", "", (f) => f.outcome, (f) => f.outcome],
];

/** The most probable explanation, where the fragments speak for one. */
function best(f) {
  const first = f.candidates?.[0];
  return first && !first.decoy && (first.n_matched > 0 || first.name === "none") ? first : null;
}

/** Prepares features for searching and sorting. */
function prepare(features) {
  for (const f of features) {
    f.found = (f.fragments?.status ?? []).filter((status) => status === "matched").length;
    f.outcome = STATUSES[f.status.split(":")[0]];
    const words = [f.adduct, f.outcome, f.status.replaceAll("_", " "), ...(f.candidates ?? []).map((c) => `${c.name} ${c.rule}`), ...(f.fragments?.label ?? []), ...(f.fragments?.rule ?? [])];
    f.words = words.filter(Boolean).join(" ").toLowerCase();
  }
}

/** Whether a feature fits every word: numbers are m/z, #n is a feature, others are looked for in its names. */
function fits(f, words) {
  return words.every((word) => {
    if (/^#\d+$/.test(word)) return f.id === Number(word.slice(1));
    if (/^\d+(\.\d*)?$/.test(word)) {
      const decimals = word.split(".")[1]?.length ?? 0;
      return f.mz.toFixed(6).startsWith(word) || f.mz.toFixed(decimals) === word;
    }
    return f.words.includes(word);
  });
}

/** Whether a feature belongs to what is shown. */
function belongs(f, show) {
  return { "": true, spectrum: f.found > 0, deconvolved: f.status === "deconvolved", none: f.found === 0 }[show];
}

/** A table that tells `chosen` which feature was opened. */
function featureTable(features, chosen) {
  prepare(features);
  const [table, query, show, pager] = ["table", "query", "show", "pager"].map((id) => document.getElementById(id));
  const state = { column: null, falling: false, page: 0, rows: [], id: null };

  const columns = COLUMNS.filter(([, , , text]) => features.some((f) => text(f) !== ""));
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
    if (state.column == null) return Number(b.found > 0) - Number(a.found > 0) || b.height - a.height;
    const of = columns[state.column][2];
    const order = d3.ascending(of(a), of(b)) || a.id - b.id;
    return state.falling ? -order : order;
  }

  function select() {
    const words = query.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    state.rows = features.filter((f) => belongs(f, show.value) && fits(f, words)).sort(compare);
    state.page = 0;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE_ROWS));
    const visible = state.rows.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS);
    table.tBodies[0].replaceChildren(...visible.map((f) => {
      const cells = columns.map(([, kind, , text]) => element("td", { className: kind }, `${text(f)}`));
      const row = element("tr", { tabIndex: 0, className: f.found ? "" : "without", onclick: () => chosen(f.id) }, cells);
      row.setAttribute("aria-selected", f.id === state.id);
      row.onkeydown = (event) => {
        if (event.key === "Enter") chosen(f.id);
        if (event.key === "ArrowDown") row.nextSibling?.focus();
        if (event.key === "ArrowUp") row.previousSibling?.focus();
      };
      return row;
    }));
    const turn = (name, by, possible) => element("button", { type: "button", disabled: !possible, onclick: () => { state.page += by; draw(); } }, name);
    const many = `${state.rows.length} of ${features.length} features`;
    pager.replaceChildren(...(pages > 1 ? [turn("Back", -1, state.page > 0), `page ${state.page + 1} of ${pages}`, turn("On", 1, state.page + 1 < pages)] : []), many);
  }

  function search() {
    select();
    document.querySelector("main").scrollIntoView();
    if (state.rows.length && !state.rows.some((f) => f.id === state.id)) chosen(state.rows[0].id);
  }
  query.oninput = search;
  show.onchange = search;
  document.getElementById("search").onsubmit = (event) => event.preventDefault();
  select();
  return {
    first: () => state.rows[0]?.id,
    mark: (id) => {
      state.id = id;
      draw();
    },
  };
}
