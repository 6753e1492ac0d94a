"use strict";
// Everything here is an addition: without it the page is complete.
(() => {
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Light, dark, or what the system says.
  const remember = {
    get() { try { return localStorage.getItem("innards-theme"); } catch { return null; } },
    set(theme) { try { localStorage.setItem("innards-theme", theme); } catch { /* not kept */ } },
  };
  const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = () => (document.documentElement.dataset.theme || (systemIsDark() ? "dark" : "light")) === "dark";
  const kept = remember.get();
  if (kept) document.documentElement.dataset.theme = kept;
  const themeButton = make("button", { type: "button", class: "theme" });
  const nameTheme = () => { themeButton.textContent = isDark() ? "Light page" : "Dark page"; };
  themeButton.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    remember.set(theme);
    nameTheme();
  });
  nameTheme();
  document.querySelector(".masthead").prepend(themeButton);

  // What a point is, at the pointer or the focus.
  const tip = make("div", { class: "tip", role: "status", hidden: "" });
  document.body.append(tip);
  const showTip = (mark) => {
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const at = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - own.width / 2), innerWidth - own.width - 8);
    const above = at.top - own.height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : at.bottom + 8}px`;
  };
  const hideTip = () => { tip.hidden = true; };
  for (const mark of all(".mark[aria-label]")) {
    mark.addEventListener("pointerenter", () => showTip(mark));
    mark.addEventListener("pointerleave", hideTip);
    mark.addEventListener("focus", () => showTip(mark));
    mark.addEventListener("blur", hideTip);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
  addEventListener("scroll", () => { // a focus that scrolls to its point keeps the words beside it
    const focused = document.activeElement;
    if (!tip.hidden && focused.matches(".mark[aria-label]")) showTip(focused);
    else hideTip();
  }, { passive: true });

  // A budget, and which models and families to look at.
  const inKilobytes = (size) => size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2);
  for (const figure of all('figure[data-tools="footprint"]')) {
    const marks = all(".mark[data-variant]", figure);
    const points = all(".drawing.wide .mark[data-size]", figure).map(({ dataset }) => dataset);
    const methods = points.filter(({ family }) => family !== "control" && family !== "original");
    if (!methods.length) continue;
    const models = [...new Set(points.map(({ model }) => model))];
    const families = [...new Set(methods.map(({ family }) => family))];
    const sizes = points.map(({ size }) => Math.log(Number(size)));
    const least = Math.min(...sizes) - 0.05, most = Math.max(...sizes) + 0.05;

    const slider = make("input", { type: "range", min: "0", max: "1000", value: "1000" });
    const amount = make("span");
    const answer = make("output", { "aria-live": "polite" });
    const chosen = (name, values) => {
      const boxes = values.map((value) => make("input", { type: "checkbox", value, checked: "" }));
      const field = make("fieldset", {}, make("legend", {}, name),
        ...boxes.map((box) => make("label", {}, box, box.value)));
      return { field, has: (value) => boxes.some((box) => box.checked && box.value === value) };
    };
    const modelChoice = chosen("Models", models), familyChoice = chosen("Families", families);
    const tools = make("div", { class: "tools" },
      make("label", {}, "My budget is ", slider, amount),
      ...(models.length > 1 ? [modelChoice.field] : []),
      ...(families.length > 1 ? [familyChoice.field] : []), answer);
    figure.querySelector("h3").after(tools);

    const isKept = ({ model, family }) => modelChoice.has(model) && (!families.includes(family) || familyChoice.has(family));
    const drawLimit = (panel, limit) => {
      const drawing = panel.ownerSVGElement;
      const { low, high } = panel.dataset, box = panel.getBBox();
      let line = drawing.querySelector(`.budget-line[data-panel="${CSS.escape(panel.dataset.panel)}"]`);
      if (!line) {
        line = document.createElementNS("http://www.w3.org/2000/svg", "line");
        line.setAttribute("class", "budget-line");
        line.dataset.panel = panel.dataset.panel;
        drawing.append(line);
      }
      const share = (Math.log(limit) - Math.log(low)) / (Math.log(high) - Math.log(low));
      line.style.display = share < 0 || share > 1 ? "none" : "";
      if (Number.isFinite(share)) for (const [name, value] of Object.entries({ x1: box.x + share * box.width, x2: box.x + share * box.width, y1: box.y, y2: box.y + box.height })) {
        line.setAttribute(name, value);
      }
    };
    const update = () => {
      const atEnd = slider.value === slider.max;
      const limit = Math.exp(least + (most - least) * slider.value / slider.max);
      amount.textContent = atEnd ? " any size" : ` ${inKilobytes(limit)} kB`;
      slider.setAttribute("aria-valuetext", amount.textContent.trim());
      const sizeOf = Object.fromEntries(points.map(({ model, variant, size }) => [`${model}\n${variant}`, Number(size)]));
      for (const mark of marks) {
        const size = sizeOf[`${mark.dataset.model}\n${mark.dataset.variant}`];
        mark.classList.toggle("dim", !isKept(mark.dataset) || (!atEnd && size > limit));
      }
      for (const panel of all(".mark[data-panel]", figure)) if (panel.getBoundingClientRect().width) drawLimit(panel, atEnd ? Infinity : limit);
      answer.textContent = models.filter(modelChoice.has).map((model) => {
        const fitting = methods.filter((point) => point.model === model && isKept(point) && (atEnd || Number(point.size) <= limit));
        if (!fitting.length) return `${model}: nothing fits.`;
        const most = Math.max(...fitting.map(({ seeds }) => Number(seeds))); // one lucky seed must not lead
        const full = fitting.filter(({ seeds }) => 2 * seeds >= most && seeds >= Math.min(most, 2));
        const best = full.reduce((a, b) => Number(b.top1) > Number(a.top1) ? b : a);
        return `${model}: ${best.title}, ${best.level} at ${inKilobytes(Number(best.size))} kB.`;
      }).join(" ");
    };
    tools.addEventListener("input", update);
    addEventListener("resize", update);
    update();
  }

  // Tables sort within their groups, and filter.
  for (const table of all(".table table")) {
    const rows = all("tbody tr:not(.group)", table);
    if (rows.length < 3) continue;
    all("thead th", table).forEach((head, column) => {
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", direction);
        for (const body of table.tBodies) sortBody(body, column, direction === "ascending" ? 1 : -1);
      });
    });
    if (rows.length > 8) addFilter(table, rows);
  }
  function sortBody(body, column, sign) {
    const valueOf = (row) => {
      const cell = row.cells[column];
      return cell.dataset.sort !== undefined ? Number(cell.dataset.sort)
        : cell.classList.contains("figures") ? NaN : cell.textContent.trim();
    };
    const rows = all("tr:not(.group)", body);
    rows.sort((a, b) => {
      const [x, y] = [valueOf(a), valueOf(b)];
      if (typeof x === "number" && typeof y === "number") return (Number.isNaN(x) - Number.isNaN(y)) || sign * (x - y);
      return sign * String(x).localeCompare(String(y), undefined, { numeric: true });
    });
    body.append(...rows);
  }
  function addFilter(table, rows) {
    const figure = table.closest("figure");
    const field = make("input", { type: "search", class: "filter", placeholder: "Filter rows", "aria-label": `Filter ${figure.querySelector("h3").firstChild.textContent}` });
    table.closest(".scroll").before(field);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = `${row.textContent} ${Object.values(row.dataset).join(" ")}`.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      for (const body of table.tBodies) {
        const group = body.querySelector(".group");
        if (group) group.hidden = all("tr:not(.group)", body).every((row) => row.hidden);
      }
    });
  }

  // Pictures of a gallery, as large as the window.
  for (const figure of all('figure[data-tools="gallery"]')) {
    const title = figure.querySelector("h3").firstChild.textContent;
    const close = make("button", { type: "button", class: "enlarge" }, "Close");
    const dialog = make("dialog", { class: "large", "aria-label": title }, make("p", { class: "large-title" }, title), close);
    const open = make("button", { type: "button", class: "enlarge", "aria-label": `Enlarge: ${title}` }, "Enlarge");
    const enlarge = () => {
      if (!dialog.querySelector("svg")) dialog.append(figure.querySelector(".drawing.wide svg").cloneNode(true));
      dialog.showModal();
    };
    open.addEventListener("click", enlarge);
    for (const drawing of all(".drawing", figure)) drawing.addEventListener("click", enlarge);
    for (const leave of [close, dialog]) leave.addEventListener("click", () => dialog.close());
    figure.querySelector("figcaption").before(open);
    figure.append(dialog);
    figure.dataset.enlarges = "";
  }

  // Where the reader is.
  const links = new Map(all(".contents a").map((link) => [link.getAttribute("href").slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  for (const id of links.keys()) { const target = document.getElementById(id); if (target) watcher.observe(target); }

  // Galleries that nobody came near are drawn when there is nothing else to do.
  const quiet = () => document.documentElement.classList.add("quiet");
  addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(quiet));

  // A link into a folded table opens it; so does printing.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (const fold of target ? all("details", target) : []) fold.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => { for (const fold of all("details")) fold.open = true; });
})();
