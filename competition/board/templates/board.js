"use strict";
// Adds sorting, a filter and "open all" to a page that is complete without them.

const table = document.getElementById("leaderboard");

if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows]; // in the order of the ranks
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;
  makeSortable([...table.tHead.rows[0].cells]);
  makeFilter(document.getElementById("filter"), document.getElementById("count"));
  makeToggle(document.getElementById("toggle"), [...document.querySelectorAll("details")]);

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
    if (row.classList.contains("failed") || !cell) return null;
    if (cell.dataset.value === undefined) return cell.textContent.trim();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  }

  function compare(a, b) {
    return typeof a === "number" ? a - b : a.localeCompare(b);
  }

  function makeFilter(field, count) {
    const sections = new Map(rows.map((row) => [row, document.getElementById(row.dataset.for).closest("details")]));
    const texts = new Map(rows.map((row) => [row, searchable(row, sections.get(row))]));
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const hit = words.every((word) => texts.get(row).includes(word));
        row.hidden = sections.get(row).hidden = !hit;
        shown += hit;
      }
      count.textContent = words.length ? `${shown} of ${count.dataset.total}` : "";
    });
  }

  function searchable(row, section) {
    const parts = [row.cells[1], row.cells[2], section.querySelector(".tags")];
    return parts.map((part) => (part ? part.textContent : "")).join(" ").toLowerCase();
  }

  function makeToggle(button, sections) {
    button.addEventListener("click", () => {
      const open = sections.some((section) => !section.open);
      for (const section of sections) section.open = open;
      button.textContent = open ? "Close all" : "Open all";
    });
  }
}

// Browsers that do not open a section for a link into it.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const section = target && target.closest("details");
  if (section && !section.open) {
    section.open = true;
    target.scrollIntoView();
  }
}

addEventListener("hashchange", reveal);
reveal();
