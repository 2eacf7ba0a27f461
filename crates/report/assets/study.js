// Puts the page of a study together.
"use strict";

(() => {
  // What goes wrong is said on the page, where somebody can tell us.
  addEventListener("error", (event) => {
    document.getElementById("feature").replaceChildren(element("p", { className: "warning" }, `The script of this page failed: ${event.message}`));
  });

  const data = readStudy();
  const state = { id: null, run: null, scaled: false, drawnBefore: false };

  /** A run stands out in all charts; once more, and it does not. */
  function highlight(run) {
    state.run = state.run === run ? null : run;
    for (const button of document.querySelectorAll("#runs button")) button.setAttribute("aria-pressed", state.run != null && button.value === String(state.run.at));
    drawRuns();
    drawOpened();
  }

  function drawRuns() {
    const [totals, shifts] = ["totals", "shifts"].map((id) => document.getElementById(id));
    const width = totals.clientWidth;
    totals.replaceChildren(...(data.runs.length ? [studyTotals(data, width, state.run)] : []));
    shifts.replaceChildren(...(data.runs.length ? [studyShifts(data, width, state.run)] : []));
  }

  function runTable() {
    const number = (value, decimals) => (value == null ? "" : value.toFixed(decimals));
    const button = (run) => {
      const made = element("button", { type: "button", value: String(run.at), onclick: () => highlight(run) }, run.name);
      made.setAttribute("aria-pressed", "false");
      return made;
    };
    const columns = [["run"], ["type"], ["group"], ["batch"], ["order", "number"], ["m/z offset (ppm)", "number"], ["shift, median (s)", "number"], ["largest (s)", "number"], ["anchors", "number"], ["features", "number"], ["TIC", "number"], ["left out", "text"]];
    const lines = data.shownRuns.map((run) => [
      button(run), run.kind, run.group, run.batch, run.order == null ? "" : `${run.order}`, number(run.mz_offset, 2), number(run.shift_median, 2), number(run.shift_largest, 2),
      `${run.anchors}`, `${run.features}`, short(run.tic), run.left_out,
    ]);
    return data.runs.length ? [grid(columns, lines)] : [];
  }

  function drawStatic() {
    const swatch = (group) => {
      const made = Plot.plot({ width: 14, height: 14, margin: 0, axis: null, color: { type: "identity" }, marks: [Plot.dot([0], { frameAnchor: "middle", r: 5, fill: group.colour })] });
      return element("li", {}, made, `${group.name} (${group.runs})`);
    };
    document.getElementById("groups").replaceChildren(...data.groups.map(swatch));
    const controls = controlsChart(data.features, Math.min(620, document.getElementById("totals").clientWidth));
    document.querySelector("#runs .scroll").replaceChildren(...runTable());
    if (controls) document.getElementById("runs").append(element("figure", {}, controls));
  }

  /** What the runs say of a feature: elutions, areas, who disagrees. */
  function ofRuns(f, width) {
    const figure = (heading, note, ...charts) => element("figure", {}, element("h3", {}, heading), charts, element("figcaption", {}, note));
    const count = (status) => data.runs.filter((run) => !run.left_out && cellOf(f, run, data).status === status).length;
    const parts = [];
    if (f.elutions) {
      const scaling = element("button", { type: "button", onclick: () => { state.scaled = !state.scaled; drawOpened(); } }, state.scaled ? "Show intensities" : "Scale each to its apex");
      parts.push(figure("Elution in all runs, after alignment", "Fitted elutions by retention time in the study; dotted: the apex of the study.", studyElutions(f, data, width, state.run, state.scaled), scaling));
    }
    else if (f.seen) parts.push(element("p", { className: "note" }, "No elutions were kept of this feature."));
    if (count(DETECTED) + count(FILLED) + count(BELOW_LIMIT)) {
      const note = `Full: found in the run by itself (${count(DETECTED)}); open: by the fit of all runs (${count(FILLED)}); ▿: below the limit, which is there (${count(BELOW_LIMIT)}); × : its fragments disagree. Lines: 95 % intervals. Not scanned: ${count(NOT_SCANNED)}.`;
      parts.push(figure("Areas by group", note, studyAreas(f, data, width, state.run)));
    }
    return parts;
  }

  /** Sentences about a feature in all runs. */
  function sentences(f) {
    const names = (f.disagreeing ?? []).map((at) => data.runs[at].name);
    return [
      names.length && `The fragments of ${names.length === 1 ? "one run disagree" : `${names.length} runs disagree`} with this spectrum: ${names.join(", ")}.`,
      f.above_blank === false && (f.blank_ratio == null ? "Only blanks show it." : `It is not above the blanks: the largest of them has ${percent(Math.min(f.blank_ratio, 99))} of the median of the samples.`),
    ].filter(Boolean).map((text) => element("p", { className: "warning" }, text));
  }

  function drawOpened() {
    const f = data.byId.get(state.id);
    if (!f) return;
    const section = document.getElementById("feature");
    const width = Math.max(300, Math.min(820, section.clientWidth > 1150 ? section.clientWidth / 2 - 20 : section.clientWidth));
    drawFeature(f, data, { width, sentences: sentences(f), figures: ofRuns(f, width) });
  }

  function open(id) {
    if (!data.byId.has(id)) return;
    state.id = id;
    table.mark(id);
    drawOpened();
    history.replaceState(null, "", `#${id}`);
    const section = document.getElementById("feature");
    if (state.drawnBefore && section.getBoundingClientRect().top > innerHeight * 0.8) section.scrollIntoView({ block: "end" });
    state.drawnBefore = true;
  }

  drawStatic();
  drawRuns();
  const table = studyTable(data, open);
  open(Number(location.hash.slice(1)) || table.first());

  let waiting;
  let drawn = innerWidth;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (innerWidth === drawn) return;
      drawn = innerWidth;
      drawRuns();
      table.layOut();
      drawOpened();
    }, 200);
  });
  addEventListener("hashchange", () => open(Number(location.hash.slice(1))));
})();
