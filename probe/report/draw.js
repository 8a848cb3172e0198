"use strict";
(async function () {
  // The page's policy names the hash of the unpacked library, so nothing else could be run in its place.
  async function unpack(text) {
    const plain = atob(text);
    const bytes = new Uint8Array(plain.length);
    for (let i = 0; i < plain.length; i++) bytes[i] = plain.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  }
  // What stands in the window comes first; the library is large, and a first screen of words does not need it.
  await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
  document.body.dataset.readable = String(performance.now());
  const library = document.createElement("script");
  library.textContent = await unpack(document.getElementById("plotly-packed").textContent);
  document.head.append(library);
  const figures = JSON.parse(await unpack(document.getElementById("figures-packed").textContent));

  // A figure is drawn when it comes near the window: a page of many models opens as fast as one of one model.
  const drawn = new Set();
  function draw(target) {
    if (drawn.has(target)) return;
    drawn.add(target);
    const figure = figures[target.id];
    Plotly.newPlot(target, figure.data, figure.layout, { responsive: true, displayModeBar: false });
  }
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => { near.unobserve(one.target); draw(one.target); }),
    { rootMargin: "1000px 0px" },
  );
  const targets = [...document.querySelectorAll(".plot")];
  targets.forEach((target) => near.observe(target));
  requestAnimationFrame(() => setTimeout(() => { document.body.dataset.ready = String(performance.now()); }));

  const opened = [];
  addEventListener("beforeprint", function () {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
    targets.forEach(draw);
    for (const target of targets) Plotly.relayout(target, { width: 640 });
  });
  addEventListener("afterprint", function () {
    while (opened.length) opened.pop().open = false;
    for (const target of targets) Plotly.relayout(target, { width: null, autosize: true });
  });
})();
