"use strict";
(async function () {
  // What stands in the window comes first; the library is large, and a first screen of words does not need it.
  await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
  document.body.dataset.readable = String(performance.now());
  const [code, told] = await Promise.all(
    ["plotly-packed", "figures-packed"].map((id) => unpacking.text(document.getElementById(id))),
  );
  // The page's policy names the hash of the unpacked library, so nothing else could be run in its place.
  const library = document.createElement("script");
  library.textContent = code;
  document.head.append(library);
  const figures = JSON.parse(told);

  // Figures in the window come first, then those that it comes near to, and the rest while nothing else is to be done: a
  // page of many models opens as fast as one of one model.
  const waiting = new Set(document.querySelectorAll(".plot"));
  const targets = [...waiting];
  function draw(target) {
    if (!waiting.delete(target)) return;
    const figure = figures[target.id];
    Plotly.newPlot(target, figure.data, figure.layout, { responsive: true, displayModeBar: false });
  }
  await new Promise((seen) => {
    const inside = new IntersectionObserver(function (found) {
      inside.disconnect();
      found.filter((one) => one.isIntersecting).forEach((one) => draw(one.target));
      seen();
    });
    targets.forEach((target) => inside.observe(target));
    if (!targets.length) seen();
  });
  document.body.dataset.ready = String(performance.now());
  dispatchEvent(new Event("figures-in-view"));
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => { near.unobserve(one.target); draw(one.target); }),
    { rootMargin: "1000px 0px" },
  );
  for (const target of waiting) near.observe(target);
  const whenIdle = window.requestIdleCallback || ((call) => setTimeout(call, 50));
  function drawNext() {
    const [next] = waiting;
    if (next) draw(next);
    if (waiting.size) whenIdle(drawNext);
    else document.body.dataset.drawn = String(performance.now());
  }
  whenIdle(drawNext);

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
