// Plots of pages: axes, points that can be chosen, lines, histograms, maps; numbers and words beside them. Drawn as SVG as wide
// as there is room, and again when that changes.

// ---- numbers ----
const count = (n) => Number(n).toLocaleString('en');
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;
// With a true minus sign; a dash for what is not known.
const fixed = (value, decimals) => (isNumber(value) ? (Number(value.toFixed(decimals)) + 0).toFixed(decimals).replace('-', '−') : '–');
const signed = (value, decimals) => (isNumber(value) && Number(value.toFixed(decimals)) > 0 ? '+' : '') + fixed(value, decimals);
function sortedNumbers(values) {
  return Float64Array.from(values.filter(isNumber)).sort();
}
function quantile(sorted, q) {
  if (!sorted.length) return NaN;
  const at = q * (sorted.length - 1), i = Math.floor(at), f = at - i;
  return f > 0 ? sorted[i] * (1 - f) + sorted[i + 1] * f : sorted[i];
}
const median = (values) => quantile(sortedNumbers(values), 0.5);
// Half the width of the middle 68 % of a normal distribution, from the median of deviations.
function robustWidth(values, middle = median(values)) {
  return 1.4826 * median(values.filter(isNumber).map((v) => Math.abs(v - middle)));
}
// Limits that hold all but the outermost, with some room.
function limits(values, { least = 0, room = 0.06, part = 0.004, hold = [] } = {}) {
  const sorted = sortedNumbers(values);
  let low = quantile(sorted, part), high = quantile(sorted, 1 - part);
  if (!isNumber(low)) return [0, 1];
  for (const v of hold) { low = Math.min(low, v); high = Math.max(high, v); }
  const more = Math.max(0, (least - (high - low)) / 2) + room * Math.max(high - low, least) || 0.5;
  return [low - more, high + more];
}
// The largest round number below one, for a scale.
const roundBelow = (v) => { const p = 10 ** Math.floor(Math.log10(v)); return [5, 2, 1].map((m) => m * p).find((m) => m <= v) || v; };
function ticksOf(low, high, about) {
  const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999), out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) out.push(Number((k * step).toPrecision(10)));
  return { values: out, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// ---- axes: a value to a place from 0 to 1 ----
function linearAxis(limit, title, { flip = false, about = 6, unit = 1 } = {}) {
  const [low, high] = limit, ticks = ticksOf(low, high, about);
  const at = (v) => { const p = (v - low) / (high - low); return flip ? 1 - p : p; };
  return { at, title, low, high, ticks: ticks.values.map((v) => ({ at: at(v), text: fixed(v * unit, ticks.decimals) })), lines: [], zero: low < 0 && high > 0 ? at(0) : null };
}
function logAxis(limit, title) {
  const low = Math.log10(limit[0]), high = Math.log10(limit[1]), at = (v) => (Math.log10(v) - low) / (high - low), ticks = [];
  for (let p = Math.floor(low); p <= high; ++p)
    for (const m of high - low > 2.2 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 5])
      if (m * 10 ** p >= limit[0] * 0.999 && m * 10 ** p <= limit[1] * 1.001) ticks.push({ at: at(m * 10 ** p), text: String(Number((m * 10 ** p).toPrecision(3))) });
  return { at, title, low: limit[0], high: limit[1], ticks, lines: [], zero: null };
}
function dateOf(mjd) { return new Date((mjd - 40587) * 86400000).toISOString(); }
// Dates as they follow each other: nights side by side where few, without the days between.
function timeAxis(mjds) {
  const sorted = sortedNumbers(mjds);
  if (!sorted.length) return null;
  const nights = [];
  for (const mjd of sorted) {
    const last = nights[nights.length - 1];
    if (last && mjd - last.to < 0.35) last.to = mjd;
    else nights.push({ from: mjd, to: mjd });
  }
  const low = sorted[0], high = sorted[sorted.length - 1];
  if (nights.length === 1) {
    const day = Math.floor(low), room = Math.max(0.04 * (high - low), 0.004), a = low - room, b = high + room;
    const axis = linearAxis([24 * (a - day), 24 * (b - day)], `UTC in hours from ${dateOf(day + 1e-6).slice(0, 10)}`);
    return { ...axis, at: (mjd) => (mjd - a) / (b - a) };
  }
  if (nights.length > 12) {
    const day = Math.floor(low), room = 0.02 * (high - low);
    const axis = linearAxis([low - room - day, high + room - day], `days from ${dateOf(day + 1e-6).slice(0, 10)} (MJD ${day})`);
    return { ...axis, at: (mjd) => (mjd - low + room) / (high - low + 2 * room) };
  }
  const longest = Math.max(...nights.map((n) => n.to - n.from), 0.02);
  let total = 0;
  for (const night of nights) {
    night.width = Math.max(night.to - night.from, 0.35 * longest) + 0.16 * longest;
    night.start = total;
    total += night.width;
  }
  const at = (mjd) => {
    let night = nights[0];
    for (const n of nights) if (mjd >= n.from) night = n;
    return (night.start + night.width / 2 + (mjd - (night.from + night.to) / 2)) / total;
  };
  const year = dateOf(low).slice(0, 4), one = year === dateOf(high).slice(0, 4);
  return { at, low, high, title: one ? `night in ${year} (UTC), each from its first to its last exposure` : 'night (UTC)',
    ticks: nights.map((n) => ({ at: (n.start + n.width / 2) / total, text: dateOf((n.from + n.to) / 2).slice(one ? 5 : 2, 10).replace(/-/g, '‑') })),
    lines: nights.slice(1).map((n) => n.start / total), bare: true, zero: null };
}

