#include "core/release/hips_page.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/markup.h"

namespace brickline {
namespace {

constexpr std::string_view kHead = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>@TITLE@</title>
<style>
html, body { height: 100%; margin: 0; background: #000; color: #e6e8eb; font: 15px/1.4 system-ui, sans-serif; }
body { display: flex; flex-direction: column; }
header { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; padding: .4rem .8rem; background: #1b1f24; }
h1 { font-size: 1rem; margin: 0; }
canvas { flex: 1; width: 100%; min-height: 0; cursor: grab; touch-action: none; display: block; }
canvas:focus { outline: 2px solid #6cb6ff; outline-offset: -2px; }
footer { padding: .3rem .8rem; background: #1b1f24; min-height: 1.4rem; font-variant-numeric: tabular-nums; }
input[type=text] { width: 13rem; } input, select, button { font: inherit; }
#note { color: #f0c674; }
</style>
<body>
<header>
<h1>@TITLE@</h1>
<label>Picture <select id="kind"><option value="image">sky</option><option value="resid">what the models leave</option></select></label>
<label><input type="checkbox" id="sources"> sources</label>
<form id="go"><label>RA Dec <input type="text" id="place" placeholder="150.12 2.24"></label> <button>Go</button></form>
<button id="in" aria-label="zoom in">+</button><button id="out" aria-label="zoom out">&minus;</button>
<span id="where"></span><span id="note" role="status"></span>
</header>
<canvas id="sky" tabindex="0" aria-label="The sky: drag or arrow keys to move, wheel or + and - to zoom, click a source for its numbers"></canvas>
<footer id="picked" aria-live="polite"></footer>
<script>
const start = )page";

constexpr std::string_view kScript = R"page(;
"use strict";
const RAD = Math.PI / 180, TILE = 512;
const canvas = document.getElementById("sky"), context = canvas.getContext("2d");
const view = { ra: start.ra, dec: start.dec, scale: start.field / 700 };  // scale: degrees per pixel
let kind = "image", withSources = false, asked = false;

// ---- HEALPix, nested: a face's point (x, y) in cells of an order, to the sky and back ----
const middle = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7];
function facePosition(order, face, x, y) {
  const n = 2 ** order, ring = (2 + (face >> 2)) * n - x - y;
  let width = n, dec;
  if (ring < n) { width = ring; dec = 90 - 2 * Math.asin(ring / (n * Math.sqrt(6))) / RAD; }
  else if (ring > 3 * n) { width = 4 * n - ring; dec = 2 * Math.asin(width / (n * Math.sqrt(6))) / RAD - 90; }
  else dec = Math.asin(2 * (2 * n - ring) / (3 * n)) / RAD;
  return [width > 0 ? 45 * (middle[face] * width + x - y) / width : 45 * middle[face], dec];
}
function faceCell(order, cell) {
  const ofFace = 4 ** order, face = Math.floor(cell / ofFace);
  let within = cell - face * ofFace, x = 0, y = 0;
  for (let bit = 0; bit < order; ++bit) {
    x += (within % 2) * 2 ** bit; within = Math.floor(within / 2);
    y += (within % 2) * 2 ** bit; within = Math.floor(within / 2);
  }
  return [face, x, y];
}
function cellAt(order, ra, dec) {
  const n = 2 ** order, z = Math.sin(dec * RAD), turns = (((ra % 360) + 360) % 360) / 90;
  let face, x, y;
  if (Math.abs(z) <= 2 / 3) {
    const p = Math.floor(n * (0.5 + turns - 0.75 * z)), m = Math.floor(n * (0.5 + turns + 0.75 * z));
    const a = Math.floor(p / n), b = Math.floor(m / n);
    face = a === b ? 4 + a % 4 : a < b ? a % 4 : b % 4 + 8;
    x = m % n; y = n - 1 - p % n;
  } else {
    const q = Math.min(3, Math.floor(turns)), f = turns - q, s = n * Math.cos(dec * RAD) / Math.sqrt((1 + Math.abs(z)) / 3);
    const p = Math.min(n - 1, Math.floor(f * s)), m = Math.min(n - 1, Math.floor((1 - f) * s));
    if (z > 0) { face = q; x = n - 1 - m; y = n - 1 - p; } else { face = q + 8; x = p; y = m; }
  }
  let cell = 0;
  for (let bit = order - 1; bit >= 0; --bit) cell = cell * 4 + Math.floor(x / 2 ** bit) % 2 + 2 * (Math.floor(y / 2 ** bit) % 2);
  return face * n * n + cell;
}

// ---- orthographic, east to the left ----
function toScreen(ra, dec) {
  const a = (ra - view.ra) * RAD, s = Math.sin(view.dec * RAD), c = Math.cos(view.dec * RAD);
  const sd = Math.sin(dec * RAD), cd = Math.cos(dec * RAD);
  if (s * sd + c * cd * Math.cos(a) <= 0) return null;
  const unit = RAD * view.scale;
  return [canvas.width / 2 - cd * Math.sin(a) / unit, canvas.height / 2 - (c * sd - s * cd * Math.cos(a)) / unit];
}
function toSky(px, py) {
  const unit = RAD * view.scale, x = -(px - canvas.width / 2) * unit, y = -(py - canvas.height / 2) * unit, r = x * x + y * y;
  if (r > 1) return null;
  const z = Math.sqrt(1 - r), s = Math.sin(view.dec * RAD), c = Math.cos(view.dec * RAD);
  const ra = view.ra + Math.atan2(x, z * c - y * s) / RAD;
  return [((ra % 360) + 360) % 360, Math.asin(Math.max(-1, Math.min(1, y * c + z * s))) / RAD];
}
function cellsInSight(order) {
  const cells = new Set(), step = Math.max(8, Math.min(60, 0.3 * 58.6 / 2 ** order / view.scale));
  for (let y = 0; y <= canvas.height + step; y += step)
    for (let x = 0; x <= canvas.width + step; x += step) {
      const s = toSky(Math.min(x, canvas.width), Math.min(y, canvas.height));
      if (s) cells.add(cellAt(order, s[0], s[1]));
    }
  return cells;
}
const orderOf = () => Math.max(0, Math.min(start.order, Math.ceil(Math.log2(58.6323 / TILE / view.scale) - 0.3)));
const path = (order, cell) => "Norder" + order + "/Dir" + Math.floor(cell / 10000) * 10000 + "/Npix" + cell;

// ---- pictures ----
const tiles = new Map();  // key -> Image; its .absent: there is none
function tile(order, cell) {
  const key = kind + "/" + path(order, cell);
  let image = tiles.get(key);
  if (!image) {
    image = new Image();
    image.onload = draw;
    image.onerror = () => { image.absent = true; draw(); };
    image.src = key + ".png";
    tiles.set(key, image);
    if (tiles.size > 600) tiles.delete(tiles.keys().next().value);
  }
  return image;
}
function drawTile(order, cell) {
  const image = tile(order, cell);
  if (image.absent || !image.complete || !image.naturalWidth) return;
  const [face, x, y] = faceCell(order, cell), n = order < 2 ? 16 : order < 5 ? 8 : 2, part = TILE / n;
  for (let i = 0; i < n; ++i)      // down the picture: along x
    for (let j = 0; j < n; ++j) {  // to the right: along y
      const at = (di, dj) => toScreen(...facePosition(order, face, x + (i + di) / n, y + (j + dj) / n));
      const a = at(0, 0), right = at(0, 1), down = at(1, 0);
      if (!a || !right || !down) continue;
      context.setTransform((right[0] - a[0]) / part, (right[1] - a[1]) / part, (down[0] - a[0]) / part, (down[1] - a[1]) / part, a[0], a[1]);
      context.drawImage(image, j * part, i * part, part, part, 0, 0, part, part);
    }
  context.setTransform(1, 0, 0, 1, 0, 0);
}

// ---- sources ----
const lists = new Map();  // key -> {rows} once they are there
let inSight = [];
function list(key) {
  let known = lists.get(key);
  if (known) return known;
  known = { rows: [] };
  lists.set(key, known);
  fetch("catalog/" + key + ".tsv").then(answer => answer.ok ? answer.text() : "").then(text => {
    const lines = text.split("\n"), names = (lines[1] || "").split("\t");
    known.rows = lines.slice(2).filter(line => line).map(line => Object.fromEntries(line.split("\t").map((v, i) => [names[i], v])));
    known.left = Number((lines[0].match(/= *(\d+)/) || [0, 0])[1]);
    draw();
  }).catch(() => {
    if (location.protocol === "file:")
      document.getElementById("note").textContent = "Sources are shown from a web server: python3 -m http.server in this directory.";
  });
  return known;
}
function sources() {
  const out = [...list("Norder1/Allsky").rows, ...list("Norder2/Allsky").rows];
  let parents = null;
  for (let order = 3; order <= start.catalogOrder; ++order) {
    const next = new Set();
    const width = 58.6 / 2 ** order / view.scale;
    if (width < 60) break;  // their tiles are small: too many, and the bright ones are there
    for (const cell of cellsInSight(order)) {
      if (parents && !parents.has(Math.floor(cell / 4))) continue;
      const known = list(path(order, cell));
      out.push(...known.rows);
      if (known.left > 0) next.add(cell);
    }
    parents = next;
    if (!next.size) break;
  }
  return out;
}
function drawSources() {
  inSight = [];
  for (const row of sources()) {
    const s = toScreen(Number(row.ra), Number(row.dec));
    if (!s || s[0] < 0 || s[1] < 0 || s[0] > canvas.width || s[1] > canvas.height) continue;
    inSight.push([s[0], s[1], row]);
    context.strokeStyle = row.type === "PSF" ? "#6cb6ff" : row.type === "DUP" ? "#888" : "#f0c674";
    context.beginPath();
    context.arc(s[0], s[1], 7, 0, 2 * Math.PI);
    context.stroke();
  }
}

function drawNow() {
  asked = false;
  const box = canvas.getBoundingClientRect();
  if (canvas.width !== Math.round(box.width) || canvas.height !== Math.round(box.height)) {
    canvas.width = Math.round(box.width); canvas.height = Math.round(box.height);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#111"; context.fillRect(0, 0, canvas.width, canvas.height);
  const order = orderOf(), below = Math.max(0, order - 3);
  context.imageSmoothingEnabled = view.scale > 0.4 * 58.6323 / TILE / 2 ** order;
  if (below < order) for (const cell of cellsInSight(below)) drawTile(below, cell);
  for (const cell of cellsInSight(order)) drawTile(order, cell);
  if (withSources) drawSources();
  document.getElementById("where").textContent =
    view.ra.toFixed(5) + " " + view.dec.toFixed(5) + ", " + (view.scale * canvas.width >= 1 ? (view.scale * canvas.width).toFixed(1) + "°"
    : (view.scale * canvas.width * 60).toFixed(2) + "′") + " wide";
}
function draw() { if (!asked) { asked = true; requestAnimationFrame(drawNow); } }
function zoom(factor, px, py) {
  const there = px === undefined ? null : toSky(px, py);
  view.scale = Math.max(2e-6, Math.min(0.25, view.scale * factor));
  if (there) {  // what is under the pointer stays there
    const now = toSky(px, py);
    if (now) {
      view.ra = (view.ra + ((there[0] - now[0] + 540) % 360) - 180 + 360) % 360;
      view.dec = Math.max(-90, Math.min(90, view.dec + there[1] - now[1]));
    }
  }
  draw();
}
function pan(dx, dy) {
  const there = toSky(canvas.width / 2 - dx, canvas.height / 2 - dy);
  if (there) { view.ra = there[0]; view.dec = there[1]; draw(); }
}
function pick(px, py) {
  let best = null, least = 15;
  for (const [x, y, row] of inSight) { const d = Math.hypot(x - px, y - py); if (d < least) { least = d; best = row; } }
  const picked = document.getElementById("picked");
  if (best) picked.textContent = Object.entries(best).map(([name, value]) => name + " " + value).join("   ");
  else { const s = toSky(px, py); picked.textContent = s ? "RA " + s[0].toFixed(6) + "  Dec " + s[1].toFixed(6) : ""; }
}
let drag = null;
canvas.addEventListener("pointerdown", e => { drag = [e.offsetX, e.offsetY, 0]; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointermove", e => {
  if (!drag) return;
  const dx = e.offsetX - drag[0], dy = e.offsetY - drag[1];
  if (drag[2] + Math.hypot(dx, dy) > 3) { pan(dx, dy); drag = [e.offsetX, e.offsetY, drag[2] + Math.hypot(dx, dy)]; }
});
canvas.addEventListener("pointerup", e => { if (drag && drag[2] <= 3) pick(e.offsetX, e.offsetY); drag = null; });
canvas.addEventListener("wheel", e => { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : 0.8, e.offsetX, e.offsetY); }, { passive: false });
canvas.addEventListener("dblclick", e => zoom(0.5, e.offsetX, e.offsetY));
canvas.addEventListener("keydown", e => {
  const step = 60, keys = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
  if (keys[e.key]) { e.preventDefault(); pan(...keys[e.key]); }
  else if (e.key === "+" || e.key === "=") zoom(0.8);
  else if (e.key === "-") zoom(1.25);
});
document.getElementById("in").onclick = () => zoom(0.5);
document.getElementById("out").onclick = () => zoom(2);
document.getElementById("kind").onchange = e => { kind = e.target.value; draw(); };
document.getElementById("sources").onchange = e => { withSources = e.target.checked; draw(); };
document.getElementById("go").onsubmit = e => {
  e.preventDefault();
  const words = document.getElementById("place").value.trim().split(/[\s,]+/).map(Number), note = document.getElementById("note");
  if (words.length !== 2 || !words.every(Number.isFinite) || Math.abs(words[1]) > 90) { note.textContent = "RA and Dec, in degrees: 150.12 2.24"; return; }
  note.textContent = "";
  [view.ra, view.dec] = [((words[0] % 360) + 360) % 360, words[1]];
  view.scale = Math.min(view.scale, 1.5e-4);
  draw();
};
if (start.catalogOrder < 0) document.getElementById("sources").parentElement.hidden = true;
window.onresize = draw;
draw();
</script>
</html>
)page";

}  // namespace

std::string hips_page(const HipsOptions& options, const HipsReport& report, int catalog_order) {
  std::string text(kHead);
  constexpr std::string_view kTitle = "@TITLE@";
  const std::string title = markup_text(options.title);
  for (std::size_t at = text.find(kTitle); at != std::string::npos; at = text.find(kTitle, at + title.size()))
    text.replace(at, kTitle.size(), title);
  text += fmt::format("{{ ra: {:.6f}, dec: {:.6f}, field: {:.5g}, order: {}, catalogOrder: {} }}", report.ra,
                      report.dec, report.field, options.order, catalog_order);
  return text + std::string(kScript);
}

}  // namespace brickline
