#include "core/campaign/status_page_text.h"

namespace brickline {

const std::string_view kStatusPageHead = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Survey</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; color: #1b1f24; background: #fff; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
canvas { width: 100%; height: 26rem; background: #f3f4f6; border-radius: 6px; cursor: crosshair; display: block; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
pre { background: #f3f4f6; padding: .5rem; overflow-x: auto; border-radius: 6px; font-size: 12px; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .35rem 0 1rem; vertical-align: -1px; }
#picked { min-height: 1.5rem; margin: .4rem 0; }
button { font: inherit; }
.part { display: inline-block; width: .8rem; height: .8rem; border: 0; border-radius: 2px; margin: 0 1px; padding: 0; cursor: pointer; }
.words { font-size: 12px; overflow-wrap: anywhere; }
[hidden] { display: none; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e8eb; background: #14171a; } canvas, pre { background: #22272c; } a { color: #8ab4f8; }
}
</style>
<h1>Survey <span id="plan"></span></h1>
<p id="sums"></p>
<canvas id="sky" width="1600" height="800" aria-label="The items on the sky, coloured by state"></canvas>
<table id="products"></table>
<div id="keys"></div>
<div id="picked">Click into the sky for an item; the wheel zooms, dragging moves. <button id="whole">whole</button></div>
<h2>Reasons</h2><div id="groups"></div>
<h2>Memory classes</h2><table id="classes"></table>
<h2>Slowest</h2><table id="slowest"></table>
<script type="application/json" id="data">)page";

const std::string_view kStatusPageTail = R"page(</script>
<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent), s = data.summary;
const colours = ["#9aa4af", "#4c8bf5", "#2e9e5b", "#c9d4de", "#d93025"];
const at = id => document.getElementById(id);
const make = (tag, text, parent, cls) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  if (parent) parent.append(e);
  return e;
};
const hours = seconds => (seconds / 3600).toFixed(1) + " h";
document.title = "Survey " + data.plan;
at("plan").textContent = `${data.plan}: ${data.items}`;
at("sums").textContent = `${s.items.done + s.since.done} of ${s.total} done, ${s.items.nothing + s.since.nothing} with nothing to do, ` +
  `${s.items["given up"]} given up, ${s.since.running} running. CPU time: ${hours(s.cpu_seconds + s.since.cpu_seconds)} used, ` +
  `${hours(s.cpu_seconds_left)} left.`;
data.states.forEach((name, i) => {
  make("span", undefined, at("keys"), "key").style.background = colours[i];
  make("span", `${name} ${s.items[name]}`, at("keys"));
});
// An item's name, with a link to its page if it has one.
function named(name, parent) {
  const e = make(data.pages ? "a" : "span", name, parent);
  if (data.pages) e.href = pageOf(name);
}
function pageOf(name) { return data.pages.replace("/NAM/", "/" + name.slice(0, 3) + "/").replace("NAMENAME", name); }