// ---- a plot ----
// Room for the numbers and the title of an axis that goes up.
const leftOf = (y) => Math.max(44, 28 + 7 * Math.max(0, ...y.ticks.map((t) => t.text.length)));
// w: as wide as there is room; x, y: axes; label: what a reader who does not see it is told.
function plotOf(w, h, x, y, label, { left = leftOf(y), right = 10, top = 8, bottom = 40 } = {}) {
  const drawing = svg('svg', { width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: 'img', 'aria-label': label });
  const wide = w - left - right, high = h - top - bottom;
  const px = (v) => left + x.at(v) * wide, py = (v) => top + (1 - y.at(v)) * high;
  drawing.append(svg('rect', { class: 'ground', x: left, y: top, width: wide, height: high }));
  const line = (x1, y1, x2, y2, name) => drawing.append(svg('line', { x1, y1, x2, y2, class: name }));
  let last = -1e9;
  for (const t of [...x.ticks].sort((p, q) => p.at - q.at)) {
    const at = left + t.at * wide;
    if (t.at < -1e-6 || t.at > 1 + 1e-6) continue;
    if (!x.bare) line(at, top, at, top + high, 'grid');
    if (at - last < t.text.length * 7 + 5) continue;
    last = at;
    drawing.append(svg('text', { x: at, y: top + high + 16, 'text-anchor': 'middle', text: t.text }));
  }
  for (const at of x.lines) line(left + at * wide, top, left + at * wide, top + high, 'grid');
  for (const t of y.ticks) {
    if (t.at < -1e-6 || t.at > 1 + 1e-6) continue;
    const at = top + (1 - t.at) * high;
    line(left, at, left + wide, at, 'grid');
    drawing.append(svg('text', { x: left - 6, y: at + 4, 'text-anchor': 'end', text: t.text }));
  }
  if (isNumber(y.zero)) line(left, top + (1 - y.zero) * high, left + wide, top + (1 - y.zero) * high, 'zero');
  if (isNumber(x.zero)) line(left + x.zero * wide, top, left + x.zero * wide, top + high, 'zero');
  drawing.append(svg('text', { class: 'axis-title', x: left + wide / 2, y: h - 5, 'text-anchor': 'middle', text: x.title }),
    svg('text', { class: 'axis-title', x: 11, y: top + high / 2, 'text-anchor': 'middle', transform: `rotate(-90 11 ${top + high / 2})`, text: y.title }));
  const clip = `clip${++plotOf.made}`;
  drawing.append(svg('clipPath', { id: clip }, svg('rect', { x: left, y: top, width: wide, height: high })));
  const inside = svg('g', { 'clip-path': `url(#${clip})` });
  drawing.append(inside, svg('rect', { class: 'frame', x: left, y: top, width: wide, height: high }));
  const holds = (a, b) => a >= left - 1 && a <= left + wide + 1 && b >= top - 1 && b <= top + high + 1;
  return { drawing, inside, px, py, left, top, wide, high, holds };
}
plotOf.made = 0;

