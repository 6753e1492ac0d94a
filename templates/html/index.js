// The story: picker, compare-two, and the state in the address. What it prints, the analysis wrote into the page's data.
(() => {
  const data = JSON.parse(document.getElementById("story-data").textContent);
  const networks = data.networks.map((name) => data.by_network?.[name]);
  for (const element of all("[data-v]")) element.dataset.variant = data.labels[element.dataset.v];
  const SVG = "http://www.w3.org/2000/svg";
  const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "other";
  const decimal = (value, digits, signed = false) => {
    const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return /[1-9]/.test(text) ? (value < 0 ? "−" : signed ? "+" : "") + text : text;
  };
  const size = (bytes) => (bytes == null ? "–" : `${decimal(bytes / 1000, 1)} kB`);
  const inBudget = (bytes) => `${(bytes / 1000).toLocaleString("en-US", { maximumFractionDigits: 3 })} kB`;
  const withUnit = (text, unit) => (unit ? (unit === "%" ? `${text}%` : `${text} ${unit}`) : text);
  const isNumber = (value) => value !== null && value !== undefined;

  // What the reader chose; null is what the page says without a choice.
  const state = { network: 0, budget: null, floor: null, a: null, b: null };
  const facts = () => networks[state.network];
  const labels = () => facts()?.pairs?.labels ?? [];
  const side = (letter) => (labels().includes(state[letter]) ? state[letter] : facts()?.[letter] ?? null);
  const budget = () => state.budget ?? facts()?.budget?.bytes ?? null;
  const floor = () => state.floor ?? facts()?.floor?.level ?? null;
  const ofNetwork = (selector, index = state.network) => all(`:is(.of-network[data-network="${index}"], .figure:not(.of-network)) ${selector}`);

  // The address: "#anchor&network=...&a=...", each part only if it is not the default.
  function parameters() {
    const chosen = new URLSearchParams();
    if (state.network) chosen.set("network", data.networks[state.network]);
    for (const key of ["budget", "floor", "a", "b"]) if (state[key] !== null) chosen.set(key, state[key]);
    return chosen.toString();
  }
  function read() {
    const parts = location.hash.slice(1).split("&");
    const anchor = parts[0].includes("=") ? "" : parts.shift();
    const chosen = new URLSearchParams(parts.join("&"));
    const number = (key) => { const value = chosen.get(key); return value && Number.isFinite(Number(value)) ? Number(value) : null; };
    state.network = Math.max(data.networks.indexOf(chosen.get("network")), 0);
    for (const letter of ["a", "b"]) state[letter] = labels().includes(chosen.get(letter)) ? chosen.get(letter) : null;
    if (side("a") === side("b")) state.a = state.b = null;
    state.budget = number("budget") === null ? null : limited(number("budget"));
    state.floor = number("floor");
    return anchor;
  }
  function write(anchor = "", replace = false) {
    const hash = [anchor, parameters()].filter(Boolean).join("&");
    history[replace ? "replaceState" : "pushState"](null, "", hash ? `#${hash}` : location.pathname + location.search);
  }
  const change = (changes, replace = false, typing = null) => { Object.assign(state, changes); write("", replace); show(typing); };

  // Cards: the last step whose limit is met.
  const step = (steps, limit) => (limit === null ? null : (steps ?? []).findLast(([start]) => start <= limit)?.[1] ?? null);
  const complete = (card) => card && { ...facts().methods[card.method], ...card };
  const cardAt = (name, limit) => complete(step(facts().cards[name], limit));
  const chip = (word) => make("span", { class: `verdict verdict-${slug(word.split(":")[0])}` }, word);
  function fillCard(element, card, limit, after) {
    const fill = (name, content) => { for (const place of all(`[data-fill="${name}"]`, element)) place.replaceChildren(content ?? ""); };
    if (limit) fill("limit", limit);
    element.querySelector(".card-none").hidden = Boolean(card);
    element.querySelector(".card-body").hidden = !card || Boolean(after);
    element.querySelector(".card-again").hidden = !after;
    fill("after", after);
    element.className = `answer-card family-${card ? slug(card.family) : "other"}`;
    if (!card) return;
    for (const name of ["title", "ratio", "size", "difference", "interval", "against", "level", "original", "ties", "confidence", "note"]) fill(name, card[name]);
    fill("word", card.word ? chip(card.word) : "");
    fill("inside-word", card.inside ? chip(card.inside.word) : "");
    fill("inside-text", card.inside?.text);
  }
  const levelText = (level) => `${decimal(level, data.digits)}${data.level_unit ?? ""}`;
  const floorText = (level) => `${decimal(level, data.digits)}${data.floor_unit ?? data.level_unit ?? ""}`;
  function showCards() {
    // A method has its numbers on one card; those behind it name that card.
    const own = facts(), limits = { budget: budget() === null ? "" : inBudget(budget()), floor: floor() === null ? "" : floorText(floor()) };
    const cards = { budget: cardAt("budget", budget()), margin: complete(own.cards.margin), floor: cardAt("floor", floor()) };
    const names = Object.keys(cards), holders = names.map((name) => cards[name]?.method);
    for (const element of ofNetwork("[data-card]")) {
      const name = element.dataset.card, holder = cards[name] ? holders.indexOf(cards[name].method) : -1;
      fillCard(element, cards[name], limits[name] ?? "", holder >= 0 && holder < names.indexOf(name) ? ["first", "second"][holder] : "");
    }
  }

  // The picker: a slider in equal ratios, kilobytes, times smaller, and presets.
  const picker = document.getElementById("picker-form").content.firstElementChild;
  const ends = () => { const { least, most } = facts().budget; return [Math.max(least, 1), Math.max(most, least, 1)]; };
  const limited = (bytes) => Math.round(Math.min(Math.max(bytes, 1), facts()?.budget?.most ?? bytes));
  function showPicker(typing = null) { // what is being typed stays as it is
    const own = facts(), shown = Boolean(own?.budget?.bytes && labels().length);
    picker.hidden = !shown;
    if (!shown) return;
    const { slide, kilobytes, times, level } = picker.elements, [least, most] = ends(), bytes = budget();
    slide.value = most > least ? Math.round(1000 * Math.log(bytes / least) / Math.log(most / least)) : 1000;
    slide.setAttribute("aria-valuetext", `${size(bytes)}, ${decimal(own.original_bytes / bytes, 1)} times smaller`);
    if (typing !== kilobytes) kilobytes.value = Number((bytes / 1000).toPrecision(4));
    if (typing !== times) times.value = Number((own.original_bytes / bytes).toPrecision(3));
    picker.querySelector(".floor").hidden = floor() === null;
    if (floor() !== null && typing !== level) level.value = floor();
    picker.querySelector(".level-unit").textContent = (data.floor_unit ?? data.level_unit ?? "").trim();
    picker.querySelector(".presets").replaceChildren(...(own.budget.presets ?? []).map(([label, limit]) => {
      const button = make("button", { type: "button", "aria-pressed": String(limit === bytes) }, label);
      button.addEventListener("click", () => { change({ budget: limited(limit) }); tell(); });
      return button;
    }));
  }
  function tell() {
    const card = cardAt("budget", budget());
    picker.querySelector("output").textContent = card
      ? `${data.leader ?? "Most accurate"} within ${inBudget(budget())}: ${card.title}, ${card.difference}, ${card.word}.` : `No method fits ${inBudget(budget())}.`;
  }
  const typed = (field) => (field.value.trim() !== "" && Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null);
  picker.addEventListener("submit", (event) => event.preventDefault());
  let going = false; // a slide or a number in the typing is one step back
  picker.addEventListener("input", ({ target }) => {
    const [least, most] = ends(), value = typed(target);
    if (value === null || (["kilobytes", "times"].includes(target.name) && value <= 0)) return;
    const changes = {
      slide: { budget: limited(least * (most / least) ** (value / 1000)) },
      kilobytes: { budget: limited(value * 1000) },
      times: { budget: limited(facts().original_bytes / value) },
      level: { floor: value },
    }[target.name];
    change(changes, going, target);
    going = true;
  });
  picker.addEventListener("change", () => { going = false; showPicker(); tell(); });

  // The pair: A less B, of every pair that the analysis compared; each is stored once, and turned for the other order.
  const form = document.getElementById("pair-form").content.firstElementChild;
  const turned = (row, swapped) => (row && swapped ? [row[0], ...row.slice(1).reverse()].map((number) => (isNumber(number) ? -number : number)) : row ?? [null]);
  // Numbers as the page holds them, in units of the last digit: Base64 VLQ, whose minus zero is a number that is missing.
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  function whole(text) {
    const numbers = [];
    let number = 0, place = 1;
    for (const letter of text) {
      const digit = LETTERS.indexOf(letter);
      number += (digit % 32) * place;
      place *= 32;
      if (digit >= 32) continue;
      numbers.push(number === 1 ? null : number % 2 ? (1 - number) / 2 : number / 2);
      number = 0;
      place = 1;
    }
    return numbers;
  }
  const scaled = (numbers, digits) => numbers.map((number) => (isNumber(number) ? number / 10 ** digits : null));
  const interval = ([value, reach, slant], digits) => // the value, its distance to the lower end, and how much further the upper one is
    scaled(isNumber(reach) && isNumber(slant) ? [value, value - reach, value + reach + slant] : [value, null, null], digits);
  const rows = (numbers, length) => Array.from({ length: numbers.length / length }, (_, index) => numbers.slice(length * index, length * (index + 1)));
  const decoded = new Map(); // numbers by their text, since each network has its own
  function part(text, length, index, count) { // the numbers of one pair, in rows
    if (!decoded.has(text)) decoded.set(text, whole(text ?? ""));
    const numbers = decoded.get(text), size = numbers.length / count;
    return rows(numbers.slice(size * index, size * (index + 1)), length);
  }
  function pair(a, b) {
    const { pairs } = facts(), count = pairs.labels.length;
    const [i, j] = [pairs.labels.indexOf(a), pairs.labels.indexOf(b)], swapped = i > j;
    const [first, second] = swapped ? [j, i] : [i, j];
    const index = first * count - first * (first + 1) / 2 + second - first - 1;
    const of = (name, length) => part(pairs[name], length, index, count * (count - 1) / 2);
    const intervals = (name, digits) => of(name, 3).map((row) => turned(interval(row, digits), swapped));
    const alone = of("answers", 1).map(([number]) => number);
    return {
      difference: intervals("difference", data.digits)[0],
      seeds: of("seeds", 1).map((row) => turned(scaled(row, data.digits), swapped)),
      blocks: intervals("blocks", 2),
      classes: intervals("classes", 1),
      answers: scaled(swapped ? alone.reverse() : alone, 1),
    };
  }
  const printed = ([value, low, high], digits) => {
    if (!isNumber(value)) return "–";
    const text = decimal(value, digits, true);
    return isNumber(low) && isNumber(high) ? `${text} [${decimal(low, digits, true)}, ${decimal(high, digits, true)}]` : text;
  };
  const drawn = (tag, attributes) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  function axis(row, most) {
    const [value, low, high] = row.map((number) => (isNumber(number) ? `${Math.round(10 * (50 + 46 * number / most)) / 10}%` : null));
    const svg = drawn("svg", { "aria-hidden": "true", focusable: "false" });
    svg.append(drawn("line", { class: "zero", x1: "50%", x2: "50%", y1: "0", y2: "100%" }));
    if (low && high) svg.append(drawn("line", { class: "span", x1: low, x2: high, y1: "50%", y2: "50%" }));
    if (value) svg.append(drawn("circle", { cx: value, cy: "50%", r: 4 }));
    return svg;
  }
  function fillStrip(element, names, rows, digits) {
    const most = Math.max(...rows.flat().filter(isNumber).map(Math.abs), 0) || 1;
    element.hidden = !rows.length;
    element.querySelector("tbody").replaceChildren(...rows.map((row, index) => make("tr", {},
      make("th", { scope: "row" }, names[index]),
      make("td", { class: "axis" }, axis(row, most)),
      make("td", { class: "figures" }, printed(row, digits)))));
  }
  const level = (label) => { const row = facts().level[label]; return isNumber(row?.[0]) ? levelText(row[0]) : "–"; };
  function showPanel() {
    const [panel] = ofNetwork(".panel"), [a, b] = [side("a"), side("b")];
    if (!panel || !a || !b) return;
    const numbers = pair(a, b), own = facts(), digits = data.digits;
    for (const [letter, label] of [["a", a], ["b", b]]) {
      const place = panel.querySelector(`.member-${letter}`), { title, family } = data.variants[label];
      place.querySelector(".title").textContent = title;
      place.querySelector(".marker").className = `marker family-${slug(family)}`;
    }
    const fill = (name, text) => { panel.querySelector(`[data-fill="${name}"]`).textContent = text; };
    const difference = `${printed(numbers.difference, digits)} ${data.unit}`.trim();
    fill("difference", difference);
    fill("levels", `A ${level(a)}, B ${level(b)}`);
    fill("sizes", `A ${size(own.bytes[a])}, B ${size(own.bytes[b])}`);
    const [onlyA, onlyB] = numbers.answers, answered = isNumber(onlyA) && isNumber(onlyB);
    panel.querySelector('[data-fill="answers"]').parentElement.hidden = !answered;
    fill("answers", answered ? `${decimal(onlyA, 1)} only A, ${decimal(onlyB, 1)} only B, of ${decimal(own.pairs.images, 0)}` : "");
    const strip = (name) => panel.querySelector(`[data-strip="${name}"]`);
    fillStrip(strip("seeds"), data.seeds.map((seed) => `Seed ${seed}`), numbers.seeds, digits);
    fillStrip(strip("blocks"), own.blocks, numbers.blocks, 2);
    fillStrip(strip("classes"), own.classes, numbers.classes, 1);
    form.querySelector("output").textContent = difference;
  }
  function showForm() {
    form.hidden = labels().length < 2;
    for (const letter of ["a", "b"]) {
      const list = form.elements[letter];
      if (list.dataset.network !== String(state.network)) {
        list.replaceChildren(...labels().map((label) => make("option", { value: label }, data.variants[label].title)));
        list.dataset.network = state.network;
      }
      list.value = side(letter) ?? "";
    }
    form.elements.clear.hidden = state.a === null && state.b === null;
  }
  const choose = (label, letter = form.elements.slot.value) => {
    const other = letter === "a" ? "b" : "a";
    if (!labels().includes(label) || label === side(letter)) return;
    change({ [letter]: label, [other]: label === side(other) ? side(letter) : state[other] });
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => { if (target.tagName === "SELECT") choose(target.value, target.name); });
  form.elements.swap.addEventListener("click", () => change({ a: side("b"), b: side("a") }));
  form.elements.clear.addEventListener("click", () => change({ a: null, b: null }));

  // Marks and rows of what can be compared. A and B stand out in every figure, the rest steps back after a choice.
  const choosable = new Map(networks.map((own, index) => [index,
    ofNetwork("[data-variant]", index).filter((element) => own?.pairs?.labels?.includes(element.dataset.variant))]));
  function highlight() {
    const [a, b] = [side("a"), side("b")], chosen = state.a !== null || state.b !== null;
    document.body.classList.toggle("chosen", chosen);
    for (const element of ofNetwork("[data-variant]")) {
      const { variant } = element.dataset, picked = variant === a || variant === b;
      element.classList.toggle("is-a", variant === a);
      element.classList.toggle("is-b", variant === b);
      if (element.getAttribute("role") === "button") element.setAttribute("aria-pressed", String(picked));
    }
  }
  // A mark is a point, or a line through several blocks; a press chooses the one that it is nearest to.
  const isLine = (mark) => mark.closest('[data-tools="threads"], [data-tools="hurt"]') !== null; // or dots all over
  function places(mark) { // in pixels of the window
    const middle = (box) => ({ x: box.left + box.width / 2, y: box.top + box.height / 2 });
    if (mark.closest('[data-tools="hurt"]')) return all("use", mark).map((dot) => middle(dot.getBoundingClientRect()));
    const line = isLine(mark) && mark.querySelector("path:not(.target)");
    if (line?.getTotalLength) {
      const [matrix, length] = [line.getScreenCTM(), line.getTotalLength()];
      return Array.from({ length: 41 }, (_, index) => line.getPointAtLength(length * index / 40).matrixTransform(matrix));
    }
    return [middle(spot(mark).getBoundingClientRect())];
  }
  function near(drawing, { target, clientX, clientY }) {
    const direct = target.closest(".mark[data-variant]");
    if (direct && !direct.matches("[tabindex]")) return direct; // a name in the drawing
    const away = (mark) => Math.min(...places(mark).map(({ x, y }) => Math.hypot(x - clientX, y - clientY)));
    const [best] = all(".mark[tabindex][data-variant]", drawing).map((mark) => [away(mark), mark]).sort(([one], [other]) => one - other);
    return best?.[0] <= 14 ? best[1] : direct;
  }
  const boxes = new Map();
  function boxOf(mark) { // in the drawing's units; of its marker, if it has one
    const box = spot(mark).getBoundingClientRect(), turn = mark.getScreenCTM().inverse();
    const [from, to] = [[box.left, box.top], [box.right, box.bottom]].map(([x, y]) => new DOMPoint(x, y).matrixTransform(turn));
    return { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y };
  }
  function widen(mark, radius) { // to 24 pixels at any zoom
    let target = mark.querySelector(".target");
    if (!target) mark.prepend(target = drawn(isLine(mark) ? "rect" : "circle", { class: "target" }));
    const { x, y, width, height } = boxes.get(mark), [wide, tall] = [Math.max(width, 2 * radius), Math.max(height, 2 * radius)];
    const shape = isLine(mark) ? { x: x + (width - wide) / 2, y: y + (height - tall) / 2, width: wide, height: tall }
      : { cx: x + width / 2, cy: y + height / 2, r: radius };
    for (const [name, value] of Object.entries(shape)) target.setAttribute(name, value);
  }
  for (const marks of choosable.values()) {
    for (const element of marks) {
      if (element.matches("svg .mark[tabindex]")) {
        element.setAttribute("role", "button");
        const drawing = element.closest(".drawing");
        drawing.setAttribute("role", "toolbar");
        drawing.classList.add("choosing");
      } else if (element.matches("tr[data-variant]")) {
        const [head] = element.cells, button = make("button", { type: "button", class: "pick" });
        button.append(...head.childNodes);
        button.addEventListener("click", () => choose(element.dataset.variant));
        head.append(button);
      }
    }
  }
  const widths = new Map();
  function widenShown() { // a drawing that is not shown has no boxes
    for (const drawing of all(".drawing.choosing")) {
      const svg = drawing.querySelector("svg"), { width } = svg.getBoundingClientRect();
      if (!width || widths.get(drawing) === width) continue;
      widths.set(drawing, width);
      const marks = all(".mark[tabindex]", drawing);
      for (const mark of marks) if (!boxes.has(mark)) boxes.set(mark, boxOf(mark));
      for (const mark of marks) widen(mark, 12.1 * svg.viewBox.baseVal.width / width);
    }
  }
  for (const drawing of all(".drawing.choosing")) {
    drawing.addEventListener("click", (event) => { const mark = near(drawing, event); if (mark) choose(mark.dataset.variant); });
    drawing.addEventListener("keydown", (event) => {
      const mark = event.target.closest(".mark[data-variant]");
      if (!mark || event.altKey || event.ctrlKey || event.metaKey) return;
      const letter = { Enter: form.elements.slot.value, " ": form.elements.slot.value, a: "a", b: "b" }[event.key];
      if (!letter) return;
      event.preventDefault();
      choose(mark.dataset.variant, letter);
    });
  }

  // Everything at once.
  function show(typing = null) {
    const radio = document.getElementById(`network-${state.network}`);
    if (radio) radio.checked = true;
    if (facts()) { showCards(); showPanel(); }
    showPicker(typing);
    showForm();
    highlight();
    widenShown();
  }
  for (const radio of all('input[name="network"]')) {
    radio.addEventListener("change", () => change({ network: Number(radio.value), budget: null, floor: null }));
  }
  const restore = () => {
    const anchor = read();
    show();
    if (anchor && parameters()) document.getElementById(anchor)?.scrollIntoView();
  };
  addEventListener("popstate", restore);
  addEventListener("hashchange", restore);
  addEventListener("resize", widenShown);
  document.addEventListener("click", (event) => { // a link within the page keeps what was chosen
    const link = event.target.closest('a[href^="#"]'), target = link && document.getElementById(link.hash.slice(1));
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey || !parameters()) return;
    event.preventDefault();
    write(target.id);
    target.scrollIntoView();
    if (!target.matches(":any-link, button, input, select, [tabindex]")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  });
  document.getElementById("picker").append(picker);
  document.getElementById("pair").append(form);
  restore();

  // Cite copies the entry.
  for (const button of all("[data-copies]")) {
    button.addEventListener("click", async (event) => {
      const source = document.getElementById(button.dataset.copies);
      event.preventDefault();
      event.stopPropagation();
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
      } catch { // not allowed: the selected text is one key away from being copied
        getSelection().selectAllChildren(source);
        if (!document.execCommand("copy")) { source.scrollIntoView(); return; }
      }
      const before = button.dataset.says ??= button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, 2000);
    });
  }
})();
