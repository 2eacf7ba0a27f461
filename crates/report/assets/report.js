// Puts the page together.
"use strict";

(() => {
  // What goes wrong is said on the page, where somebody can tell us.
  addEventListener("error", (event) => {
    document.getElementById("feature").replaceChildren(element("p", { className: "warning" }, `The script of this page failed: ${event.message}`));
  });

  const data = readData();
  let current = null;
  // The page opens at its head; later the feature that was asked for comes into view.
  let drawnBefore = false;

  function open(id) {
    if (!data.byId.has(id)) return;
    current = id;
    list.mark(id);
    drawFeature(data.byId.get(id), data);
    const section = document.getElementById("feature");
    const { top } = section.getBoundingClientRect();
    if (drawnBefore && (top < 0 || top > innerHeight / 2)) section.scrollIntoView();
    drawnBefore = true;
    history.replaceState(null, "", `#${id}`);
  }

  function drawOverview() {
    const width = document.getElementById("totals").clientWidth;
    const windows = windowsChart(data.run.channels, width);
    document.getElementById("totals").replaceChildren(...(data.totals.length ? [totalsChart(data.totals, width)] : []));
    document.getElementById("windows").replaceChildren(...(windows ? [windows] : []));
    document.getElementById("windows").parentElement.hidden = !windows;
  }

  drawOverview();
  const list = compoundTable(data, open);
  open(Number(location.hash.slice(1)) || list.first());

  let waiting;
  let drawn = innerWidth;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (innerWidth === drawn) return;
      drawn = innerWidth;
      drawOverview();
      if (current != null) drawFeature(data.byId.get(current), data);
    }, 200);
  });
  addEventListener("hashchange", () => open(Number(location.hash.slice(1))));
})();
