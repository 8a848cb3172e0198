"use strict";
(function () {
  const root = document.getElementById("browser");
  if (!root) return;
  const SHOWN = 200;
  const FLIP = 0.05;

  function decode(text, kind) {
    return new kind(unpacking.bytes(text).buffer);
  }
  function make(tag, text, attributes) {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    return node;
  }
  const percent = (p) => (p < 0.001 ? "<0.001" : p.toFixed(3));
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));

  let data = null;
  let open = null;
  const field = (name) => document.getElementById("browser-" + name);
  const list = field("list");
  const shown = field("shown");
  const count = field("count");

  function cells(model, item) {
    const width = data.variants.length;
    const found = [];
    for (let v = 0; v < width; v++) {
      const z = model.z[item * width + v];
      if (Number.isNaN(z)) continue;
      const at = item * width + v;
      found.push({ v, z, p: sigmoid(z), mass: model.mass[at], neutral: model.neutral[at] || 0, labels: model.labels[model.label[at]], top: model.tops[model.top[at]] });
    }
    return found;
  }
  function flips(read) {
    const counted = read.filter((c) => Math.abs(c.p - 0.5) > FLIP);
    const positive = counted.filter((c) => c.z > 0).length;
    return counted.length ? Math.min(positive, counted.length - positive) / counted.length : 0;
  }
  function asked(model, item) {
    const width = data.variants.length;
    for (let at = item * width; at < (item + 1) * width; at++) if (!Number.isNaN(model.z[at])) return true;
    return false;
  }
  function weigh(model, row) {
    const read = cells(model, row.item);
    row.rate = flips(read);
    row.p = read.reduce((sum, c) => sum + c.p, 0) / read.length;
  }
  function rows() {
    const model = data.models[Number(field("model").value)];
    const words = field("search").value.toLowerCase();
    const found = [];
    data.items.forEach(([id, tradeoff, side], item) => {
      if (!asked(model, item)) return;
      if (field("tradeoff").value && field("tradeoff").value !== tradeoff) return;
      if (field("side").value && field("side").value !== side) return;
      const closed = model.closed.includes(tradeoff);
      if (field("check").value === "open" && closed) return;
      if (field("check").value === "closed" && !closed) return;
      if (words && !id.toLowerCase().includes(words)) return;
      const row = { item, id };
      // Working out every item's formats takes far longer than showing the first few; only this filter needs it.
      if (field("flip").value) {
        weigh(model, row);
        if (field("flip").value === "flips" ? row.rate === 0 : row.rate > 0) return;
      }
      found.push(row);
    });
    if (field("flip").value === "flips") found.sort((a, b) => b.rate - a.rate || a.item - b.item);
    return found;
  }
  function fill() {
    const found = rows();
    count.textContent = found.length + (found.length === 1 ? " item" : " items") + (found.length > SHOWN ? ", the first " + SHOWN + " shown" : "");
    list.replaceChildren();
    const model = data.models[Number(field("model").value)];
    for (const row of found.slice(0, SHOWN)) {
      weigh(model, row);
      const entry = make("li");
      const button = make("button", row.id, { type: "button" });
      button.append(make("span", " p " + percent(row.p) + (row.rate ? ", flips in " + Math.round(100 * row.rate) + " % of formats" : ""), { class: "quiet" }));
      button.addEventListener("click", () => choose(row.item));
      if (row.item === open) button.setAttribute("aria-current", "true");
      entry.append(button);
      list.append(entry);
    }
  }
  async function texts(model, item) {
    const [name, order] = model.prompts[data.items[item][1]];
    const pack = document.querySelector('script[data-prompts="' + name + '"]');
    return JSON.parse(await unpacking.text(pack))[order.indexOf(item)];
  }
  async function choose(item) {
    open = item;
    const model = data.models[Number(field("model").value)];
    const read = cells(model, item);
    const [id, , side, form, p1, p2] = data.items[item];
    const prompts = await texts(model, item);
    if (open !== item || model !== data.models[Number(field("model").value)]) return; // another was chosen meanwhile
    read.forEach((cell, index) => { cell.text = prompts[index]; });
    const ranked = [...read].sort((a, b) => a.z - b.z);
    shown.replaceChildren(make("h3", id, { tabindex: "-1" }), make("p", side + ", " + form + "; p is the probability of " + p1 + " against " + p2 + ". " + read.length + " formats.", { class: "intro" }));
    const sides = make("div", undefined, { class: "sides" });
    sides.append(pane(ranked[ranked.length - 1], read, [p1, p2], "first"));
    if (read.length > 1) sides.append(pane(ranked[0], read, [p1, p2], "second"));
    shown.append(sides);
    fill();
    shown.querySelector("h3").focus();
  }
  function varied(read) {
    const split = read.map((c) => data.variants[c.v].split(","));
    const moving = split[0].map((_, axis) => new Set(split.map((s) => s[axis])).size > 1);
    return (v) => data.variants[v].split(",").filter((_, axis) => moving[axis]).join(", ") || "one format";
  }
  function pane(start, read, principles, name) {
    const box = make("div", undefined, { class: "pane" });
    const label = make("label", "format ");
    const choice = make("select", undefined, { "aria-label": "format of the " + name + " prompt" });
    const named = varied(read);
    read.forEach((cell, index) => {
      const option = make("option", named(cell.v) + ": p " + percent(cell.p), { value: String(index) });
      choice.append(option);
    });
    choice.value = String(read.indexOf(start));
    label.append(choice);
    const body = make("div");
    function show() {
      const cell = read[Number(choice.value)];
      const prompt = make("pre", cell.text, { tabindex: "0" });
      prompt.append(make("mark", "▮", { title: "decision position" }));
      const table = make("dl");
      cell.labels.forEach((one, index) => {
        const p = index === 2 ? cell.neutral : (cell.mass - cell.neutral) * (index === 0 ? cell.p : 1 - cell.p);
        table.append(make("dt", one + " → " + (index === 2 ? "neutral" : principles[index])), make("dd", percent(p)));
      });
      table.append(make("dt", "all labels"), make("dd", percent(cell.mass)), make("dt", "most likely token"), make("dd", "“" + cell.top + "”"));
      body.replaceChildren(prompt, table);
    }
    choice.addEventListener("change", show);
    show();
    box.append(label, body);
    return box;
  }
  function options(select, entries) {
    for (const [value, text] of entries) select.append(make("option", text, { value }));
  }
  async function begin() {
    data = JSON.parse(await unpacking.text(document.getElementById("browser-cells")));
    for (const model of data.models) {
      model.z = decode(model.z, Float32Array);
      model.mass = decode(model.mass, Float32Array);
      model.neutral = decode(model.neutral, Float32Array);
      model.label = decode(model.label, Uint16Array);
      model.top = decode(model.top, Uint16Array);
    }
    options(field("model"), data.models.map((m, i) => [String(i), m.name]));
    options(field("tradeoff"), [["", "all trade-offs"], ...[...new Set(data.items.map((i) => i[1]))].map((t) => [t, t])]);
    options(field("side"), [["", "all sides"], ...[...new Set(data.items.map((i) => i[2]))].sort().map((s) => [s, s])]);
    for (const name of ["model", "tradeoff", "side", "check", "flip"]) field(name).addEventListener("change", fill);
    field("model").addEventListener("change", () => { if (open !== null) choose(open); });
    field("search").addEventListener("input", fill);
    root.hidden = false;
    fill();
    document.body.dataset.answers = String(performance.now());
  }
  // Thousands of cells wait until the first figures stand, or until somebody comes near.
  let begun = null;
  function once() {
    near.disconnect();
    begun = begun || begin();
    return begun;
  }
  const near = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && once(), { rootMargin: "1000px 0px" });
  near.observe(document.getElementById("items"));
  addEventListener("figures-in-view", (event) => event.detail.push(once()));
})();
