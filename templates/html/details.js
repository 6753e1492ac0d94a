// The page of details: galleries, folds, and where the reader is.
(() => {
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

  // One gallery is open at a time. The attribute is new, and checkers of HTML do not all know it.
  for (const fold of all("details[data-name]")) fold.setAttribute("name", fold.dataset.name);

  // A link into a folded table opens it; so does printing.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (const fold of target ? [target.closest("details"), ...all("details", target)] : []) if (fold) fold.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => { // all at once, galleries too
    for (const fold of all("details")) { fold.removeAttribute("name"); fold.open = true; }
  });
})();