const r1 = (v) => v.toFixed(1);
// Dots of [x, y] in the plot's values; what lies outside is a small arrow's tip at the rim. Returns how many do.
function dots(plot, points, { size = 4, color = 'var(--link)', opacity = 1, rim = true } = {}) {
  let d = '', outside = '', n = 0;
  for (const [x, y] of points) {
    if (!isNumber(x) || !isNumber(y)) continue;
    const a = plot.px(x), b = plot.py(y);
    if (plot.holds(a, b)) { d += `M${r1(a)} ${r1(b)}h0`; continue; }
    ++n;
    if (!rim || a < plot.left - 1 || a > plot.left + plot.wide + 1) continue;
    const up = b < plot.top, e = up ? plot.top + 2 : plot.top + plot.high - 2, f = up ? 5 : -5;
    outside += `M${r1(a)} ${e}l3.5 ${f}h-7z`;
  }
  plot.inside.append(svg('path', { class: 'dots', d, stroke: color, 'stroke-width': size, 'stroke-opacity': opacity }));
  if (outside) plot.inside.append(svg('path', { d: outside, fill: color }));
  return n;
}
function curve(plot, points, { color = 'var(--ink)', name = 'line', width = null } = {}) {
  const d = points.filter(([x, y]) => isNumber(x) && isNumber(y)).map(([x, y], i) => `${i ? 'L' : 'M'}${r1(plot.px(x))} ${r1(plot.py(y))}`).join('');
  plot.inside.append(svg('path', { class: name, d, stroke: name.includes('ideal') ? null : color, 'stroke-width': width, fill: 'none' }));
}
// Bars from y - error to y + error.
function errorBars(plot, points, { color = 'var(--ink)', opacity = 0.8 } = {}) {
  let d = '';
  for (const [x, y, e] of points) if (isNumber(x) && isNumber(y) && isNumber(e)) d += `M${r1(plot.px(x))} ${r1(plot.py(y - e))}V${r1(plot.py(y + e))}`;
  plot.inside.append(svg('path', { class: 'bars', d, stroke: color, 'stroke-width': 1.4, 'stroke-opacity': opacity }));
}
// Short level strokes: medians of many.
function strokes(plot, points, { color = 'var(--ink)', half = 6 } = {}) {
  let d = '';
  for (const [x, y] of points) if (isNumber(x) && isNumber(y)) d += `M${r1(plot.px(x) - half)} ${r1(plot.py(y))}h${2 * half}`;
  plot.inside.append(svg('path', { class: 'bars', d, stroke: 'var(--paper)', 'stroke-width': 4.5 }), svg('path', { class: 'bars', d, stroke: color, 'stroke-width': 2.4 }));
}
// Steps of a histogram: counts[k] between edges.
function steps(plot, from, width, counts, { color = 'var(--ink)', dash = '' } = {}) {
  let d = `M${r1(plot.px(from))} ${r1(plot.py(0))}`;
  counts.forEach((n, k) => { d += `L${r1(plot.px(from + k * width))} ${r1(plot.py(n))}L${r1(plot.px(from + (k + 1) * width))} ${r1(plot.py(n))}`; });
  d += `L${r1(plot.px(from + counts.length * width))} ${r1(plot.py(0))}`;
  plot.inside.append(svg('path', { class: 'line', d, stroke: color, 'stroke-dasharray': dash || null }));
}
function countsOf(values, from, to, bins) {
  const counts = new Array(bins).fill(0);
  for (const v of values) if (isNumber(v)) ++counts[Math.max(0, Math.min(bins - 1, Math.floor((v - from) / (to - from) * bins)))];
  return counts;
}
// Medians of y in bins of x that hold as many, with errors of the medians.
function runningMedian(points, bins) {
  const sorted = points.filter(([x, y]) => isNumber(x) && isNumber(y)).sort((a, b) => a[0] - b[0]), out = [];
  const per = Math.max(8, Math.ceil(sorted.length / bins));
  for (let i = 0; i + per / 2 < sorted.length; i += per) {
    const part = sorted.slice(i, i + per), ys = part.map((p) => p[1]), middle = median(ys);
    out.push([median(part.map((p) => p[0])), middle, 1.2533 * robustWidth(ys, middle) / Math.sqrt(part.length)]);
  }
  return out;
}

// ---- colours of numbers ----
const betweenColours = (stops, t) => {
  const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2), f = at - i;
  return `rgb(${stops[i].map((v, k) => Math.round(v + f * (stops[i + 1][k] - v))).join(',')})`;
};
// Blue below, red above, near white between.
const diverging = (t) => betweenColours([[33, 82, 163], [110, 168, 214], [236, 238, 240], [232, 142, 110], [166, 28, 40]], t);
function scaleBar(low, high, unit, decimals) {
  const bar = svg('svg', { width: 150, height: 11, 'aria-hidden': 'true' });
  for (let k = 0; k < 50; ++k) bar.append(svg('rect', { x: 3 * k, y: 0, width: 3.2, height: 11, fill: diverging(k / 49) }));
  return element('div', { class: 'scale-bar' }, fixed(low, decimals), bar, `${signed(high, decimals)} ${unit}`);
}

// ---- figures, drawn to fit ----
const figures = [];
// draw(width): an SVG element, or {drawing, after: [elements below it]}; null: nothing to show.
function figureOf(title, note, draw) {
  const box = element('div'), caption = element('figcaption', { text: title });
  const node = element('figure', {}, caption, box, note ? element('p', { text: note }) : null);
  figures.push({ node, box, draw, drawn: 0 });
  return node;
}
function drawFigures(again = false) {
  for (const figure of figures) {
    if (!figure.node.isConnected) continue;
    const w = Math.floor(figure.box.clientWidth);
    if (w < 50 || (!again && w === figure.drawn)) continue;
    figure.drawn = w;
    const made = figure.draw(w);
    const parts = !made ? [] : made instanceof Node ? [made] : [made.drawing, ...made.after];
    figure.box.replaceChildren(...parts);
  }
}
function forgetFigures(within) {
  for (let i = figures.length - 1; i >= 0; --i) if (within.contains(figures[i].node)) figures.splice(i, 1);
}
let later = 0;
window.addEventListener('resize', () => { clearTimeout(later); later = setTimeout(drawFigures, 120); });

