"use strict";
// Adds sorting and filters to a table that is complete without them.

const table = document.getElementById("leaderboard");

if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows]; // in the order of the ranks
  const fields = Object.fromEntries(["text", "family", "tag", "state"].map((id) => [id, document.getElementById(id)]));
  const words = new Map(rows.map((row) => [row, searchable(row)]));
  for (const part of document.querySelectorAll(".tools, .hint")) part.hidden = false;
  makeSortable([...table.tHead.rows[0].cells]);
  makeFilters(document.getElementById("clear"), document.getElementById("count"));

  function makeSortable(heads) {
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      const axis = head.querySelector(".axis");
      button.append(...[...head.childNodes].filter((node) => node !== axis));
      button.textContent = button.textContent.trim();
      head.prepend(button);
      button.addEventListener("click", () => {
        const best = head.dataset.order; // the first click puts the best first, the next one turns it round
        const worst = best === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === best ? worst : best;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        sort(column, order);
      });
    });
  }

  function sort(column, order) {
    const sign = order === "ascending" ? 1 : -1;
    const known = rows.filter((row) => key(row, column) !== null);
    const missing = rows.filter((row) => key(row, column) === null); // last, whichever way
    known.sort((a, b) => sign * compare(key(a, column), key(b, column)));
    body.append(...known, ...missing);
  }

  function key(row, column) {
    const cell = row.cells[column];
    if (!row.dataset.state.startsWith("ranked") || !cell) return null;
    if (cell.dataset.value === undefined) return cell.textContent.trim();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function compare(a, b) {
    return typeof a === "number" ? a - b : a.localeCompare(b);
  }

  function makeFilters(clear, count) {
    const apply = () => {
      const wanted = Object.fromEntries(Object.entries(fields).map(([id, field]) => [id, field.value]));
      const text = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const hit =
          text.every((word) => words.get(row).includes(word)) &&
          (!wanted.family || row.dataset.family === wanted.family) &&
          (!wanted.tag || row.dataset.tags.split("|").includes(wanted.tag)) &&
          (!wanted.state || row.dataset.state.split(" ").includes(wanted.state));
        row.hidden = !hit;
        shown += hit;
      }
      const filtered = Object.values(wanted).some(Boolean);
      clear.hidden = !filtered;
      count.textContent = filtered ? `${shown} of ${rows.length} solutions` : "";
    };
    for (const field of Object.values(fields)) field.addEventListener("input", apply);
    clear.addEventListener("click", () => {
      for (const field of Object.values(fields)) field.value = "";
      apply();
      fields.text.focus();
    });
    apply(); // a browser may have kept what stood in the fields
  }

  function searchable(row) {
    const parts = [row.cells[1].textContent, row.cells[2].textContent, row.dataset.tags];
    return parts.join(" ").toLowerCase();
  }
}
