"use strict";
(async function () {
  // The page's policy names the hash of the unpacked library, so nothing else could be run in its place.
  const packed = Uint8Array.from(atob(document.getElementById("plotly-packed").textContent), (c) => c.charCodeAt(0));
  const library = document.createElement("script");
  library.textContent = await new Response(
    new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")),
  ).text();
  document.head.append(library);
  const targets = [];
  for (const source of document.querySelectorAll("script[data-figure]")) {
    const target = document.getElementById(source.dataset.figure);
    const figure = JSON.parse(source.textContent);
    Plotly.newPlot(target, figure.data, figure.layout, { responsive: true, displayModeBar: false });
    targets.push(target);
  }
  const opened = [];
  addEventListener("beforeprint", function () {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
    for (const target of targets) Plotly.relayout(target, { width: 640 });
  });
  addEventListener("afterprint", function () {
    while (opened.length) opened.pop().open = false;
    for (const target of targets) Plotly.relayout(target, { width: null, autosize: true });
  });
})();
