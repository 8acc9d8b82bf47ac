"use strict";
// Where does A beat B? Everything is computed from the data in the page, and written as text nodes only.

const data = JSON.parse(document.getElementById("data").textContent);
const UNITS = { day: ["day", "days"], group: ["group", "groups"], row: ["bin of rows", "bins of rows"] };
const selects = { a: document.getElementById("a"), b: document.getElementById("b") };
const byPage = new Map(data.solutions.map((solution) => [solution.page, solution]));

const sign = (greaterIsBetter) => (greaterIsBetter ? 1 : -1);
const gains = (a, b, up) => a.map((value, at) => (value == null || b[at] == null ? null : sign(up) * (value - b[at])));
const number = (value, digits = 4) => (value == null ? "–" : value.toFixed(digits));
const signed = (value) => (value == null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(4)}`);
const ratio = (value) => `${value >= 0.995 ? amount(value) : Number(value.toPrecision(2))} ×`;
const amount = (value) => (value == null ? "–" : value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en"));

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function drawing(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function tally(values) {
  const known = values.filter((value) => value != null);
  return { a: known.filter((v) => v > 0).length, b: known.filter((v) => v < 0).length, all: known.length };
}

function told(count, one, many) {
  const equal = count.all - count.a - count.b;
  return `of ${count.all} ${count.all === 1 ? one : many} A is better on ${count.a} and B on ${count.b}${equal ? `, ${equal} equal` : ""}`;
}

function ahead(gain) {
  if (gain == null || gain === 0) return element("td", {}, gain === 0 ? "equal" : "–");
  return element("td", { class: gain > 0 ? "ahead-a" : "ahead-b" }, gain > 0 ? "A" : "B");
}

function table(caption, heads, rows) {
  const row = (cells) => element("tr", {}, ...cells);
  const head = heads.map((text, at) => element("th", { scope: "col", class: at && at < heads.length - 1 ? "n" : "" }, text));
  const body = rows.map(([name, a, b, difference, gain]) =>
    row([
      element("th", { scope: "row" }, name),
      ...[a, b, difference].map((text) => element("td", { class: "n" }, text)),
      ahead(gain),
    ]));
  return element("table", {}, element("caption", {}, caption), element("thead", {}, row(head)), element("tbody", {}, ...body));
}

function scroll(label, ...children) {
  return element("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, ...children);
}

function section(id, title, ...children) {
  return element("section", { "aria-labelledby": id }, element("h2", { id }, title), ...children);
}

function scores(titles, a, b, ups) {
  return titles.map((title, at) => {
    const [gain] = gains([a[at]], [b[at]], ups[at]);
    return [title, number(a[at]), number(b[at]), signed(gain == null ? null : a[at] - b[at]), gain];
  });
}

function byMetric(a, b) {
  const titles = data.metrics.map((metric) => metric.title);
  const ups = data.metrics.map((metric) => metric.greaterIsBetter);
  const heads = ["Metric", "A", "B", "A − B", "Better"];
  const tables = [table("Cross-validated", heads, scores(titles, a.cv, b.cv, ups))];
  for (const [half, title] of [["public", "Held-out, public"], ["private", "Held-out, private"]]) {
    if (a.heldout[half] && b.heldout[half]) tables.push(table(title, heads, scores(titles, a.heldout[half], b.heldout[half], ups)));
  }
  return section("by-metric", "By metric", element("div", { class: "panels" }, ...tables.map((one) => {
    const panel = scroll(one.caption.textContent, one);
    panel.classList.add("panel");
    return panel;
  })));
}

// Bars up where A is better, down where B is.
function bars(values, label, ends) {
  const [width, height] = [720, 160];
  const most = Math.max(...values.map((value) => Math.abs(value ?? 0))) || 1;
  const step = width / values.length;
  const marks = values.map((value, at) => {
    const tall = (Math.abs(value ?? 0) / most) * (height / 2);
    return value ? drawing("rect", {
      class: value > 0 ? "a" : "b",
      x: (at * step + step * 0.12).toFixed(1), width: Math.max(0.8, Math.min(28, step * 0.76)).toFixed(1),
      y: (value > 0 ? height / 2 - tall : height / 2).toFixed(1), height: tall.toFixed(1),
    }) : "";
  });
  const texts = [
    ["ty", -6, 4, `+${most.toFixed(3)}`], ["ty", -6, height / 2 + 4, "0"], ["ty", -6, height + 4, `−${most.toFixed(3)}`],
    ["first", 0, height + 22, ends[0]], ["ty", width, height + 22, ends[1]],
  ].map(([kind, x, y, text]) => drawing("text", { class: kind, x, y }, text));
  return drawing("svg", { class: "diff strip", viewBox: `-52 -8 ${width + 62} ${height + 38}`, width: width + 62, height: height + 38, role: "img", "aria-label": label },
    drawing("path", { class: "frame", d: `M0 0H${width}M0 ${height}H${width}` }), ...marks,
    drawing("path", { class: "zero", d: `M0 ${height / 2}H${width}` }), ...texts);
}

function byFold(a, b) {
  const differences = gains(a.folds, b.folds, data.greaterIsBetter);
  const count = tally(differences);
  if (!count.all) return [];
  const names = data.folds.map((fold) => `Fold ${fold}`);
  const rows = scores(names, a.folds, b.folds, names.map(() => data.greaterIsBetter));
  const numbers = scroll("Scores by fold", table(`${data.metric} by fold`, ["Fold", "A", "B", "A − B", "Better"], rows));
  const summary = element("p", { class: "about" }, `${told(count, "fold", "folds")}.`.replace(/^o/, "O"));
  if (names.length <= 10) return [section("by-fold", "By fold", summary, numbers)];
  const figure = bars(differences, `Difference of ${data.metric} by fold; the table below has the numbers`, ["first fold", "last fold"]);
  return [section("by-fold", "By fold", summary, scroll("Differences by fold", figure), details("Numbers by fold", numbers))];
}

function details(title, ...children) {
  return element("details", {}, element("summary", {}, title), ...children);
}

function byCluster(a, b) {
  const differences = gains(a.clusters, b.clusters, data.greaterIsBetter);
  const count = tally(differences);
  if (!count.all) return [];
  const [one, many] = UNITS[data.cluster];
  const order = data.clusters.map((_, at) => at).filter((at) => differences[at] != null);
  if (data.cluster !== "day") order.sort((i, j) => differences[j] - differences[i]);
  const ends = data.cluster === "day" ? [data.clusters[order[0]], data.clusters[order.at(-1)]] : ["most for A", "most for B"];
  const figure = bars(order.map((at) => differences[at]), `Difference of ${data.metric} by ${one}; the table below has the numbers`, ends);
  const pick = (values) => order.map((at) => values[at]);
  const rows = scores(pick(data.clusters), pick(a.clusters), pick(b.clusters), order.map(() => data.greaterIsBetter));
  const some = data.allClusters > data.clusters.length ? ` Only the ${data.clusters.length} largest of ${data.allClusters} are here.` : "";
  return [section("by-cluster", `By ${one}`,
    element("p", { class: "about" }, `${told(count, one, many)}.${some}`.replace(/^o/, "O")),
    scroll(`Differences by ${one}`, figure),
    element("p", { class: "notes" }, "Bars point up where A is better, down where B is."),
    details(`Numbers by ${one}`, scroll(`Scores by ${one}`, table(`${data.metric} by ${one}`, [one[0].toUpperCase() + one.slice(1), "A", "B", "A − B", "Better"], rows))))];
}

// Both curves in one square, over the same 101 places.
function byThreshold(a, b) {
  const known = data.curves.filter(({ key }) => a.curves[key].length > 1 && b.curves[key].length === a.curves[key].length);
  if (!known.length) return [];
  const side = 220;
  const line = (values, kind) => drawing("path", {
    class: `line ${kind}`,
    d: values.map((y, at) => `${at ? "L" : "M"}${((side * at) / (values.length - 1)).toFixed(1)} ${(side * (1 - y)).toFixed(1)}`).join(""),
  });
  const figures = known.map(({ key, title, x, y }) => {
    const texts = [
      ["ty", -6, 4, "1"], ["ty", -6, side / 2 + 4, "0.5"], ["ty", -6, side + 4, "0"],
      ["tx", side / 2, side + 16, "0.5"], ["tx", side, side + 16, "1"], ["tx", side / 2, side + 34, x],
    ].map(([kind, at, height, text]) => drawing("text", { class: kind, x: at, y: height }, text));
    const upright = drawing("text", { class: "tx", transform: `translate(-34 ${side / 2}) rotate(-90)` }, y);
    const picture = drawing("svg", { class: "curve", viewBox: `-46 -8 ${side + 60} ${side + 48}`, width: side + 60, height: side + 48, role: "img", "aria-label": `${title} of A and of B: ${y} against ${x}` },
      drawing("path", { class: "frame", d: `M0 0H${side}V${side}H0zM0 ${side / 2}H${side}M${side / 2} 0V${side}` }),
      line(b.curves[key], "b"), line(a.curves[key], "a"), ...texts, upright);
    return element("figure", { class: "panel" }, element("figcaption", {}, title), picture);
  });
  const note = element("p", { class: "notes" }, "Solid: A. Dashed: B. Means of the folds, out-of-fold rows.");
  return [section("by-threshold", "By threshold", element("div", { class: "panels" }, ...figures), note)];
}

function bySlice(a, b) {
  if (a.lacksSlices || b.lacksSlices) {
    const note = element("p", { class: "notes" }, "Scores by slice need the single predictions of both, which were not at hand when this page was written.");
    return [section("by-slice", "By slice", note)];
  }
  return data.slices.flatMap(({ title, names, rows }, number) => {
    const [one, other] = [a.slices[number], b.slices[number]];
    const differences = gains(one, other, data.greaterIsBetter);
    const count = tally(differences);
    if (!count.all) return [];
    const order = names.map((_, at) => at).filter((at) => differences[at] != null).sort((i, j) => differences[j] - differences[i]);
    const inOrder = title.startsWith("hour of ") ? order.toSorted((i, j) => i - j) : order;
    const last = differences[order.at(-1)] < 0 ? "most for B" : "least for A";
    const first = differences[order[0]] > 0 ? "most for A" : "least for B";
    const ends = inOrder === order ? [first, last] : [names[inOrder[0]], names[inOrder.at(-1)]];
    const figure = bars(inOrder.map((at) => differences[at]), `Difference of ${data.metric} by ${title}; the table below has the numbers`, ends);
    const pick = (values) => order.map((at) => values[at]);
    const labels = order.map((at) => `${names[at]} (${rows[at].toLocaleString("en")} rows)`);
    const numbers = scores(labels, pick(one), pick(other), order.map(() => data.greaterIsBetter));
    const id = `by-slice-${number}`;
    return [section(id, `By ${title}`,
      element("p", { class: "about" }, `${told(count, "slice", "slices")}; ${first}: ${names[order[0]]}, ${last}: ${names[order.at(-1)]}.`.replace(/^o/, "O")),
      scroll(`Differences by ${title}`, figure),
      details(`Numbers by ${title}`, scroll(`Scores by ${title}`, table(`${data.metric} by ${title}, most for A first`, ["Slice", "A", "B", "A − B", "Better"], numbers))))];
  });
}

// Costs vary from run to run: within a hundredth they are the same.
const alike = (one, other) => Math.abs(one - other) <= 0.01 * Math.max(one, other);

function byCost(a, b) {
  const known = [
    ["Fit of a fold, s", "fitSeconds"], ["Predict 1,000 rows, ms", "predictMs"], ["Memory, MB", "memoryMb"],
    ["Fit, reference jobs", "fitCost"], ["Predict, reference jobs", "predictCost"],
  ].filter(([, key]) => a.costs[key] != null && b.costs[key] != null);
  if (!known.length) return [];
  const rows = known.map(([title, key]) => {
    const [one, other] = [a.costs[key], b.costs[key]];
    return [title, amount(one), amount(other), other > 0 ? ratio(one / other) : "–", alike(one, other) ? 0 : other - one];
  });
  return [section("by-cost", "By cost", scroll("Costs", table("Less is better", ["Cost", "A", "B", "A ÷ B", "Better"], rows)))];
}

function verdict(a, b) {
  if (a === b) return "A and B are the same solution; choose another one.";
  const [gain] = gains([a.cv[0]], [b.cv[0]], data.greaterIsBetter);
  const lead = gain === 0 ? "equal to" : gain > 0 ? "ahead of" : "behind";
  const folds = tally(gains(a.folds, b.folds, data.greaterIsBetter));
  const parts = [`${a.title} (${data.metric} ${number(a.cv[0])}) is ${lead} ${b.title} (${number(b.cv[0])})${gain ? ` by ${number(Math.abs(gain))}` : ""}.`];
  if (a.alike.includes(b.name)) parts.push("They predict every out-of-fold row alike.");
  if (folds.all) parts.push(`${told(folds, "fold", "folds")}.`.replace(/^o/, "O"));
  const p = pValue(a, b);
  if (p != null) parts.push(`The adjusted p-value of this pair is ${p < 0.001 ? "below 0.001" : p.toFixed(3)}: the difference is ${p < data.level ? "" : "not "}significant (exploratory).`);
  return parts.join(" ");
}

function pValue(a, b) {
  if (!data.pairs) return null;
  const [i, j] = [a, b].map((solution) => data.pairs.names.indexOf(solution.name));
  return i < 0 || j < 0 ? null : data.pairs.p[i][j];
}

function show() {
  const [a, b] = [byPage.get(selects.a.value), byPage.get(selects.b.value)];
  const links = element("p", { class: "notes" }, "Their pages: ",
    element("a", { href: `solutions/${a.page}` }, `A, ${a.name}`), " · ", element("a", { href: `solutions/${b.page}` }, `B, ${b.name}`));
  const parts = a === b ? [] : [links, byMetric(a, b), ...byFold(a, b), ...byCluster(a, b), ...bySlice(a, b), ...byThreshold(a, b), ...byCost(a, b)];
  document.getElementById("comparison").replaceChildren(...parts);
  document.getElementById("verdict").textContent = verdict(a, b);
}

// The address says which two, so that a comparison can be linked.
function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const first = byPage.has(asked.get("a")) ? asked.get("a") : data.solutions[0].page;
  const other = data.solutions.find((solution) => solution.page !== first).page;
  selects.a.value = first;
  selects.b.value = byPage.has(asked.get("b")) ? asked.get("b") : other;
  show();
}

function changed() {
  history.replaceState(null, "", `#${new URLSearchParams({ a: selects.a.value, b: selects.b.value })}`);
  show();
}

for (const select of Object.values(selects)) select.addEventListener("change", changed);
document.getElementById("swap").addEventListener("click", () => {
  [selects.a.value, selects.b.value] = [selects.b.value, selects.a.value];
  changed();
});
addEventListener("hashchange", read);
document.querySelector(".choose").hidden = false;
read();
