// Tables sort within their groups, filter, and show the columns that their reader wants.
(() => {
  for (const table of all(".table table")) {
    const rows = all("tbody tr:not(.group)", table), tools = make("div", { class: "tools table-tools" });
    if (rows.length > 2) addSorting(table);
    if (rows.length > 8) tools.append(filterOf(table, rows));
    if (table.querySelector("thead th[hidden]")) tools.append(chooserOf(table));
    if (tools.childNodes.length) table.closest(".scroll").before(tools);
    const scroll = table.closest(".scroll"); // the first column stays; its edge shows that others are behind it
    scroll.addEventListener("scroll", () => scroll.classList.toggle("scrolled", scroll.scrollLeft > 1), { passive: true });
  }
  function addSorting(table) {
    table.classList.add("sorts");
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
  function filterOf(table, rows) {
    const title = table.closest("figure").querySelector("h3").firstChild.textContent;
    const field = make("input", { type: "search", class: "filter", placeholder: "Filter rows", "aria-label": `Filter ${title}` });
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const group = row.parentNode.querySelector(".group")?.textContent ?? ""; // a network by the name that is printed, or the profile's
        const text = `${group} ${row.textContent} ${Object.values(row.dataset).join(" ")}`.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      for (const body of table.tBodies) {
        const group = body.querySelector(".group");
        if (group) group.hidden = all("tr:not(.group)", body).every((row) => row.hidden);
      }
    });
    return field;
  }
  function chooserOf(table) {
    const heads = all("thead th", table), list = make("div", { class: "choices" });
    const count = () => heads.filter((head) => !head.hidden).length;
    const summary = make("summary"), chooser = make("details", { class: "columns" }, summary, list);
    const say = () => { summary.textContent = `Columns: ${count()} of ${heads.length}`; };
    heads.forEach((head, column) => {
      if (!column) return; // the first names the row
      const box = make("input", { type: "checkbox" });
      box.checked = !head.hidden;
      list.append(make("label", {}, box, ` ${head.textContent.trim().replace(/\s+/g, " ")}`));
      box.addEventListener("change", () => {
        for (const row of table.rows) if (!row.classList.contains("group")) row.cells[column].hidden = !box.checked;
        for (const group of all("tr.group th", table)) group.colSpan = count();
        say();
      });
    });
    say();
    return chooser;
  }
})();
