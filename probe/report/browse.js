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
  function weighed(model, item) {
    model.known = model.known || new Map();
    if (!model.known.has(item)) {
      const read = cells(model, item);
      model.known.set(item, { rate: flips(read), p: read.reduce((sum, c) => sum + c.p, 0) / read.length });
    }
    return model.known.get(item);
  }
  // How far the models lie apart on an item, over those that were asked it.
  function apart(item) {
    const found = data.models.filter((model) => asked(model, item)).map((model) => weighed(model, item).p);
    return found.length > 1 ? Math.max(...found) - Math.min(...found) : 0;
  }
  const SORTS = {
    id: null,
    flips: (model, row) => -weighed(model, row.item).rate,
    high: (model, row) => -weighed(model, row.item).p,
    low: (model, row) => weighed(model, row.item).p,
    models: (model, row) => -apart(row.item),
  };
  // Text of each item in its first format, lower case: made when something is first looked for.
  async function indexed(model) {
    if (model.index) return model.index;
    const index = new Map();
    for (const [name, order] of Object.values(model.prompts)) {
      const found = await pack(name);
      order.forEach((item, place) => index.set(item, found[place][0].toLowerCase()));
    }
    model.index = index;
    return index;
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
      if (words && !id.toLowerCase().includes(words) && !(model.index && (model.index.get(item) || "").includes(words))) return;
      const row = { item, id };
      // Working out every item's formats takes far longer than showing the first few; only what needs it does.
      if (field("flip").value) {
        const rate = weighed(model, item).rate;
        if (field("flip").value === "flips" ? rate === 0 : rate > 0) return;
      }
      found.push(row);
    });
    const key = SORTS[field("sort").value] || (field("flip").value === "flips" ? SORTS.flips : null);
    if (key) {
      for (const row of found) row.key = key(model, row);
      found.sort((a, b) => a.key - b.key || a.item - b.item);
    }
    return found;
  }
  function fill() {
    const found = rows();
    count.textContent = found.length + (found.length === 1 ? " item" : " items") + (found.length > SHOWN ? ", the first " + SHOWN + " shown" : "");
    list.replaceChildren();
    const model = data.models[Number(field("model").value)];
    for (const row of found.slice(0, SHOWN)) {
      const { p, rate } = weighed(model, row.item);
      const entry = make("li");
      const button = make("button", row.id, { type: "button" });
      const others = field("sort").value === "models" ? ", models " + apart(row.item).toFixed(3) + " apart" : "";
      button.append(make("span", " p " + percent(p) + (rate ? ", flips in " + Math.round(100 * rate) + " % of formats" : "") + others, { class: "quiet" }));
      button.addEventListener("click", () => choose(row.item));
      if (row.item === open) button.setAttribute("aria-current", "true");
      entry.append(button);
      list.append(entry);
    }
  }
  const packs = new Map();
  function pack(name) {
    if (!packs.has(name)) {
      const element = document.querySelector('script[data-prompts="' + name + '"]');
      packs.set(name, unpacking.text(element).then(JSON.parse));
    }
    return packs.get(name);
  }
  async function texts(model, item) {
    const [name, order] = model.prompts[data.items[item][1]];
    return (await pack(name))[order.indexOf(item)];
  }
  function permalink(item) {
    const told = "#item=" + encodeURIComponent(data.items[item][0]);
    const name = data.models[Number(field("model").value)].name;
    return data.models.length > 1 ? told + "&model=" + encodeURIComponent(name) : told;
  }
  // The item that the address names, if there is one; it is opened as if it had been chosen.
  function follow() {
    if (!location.hash.startsWith("#item=")) return;
    const told = new URLSearchParams(location.hash.slice(1));
    const item = data.items.findIndex(([id]) => id === told.get("item"));
    if (item < 0) return;
    const model = data.models.findIndex((one) => (told.has("model") ? one.name === told.get("model") : asked(one, item)));
    if (model < 0 || !asked(data.models[model], item)) return;
    field("model").value = String(model);
    choose(item);
  }
  const RUNGS = [
    ["000", "the general question about such a situation"],
    ["100", "with the situation"],
    ["010", "with acts as options"],
    ["110", "with both"],
    ["111", "the choice: do instead of should"],
    ["bare", "the options alone"],
  ];
  // The cells of an item's ladder in their order, as [name, words, item]; none where it was not read.
  function ladder(model, item) {
    data.places = data.places || new Map(data.items.map(([id], place) => [id, place]));
    const [root] = data.items[item][0].split("~");
    const scenario = root.split("/").slice(0, 2).join("/");
    const roots = data.items.map(([id]) => id).filter((id) => id.endsWith("~ladder-100") && (id.split("~")[0] + "/").startsWith(scenario + "/"));
    const first = roots.includes(root + "~ladder-100") || !roots.length ? root : roots[0].split("~")[0];
    const same = { "000": scenario + "~bridge", "111": first };
    return RUNGS
      .map(([name, words]) => [name, words, [first + "~ladder-" + name, scenario + "~ladder-" + name, same[name]].map((id) => data.places.get(id)).find((place) => place !== undefined && asked(model, place))])
      .filter(([, , place]) => roots.length && place !== undefined);
  }
  function rungs(model, item) {
    const found = data.items[item][0].includes("~mate") ? [] : ladder(model, item);
    if (!found.length) return [];
    const steps = make("ol", undefined, { class: "rungs", "aria-label": "ladder of the scenario" });
    for (const [name, words, place] of found) {
      const button = make("button", name + " " + words, { type: "button" });
      button.append(make("span", " p " + percent(weighed(model, place).p), { class: "quiet" }));
      button.addEventListener("click", () => choose(place));
      if (place === item) button.setAttribute("aria-current", "true");
      const entry = make("li");
      entry.append(button);
      steps.append(entry);
    }
    return [make("p", "Ladder of the scenario; p is the mean over formats:", { class: "intro" }), steps];
  }
  // A text in its pieces, those that are a clause coloured, with its number and what it adds in figures.
  function coloured(pieces, view) {
    return pieces.map(([text, number]) => {
      if (!number) return text;
      const { step, change, words } = view.clauses[number - 1];
      const mark = make("mark", text, { class: "clause " + step, title: words });
      mark.append(make("b", " " + number + ": " + change));
      return mark;
    });
  }
  // A scenario with its clauses coloured by what each adds, and buttons that lead to it without each.
  function clauses(model, item) {
    const [root] = data.items[item][0].split("~without-");
    const view = model.clauses[root];
    if (!view) return [];
    const entries = [[root, "as it stands"], ...view.clauses.map((one) => [one.item, "without " + one.words]), [view.all, "without all of them"]];
    const list = make("ol", undefined, { class: "rungs", "aria-label": "the scenario without each of its clauses" });
    for (const [id, words] of entries) {
      const place = data.items.findIndex(([other]) => other === id);
      if (place < 0) continue;
      const button = make("button", words, { type: "button" });
      button.addEventListener("click", () => choose(place));
      if (place === item) button.setAttribute("aria-current", "true");
      const entry = make("li");
      entry.append(button);
      list.append(entry);
    }
    const box = make("div", undefined, { class: "clauses" });
    const text = make("p");
    text.append(...coloured(view.text, view));
    box.append(text);
    for (const [principle, pieces] of view.options) {
      const option = make("p", principle + ": ");
      option.append(...coloured(pieces, view));
      box.append(option);
    }
    const told = "What each clause adds to the mean log-odds, in nats, over all formats: plus towards " + view.p1 + " (green to blue), minus towards " + view.p2 + " (brown); the darker, the more: below 0.1, below 0.5, above. No colour: within the numeric floor, or never left out.";
    return [make("p", told, { class: "intro" }), box, make("p", view.together, { class: "intro" }), list];
  }
  async function choose(item) {
    open = item;
    const model = data.models[Number(field("model").value)];
    if (!asked(model, item)) {
      shown.replaceChildren(make("p", "This model was not asked " + data.items[item][0] + ".", { class: "intro" }));
      return;
    }
    const read = cells(model, item);
    const [id, , side, form, p1, p2] = data.items[item];
    const prompts = await texts(model, item);
    if (open !== item || model !== data.models[Number(field("model").value)]) return; // another was chosen meanwhile
    read.forEach((cell, index) => { cell.text = prompts[index]; });
    const address = permalink(item);
    history.replaceState(null, "", address);
    const [high, low] = nearest(read);
    shown.replaceChildren(make("h3", id, { tabindex: "-1" }), make("p", side + ", " + form + "; p is the probability of " + p1 + " against " + p2 + ". " + read.length + " formats.", { class: "intro" }), ...clauses(model, item), ...rungs(model, item));
    const sides = make("div", undefined, { class: "sides" });
    const told = make("p", undefined, { class: "intro", role: "status" });
    const panes = [pane(high, read, [p1, p2], "first")];
    if (low !== high) panes.push(pane(low, read, [p1, p2], "second"));
    function beside() {
      const [one, other] = panes.map((each) => each.cell());
      panes.forEach((each, place) => each.show(other && panes[1 - place].cell().text));
      const axes = other ? differing(one, other) : [];
      told.textContent = !other ? "" : axes.length ? "The two differ in " + axes.join(", ") + "; what differs in the text is marked." : "The same format twice.";
    }
    for (const each of panes) {
      each.choice.addEventListener("change", beside);
      sides.append(each.box);
    }
    beside();
    const link = make("p", undefined, { class: "intro" });
    link.append(make("a", "Link to this item", { href: address }));
    shown.append(told, sides, link);
    fill();
    shown.querySelector("h3").focus();
  }
  const parts = (cell) => data.variants[cell.v].split(",");
  // Axes in which two formats differ, in words.
  function differing(one, other) {
    const far = new Map(parts(other).map((part) => part.split("=")));
    return parts(one).filter((part) => far.get(part.split("=")[0]) !== part.split("=")[1]).map((part) => part.split("=")[0].replace("_", " "));
  }
  // The two formats one axis apart whose p differs most, the higher first; where none are, the highest and the lowest.
  function nearest(read) {
    const ranked = [...read].sort((a, b) => b.z - a.z);
    let best = [ranked[0], ranked[ranked.length - 1]];
    let widest = -1;
    for (const [place, one] of ranked.entries()) {
      for (const other of ranked.slice(place + 1)) {
        if (one.p - other.p > widest && differing(one, other).length === 1) {
          widest = one.p - other.p;
          best = [one, other];
        }
      }
    }
    return best;
  }
  const MOST = 4e6;
  // Which words of a text are not among those of the other, by a longest common subsequence of the two.
  function marked(text, other) {
    const [mine, theirs] = [text, other].map((one) => one.split(/(\s+)/));
    let start = 0;
    while (start < mine.length && start < theirs.length && mine[start] === theirs[start]) start++;
    let end = 0;
    while (end < mine.length - start && end < theirs.length - start && mine[mine.length - 1 - end] === theirs[theirs.length - 1 - end]) end++;
    const [a, b] = [mine.slice(start, mine.length - end), theirs.slice(start, theirs.length - end)];
    const kept = new Array(a.length).fill(false);
    if (a.length * b.length <= MOST) {
      const width = b.length + 1;
      const longest = new Uint16Array((a.length + 1) * width);
      for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
          longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
      for (let i = 0, j = 0; i < a.length && j < b.length; )
        if (a[i] === b[j]) [kept[i++], j] = [true, j + 1];
        else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
        else j++;
    }
    return mine.map((word, place) => [word, place >= start && place < mine.length - end && !kept[place - start] && /\S/.test(word)]);
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
    const cell = () => read[Number(choice.value)];
    function show(other) {
      draw(cell(), other);
    }
    function draw(cell, other) {
      const prompt = make("pre", undefined, { tabindex: "0" });
      for (const [word, differs] of other === undefined ? [[cell.text, false]] : marked(cell.text, other))
        prompt.append(differs ? make("mark", word, { class: "differs" }) : word);
      prompt.append(make("mark", "▮", { title: "decision position" }));
      const table = make("dl");
      cell.labels.forEach((one, index) => {
        const p = index === 2 ? cell.neutral : (cell.mass - cell.neutral) * (index === 0 ? cell.p : 1 - cell.p);
        table.append(make("dt", one + " → " + (index === 2 ? "neutral" : principles[index])), make("dd", percent(p)));
      });
      table.append(make("dt", "all labels"), make("dd", percent(cell.mass)), make("dt", "most likely token"), make("dd", "“" + cell.top + "”"));
      body.replaceChildren(prompt, table);
    }
    box.append(label, body);
    return { box, choice, cell, show };
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
    if (data.models.length > 1) field("sort").append(make("option", "difference between models", { value: "models" }));
    for (const name of ["model", "tradeoff", "side", "check", "flip", "sort"]) field(name).addEventListener("change", fill);
    field("model").addEventListener("change", () => { if (open !== null) choose(open); });
    field("search").addEventListener("input", look);
    field("model").addEventListener("change", look);
    root.hidden = false;
    fill();
    follow();
    document.body.dataset.answers = String(performance.now());
  }
  async function look() {
    fill();
    const model = data.models[Number(field("model").value)];
    if (!field("search").value || model.index) return;
    await indexed(model);
    fill();
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
  if (location.hash.startsWith("#item=")) once();
  addEventListener("hashchange", () => once().then(follow));
  addEventListener("figures-in-view", (event) => event.detail.push(once()));
})();