const keyOf = (...items) => element('div', { class: 'key' }, ...items.filter(Boolean).map(([mark, words]) => element('span', {}, mark, words)));
const dotMark = (color, size = 7) => svg('svg', { width: 10, height: 10, 'aria-hidden': 'true' }, svg('circle', { cx: 5, cy: 5, r: size / 2, fill: color }));
const lineMark = (color, dash = '') => svg('svg', { width: 26, height: 10, 'aria-hidden': 'true' }, svg('line', { x1: 1, x2: 25, y1: 5, y2: 5, stroke: color, 'stroke-width': 2, 'stroke-dasharray': dash || null }));

// ---- points that are chosen ----
// places: [x, y, what] in the drawing's pixels; the nearest to the pointer is told, and taken by a click.
const hint = element('div', { class: 'hint', hidden: true });
function pickable(drawing, places, tell, take) {
  drawing.classList.add('pickable');
  const nearest = (event) => {
    const box = drawing.getBoundingClientRect(), k = drawing.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * k, y = (event.clientY - box.top) * k;
    let best = null, distance = 14 * 14;
    for (const place of places) {
      const d = (place[0] - x) ** 2 + (place[1] - y) ** 2;
      if (d <= distance) { best = place; distance = d; }
    }
    return best;
  };
  drawing.addEventListener('pointermove', (event) => {
    const place = nearest(event);
    hint.hidden = !place;
    if (!place) return;
    if (!hint.isConnected) document.body.append(hint);
    hint.textContent = tell(place[2]);
    hint.style.left = `${Math.min(event.clientX + 14, window.innerWidth - hint.offsetWidth - 8)}px`;
    hint.style.top = `${event.clientY + 18 + hint.offsetHeight > window.innerHeight ? event.clientY - 10 - hint.offsetHeight : event.clientY + 18}px`;
  });
  drawing.addEventListener('pointerleave', () => { hint.hidden = true; });
  drawing.addEventListener('click', (event) => { const place = nearest(event); if (place) take(place[2]); });
}

// ---- tables that sort ----
// columns: { title, help, value(row), cell(row) -> text or node, text, unit, mark(row) -> class }; returns { node, refill }.
function sortableTable(rows, columns, { name, sortBy = null, down = true, most = 100, rowOf = null }) {
  let state = { column: sortBy, down }, shown = most;
  const head = element('tr'), body = element('tbody'), more = element('p', { class: 'note' });
  const compare = (column, sign) => (a, b) => {
    const p = column.value(a), q = column.value(b);
    if (column.text) return sign * String(p).localeCompare(String(q), 'en', { numeric: true });
    return isNumber(p) && isNumber(q) ? sign * (p - q) : isNumber(q) - isNumber(p);
  };
  const fill = () => {
    const column = columns[state.column];
    const order = column ? [...rows()].sort(compare(column, state.down ? -1 : 1)) : rows();
    body.replaceChildren(...order.slice(0, shown).map((row) => {
      const line = element('tr', {}, ...columns.map((c) => {
        const content = c.cell ? c.cell(row) : c.value(row);
        return element('td', { class: [c.text ? 't' : '', c.mark ? c.mark(row) : ''].join(' ').trim() || null }, content instanceof Node ? content : String(content ?? '–'));
      }));
      if (rowOf) rowOf(row, line);
      return line;
    }));
    head.replaceChildren(...columns.map((c, k) => element('th', { scope: 'col', class: c.text ? 't' : null, 'aria-sort': state.column === k ? (state.down ? 'descending' : 'ascending') : null },
      element('button', { type: 'button', title: c.help || null, onclick: () => {
        state = { column: k, down: state.column === k ? !state.down : !c.text };
        fill();
        head.children[k].firstChild.focus();
      } }, c.title, c.unit ? element('span', { class: 'unit', text: ` ${c.unit}` }) : null, state.column === k ? (state.down ? ' ▾' : ' ▴') : ''))));
    more.replaceChildren(...(order.length > shown ? [`${count(shown)} of ${count(order.length)} rows are shown. `,
      element('button', { type: 'button', text: 'Show all', onclick: () => { shown = Infinity; fill(); } })] : []));
  };
  fill();
  return { node: element('div', {}, element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name }, element('table', { 'aria-label': name }, element('thead', {}, head), body)), more), refill: fill };
}
