// Puts the page together.
"use strict";

(() => {
  // What goes wrong is said on the page, where somebody can tell us.
  addEventListener("error", (event) => {
    document.getElementById("feature").replaceChildren(element("p", { className: "warning" }, `The script of this page failed: ${event.message}`));
  });

  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = new Map(data.features.map((f) => [f.id, f]));
  let current = null;
  // The page opens at its head; later the feature that was asked for comes into view.
  let drawnBefore = false;

  function open(id) {
    if (!byId.has(id)) return;
    current = id;
    list.mark(id);
    drawFeature(byId.get(id), data, open);
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
  const list = featureTable(data.features, open);
  open(Number(location.hash.slice(1)) || list.first());

  let waiting;
  let drawn = innerWidth;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (innerWidth === drawn) return;
      drawn = innerWidth;
      drawOverview();
      if (current != null) drawFeature(byId.get(current), data, open);
    }, 200);
  });
  addEventListener("hashchange", () => open(Number(location.hash.slice(1))));
})();
