"use strict";
// Everything here is an addition: without it the page is complete.
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

// A narrow drawing has the marks of its wide twin, and takes over what they say.
for (const narrow of all(".drawing.narrow")) {
  const said = new Map(), key = ({ dataset }) => dataset.v ?? dataset.variant;
  for (const mark of all(".drawing.wide .mark[aria-label]", narrow.parentElement)) {
    said.set(key(mark), [...(said.get(key(mark)) ?? []), mark.getAttribute("aria-label")]);
  }
  for (const mark of all(".mark.point", narrow)) {
    const words = said.get(key(mark))?.shift();
    if (!words) continue;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", words);
    narrow.setAttribute("role", "group");
  }
}
for (const mark of all(".mark[aria-label]")) mark.setAttribute("tabindex", "-1");
const spot = (mark) => { // its marker, if it has one
  const markers = all("use", mark);
  return markers.length === 1 ? markers[0] : mark;
};

// What a point is, at the pointer or the focus.
const tip = make("div", { class: "tip", role: "status", hidden: "" });
document.body.append(tip);
const showTip = (mark) => {
  tip.textContent = mark.getAttribute("aria-label");
  tip.hidden = false;
  const at = spot(mark).getBoundingClientRect(), own = tip.getBoundingClientRect();
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

// A drawing is one tab stop: left and right go through its marks in the order in which they are seen, up and down too.
for (const drawing of all(".drawing")) {
  const marks = all(".mark[tabindex]", drawing);
  if (!marks.length) continue;
  const stop = (mark) => { for (const other of marks) other.setAttribute("tabindex", other === mark ? "0" : "-1"); };
  stop(marks[0]);
  const middle = (mark) => { const box = spot(mark).getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; };
  drawing.addEventListener("focusin", (event) => { const mark = event.target.closest(".mark[tabindex]"); if (mark) stop(mark); });
  drawing.addEventListener("keydown", (event) => {
    const axis = { ArrowLeft: 0, ArrowRight: 0, ArrowUp: 1, ArrowDown: 1, Home: 0, End: 0 }[event.key];
    const mark = event.target.closest(".mark[tabindex]");
    if (axis === undefined || !mark || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const places = new Map(marks.map((other) => [other, middle(other)]));
    const order = [...marks].sort((one, other) => places.get(one)[axis] - places.get(other)[axis] || places.get(one)[1 - axis] - places.get(other)[1 - axis]);
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const index = step ? order.indexOf(mark) + step : event.key === "Home" ? 0 : order.length - 1;
    order[Math.min(Math.max(index, 0), order.length - 1)].focus();
  });
}
addEventListener("scroll", () => { // a focus that scrolls to its point keeps the words beside it
  const focused = document.activeElement;
  if (!tip.hidden && focused.matches(".mark[aria-label]")) showTip(focused);
  else hideTip();
}, { passive: true });
