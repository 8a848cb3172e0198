"use strict";
(async function () {
  const targets = [...document.querySelectorAll(".plot")];
  const folded = (target) => target.closest("details:not([open])");
  // A folded figure has no width: it is drawn when it is unfolded, or printed.
  const waiting = new Set(targets.filter((target) => !folded(target)));
  const finished = new Set();
  const whenIdle = window.requestIdleCallback || ((call) => setTimeout(call, 50));
  let figures = null;
  let reading = null;

  // The library is large, and words do not need it: it is read when a figure is to be drawn.
  function library() {
    reading = reading || (async function () {
      const parts = ["plotly-packed", "figures-packed"].map((id) => unpacking.text(document.getElementById(id)));
      const [code, data] = await Promise.all(parts);
      // The page's policy names the hash of the unpacked library, so nothing else could be run instead.
      const script = document.createElement("script");
      script.textContent = code;
      document.head.append(script);
      figures = JSON.parse(data);
    })();
    return reading;
  }
  function draw(target) {
    if (finished.has(target)) return;
    finished.add(target);
    waiting.delete(target);
    const figure = figures[target.id];
    Plotly.newPlot(target, figure.data, figure.layout, { responsive: true, displayModeBar: false });
    if (!waiting.size) document.body.dataset.drawn = String(performance.now());
  }
  async function drawAll(chosen) {
    if (!chosen.length) return;
    await library();
    chosen.forEach(draw);
  }
  function inWindow() {
    return new Promise(function (found) {
      if (!targets.length) found([]);
      const seen = new IntersectionObserver(function (entries) {
        seen.disconnect();
        found(entries.filter((one) => one.isIntersecting).map((one) => one.target));
      });
      targets.forEach((target) => seen.observe(target));
    });
  }

  document.addEventListener("toggle", function (event) {
    if (event.target.open) drawAll([...event.target.querySelectorAll(".plot")].filter((target) => !folded(target)));
  }, true);

  const opened = [];
  addEventListener("beforeprint", function () {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
    if (!figures) return;  // printed before the library was read: words and tables only
    targets.forEach(draw);
    for (const target of targets) Plotly.relayout(target, { width: 640 });
  });
  addEventListener("afterprint", function () {
    while (opened.length) opened.pop().open = false;
    if (!figures) return;
    for (const target of targets) Plotly.relayout(target, { width: null, autosize: true });
  });

  // In this order: what stands in the window, the item browser, the library (from then on print has every figure), what
  // comes near the window, the rest while nothing else is to be done. A page of many models opens as fast as one of one.
  await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
  document.body.dataset.readable = String(performance.now());
  await drawAll(await inWindow());
  document.body.dataset.ready = String(performance.now());
  const begun = [];
  dispatchEvent(new CustomEvent("figures-in-view", { detail: begun }));
  await Promise.allSettled(begun);
  if (!targets.length) return;
  await library();
  document.body.dataset.printable = String(performance.now());
  const near = new IntersectionObserver(function (seen) {
    const come = seen.filter((one) => one.isIntersecting).map((one) => one.target);
    come.forEach((target) => near.unobserve(target));
    drawAll(come);
  }, { rootMargin: "1000px 0px" });
  for (const target of waiting) near.observe(target);
  whenIdle(async function next() {
    const [first] = waiting;
    if (!first) return;
    await drawAll([first]);
    whenIdle(next);
  });
})();