// The sky: right ascension to the left, continued across 0 if the items lie about it.
const count = data.ra.length, turn = (() => {
  const near = data.ra.some(x => x < 20) && data.ra.some(x => x > 340), far = data.ra.some(x => x > 90 && x < 270);
  return near && !far;
})();
const ra = Float64Array.from(data.ra, x => turn && x > 180 ? x - 360 : x), dec = Float64Array.from(data.dec);
const canvas = at("sky"), pen = canvas.getContext("2d");
let view;
function whole() {
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (let i = 0; i < count; ++i) {
    x0 = Math.min(x0, ra[i]); x1 = Math.max(x1, ra[i]); y0 = Math.min(y0, dec[i]); y1 = Math.max(y1, dec[i]);
  }
  const squeeze = Math.max(0.05, Math.cos((y0 + y1) / 2 * Math.PI / 180));
  const scale = Math.min(canvas.width * .92 / Math.max((x1 - x0) * squeeze, 1e-3), canvas.height * .92 / Math.max(y1 - y0, 1e-3));
  view = {ra: (x0 + x1) / 2, dec: (y0 + y1) / 2, scale, squeeze};
}
const px = i => canvas.width / 2 - (ra[i] - view.ra) * view.squeeze * view.scale;
const py = i => canvas.height / 2 - (dec[i] - view.dec) * view.scale;
function draw() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const size = Math.min(24, Math.max(2, Math.sqrt(canvas.width * canvas.height / Math.max(count, 1)) / 3));
  for (const state of [3, 2, 0, 1, 4]) {
    pen.fillStyle = colours[state];
    for (let i = 0; i < count; ++i)
      if (data.state.charCodeAt(i) - 48 === state) pen.fillRect(px(i) - size / 2, py(i) - size / 2, size, size);
  }
}
function pick(x, y) {
  let best = -1, least = 30 * 30;
  for (let i = 0; i < count; ++i) {
    const d = (px(i) - x) ** 2 + (py(i) - y) ** 2;
    if (d < least) { least = d; best = i; }
  }
  return best;
}
function tell(i) {
  const box = at("picked"), state = data.states[data.state.charCodeAt(i) - 48], known = data.names[i];
  box.textContent = "";
  const where = data.products.length ? "" : ` (RA ${data.ra[i]}, Dec ${data.dec[i]})`;
  if (known) {
    named(known[0], box);
    make("span", `: ${state}${known[1] ? ": " + known[1] : ""}${where}`, box);
  } else make("span", state + where, box);
}
// Of commands: where their products are on the sky says nothing.
if (data.products.length) {
  canvas.hidden = true;
  at("picked").textContent = "Click a part for its name and state.";
  for (const product of data.products) {
    const tr = make("tr", undefined, at("products")), states = product.items.map(i => data.states[data.state.charCodeAt(i) - 48]);
    make("td", product.name, tr);
    make("td", `${states.filter(name => name === "done" || name === "nothing").length} of ${states.length}`, tr, "n");
    const parts = make("td", undefined, tr);
    product.items.forEach((i, k) => {
      const part = make("button", undefined, parts, "part");
      part.style.background = colours[data.state.charCodeAt(i) - 48];
      part.title = data.names[i] ? data.names[i][0] : states[k];
      part.addEventListener("click", () => tell(i));
    });
    make("div", product.words, parts, "words");
  }
}
const place = e => { const r = canvas.getBoundingClientRect(); return [(e.clientX - r.left) * canvas.width / r.width, (e.clientY - r.top) * canvas.height / r.height]; };
let drag = null, moved = false;
canvas.addEventListener("pointerdown", e => { drag = place(e); moved = false; });
canvas.addEventListener("pointermove", e => {
  if (!drag) return;
  const p = place(e);
  if (!moved && Math.hypot(p[0] - drag[0], p[1] - drag[1]) < 6) return;
  moved = true;
  view.ra += (p[0] - drag[0]) / (view.scale * view.squeeze);
  view.dec += (p[1] - drag[1]) / view.scale;
  drag = p;
  draw();
});
canvas.addEventListener("pointerup", e => {
  if (!moved) { const i = pick(...place(e)); if (i >= 0) tell(i); }
  drag = null;
});
canvas.addEventListener("wheel", e => { e.preventDefault(); view.scale *= Math.exp(-e.deltaY / 400); draw(); }, {passive: false});
at("whole")?.addEventListener("click", () => { whole(); draw(); });
if (count && !data.products.length) { whole(); draw(); }

for (const g of data.groups) {
  const box = make("details", undefined, at("groups"));
  make("summary", `${g.items} ${g.state}: ${g.reason}`, box);
  const line = make("div", "for example ", box);
  named(g.example, line);
  if (g.log) make("pre", g.log, box);
}
if (!data.groups.length) make("p", "Nothing has failed.", at("groups"));
const row = (table, cells, tag = "td") => {
  const tr = make("tr", undefined, table);
  cells.forEach((c, i) => make(tag, c, tr, i ? "n" : ""));
  return tr;
};
row(at("classes"), ["memory, MB", "items", "done", "given up", "peak, MB", "mean, s"], "th");
for (const c of s.classes) {
  const all = Object.values(c.items).reduce((a, b) => a + b, 0);
  if (all) row(at("classes"), [c.memory_mb, all, c.items.done, c.items["given up"], c.peak_mb.toFixed(0), c.wall_seconds.toFixed(1)]);
}
row(at("slowest"), ["item", "CPU time, s"], "th");
for (const w of s.slowest) {
  const tr = row(at("slowest"), ["", w.cpu_seconds.toFixed(1)]);
  named(w.name, tr.firstChild);
}
</script>
</html>
)page";

}  // namespace brickline
