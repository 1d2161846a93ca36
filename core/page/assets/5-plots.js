// Histograms of chi-squared and magnitudes, and colours against each other.

const plotSize = { w: 440, h: 280, left: 48, right: 12, top: 10, bottom: 40 };
const bandPens = [['#1b7f3b', ''], ['#c2410c', '6 3'], ['#6d4bc3', '2 2'], ['#0369a1', '8 3 2 3'], ['#9d174d', '1 3'], ['#4d5a00', '10 4']];
const penOf = (k) => bandPens[k % bandPens.length];

function ticks(from, to, about) {
  const raw = (to - from) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const out = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + 1e-9 * step; ++k) out.push(Number((k * step).toPrecision(10)));
  return out;
}

// Axes of a plot: the drawing and the two scales.
function axes({ x, y, xLabel, yLabel, label }) {
  const { w, h, left, right, top, bottom } = plotSize;
  const sx = (value) => left + (value - x[0]) / (x[1] - x[0]) * (w - left - right);
  const sy = (value) => h - bottom - (value - y[0]) / (y[1] - y[0]) * (h - top - bottom);
  const drawing = svg('svg', { viewBox: `0 0 ${w} ${h}`, role: 'img', 'aria-label': label });
  for (const tick of ticks(x[0], x[1], 7)) {
    drawing.append(svg('line', { class: 'grid', x1: sx(tick), x2: sx(tick), y1: top, y2: h - bottom }),
      svg('text', { x: sx(tick), y: h - bottom + 16, 'text-anchor': 'middle', text: String(tick) }));
  }
  for (const tick of ticks(y[0], y[1], 5)) {
    drawing.append(svg('line', { class: 'grid', x1: left, x2: w - right, y1: sy(tick), y2: sy(tick) }),
      svg('text', { x: left - 6, y: sy(tick) + 4, 'text-anchor': 'end', text: tick >= 1e4 ? `${tick / 1000}k` : String(tick) }));
  }
  drawing.append(svg('rect', { class: 'axis', x: left, y: top, width: w - left - right, height: h - top - bottom }),
    svg('text', { x: (left + w - right) / 2, y: h - 6, 'text-anchor': 'middle', text: xLabel }),
    svg('text', { x: 12, y: (top + h - bottom) / 2, 'text-anchor': 'middle', transform: `rotate(-90 12 ${(top + h - bottom) / 2})`, text: yLabel }));
  return { drawing, sx, sy };
}

const median = (values) => {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b), n = sorted.length;
  return n % 2 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
};

// One histogram line per band. values(band): a list of numbers; what lies outside is counted in the end bins.
function histogram({ title, xLabel, range, bins, values, note }) {
  const lists = bands.map((band) => ({ band, values: values(band).filter(isNumber) })).filter((list) => list.values.length > 0);
  if (lists.length === 0) return null;
  const [from, to] = range(lists.flatMap((list) => list.values)), width = (to - from) / bins;
  let most = 1;
  for (const list of lists) {
    list.counts = new Array(bins).fill(0);
    for (const value of list.values) ++list.counts[Math.max(0, Math.min(bins - 1, Math.floor((value - from) / width)))];
    most = Math.max(most, ...list.counts);
  }
  const words = lists.map((list) => `${list.band}: ${list.values.length} sources, median ${digits(median(list.values), 3)}`);
  const { drawing, sx, sy } = axes({ x: [from, to], y: [0, most * 1.06], xLabel, yLabel: 'sources', label: `${title}. ${words.join('; ')}` });
  const key = element('div', { class: 'key' });
  lists.forEach((list) => {
    const [color, dashes] = penOf(bands.indexOf(list.band));
    let d = `M${sx(from)} ${sy(0)}`;
    list.counts.forEach((n, k) => { d += `L${sx(from + k * width).toFixed(1)} ${sy(n).toFixed(1)}L${sx(from + (k + 1) * width).toFixed(1)} ${sy(n).toFixed(1)}`; });
    const pen = { stroke: color, 'stroke-width': 1.8, 'stroke-dasharray': dashes || 'none', fill: 'none' };
    drawing.append(svg('path', { d: `${d}L${sx(to)} ${sy(0)}`, ...pen }));
    key.append(element('span', {}, svg('svg', { width: 30, height: 10, 'aria-hidden': 'true' }, svg('line', { x1: 1, x2: 29, y1: 5, y2: 5, ...pen })),
      ` ${list.band}, median ${median(list.values).toFixed(2)}`));
  });
  return element('figure', {}, element('figcaption', { text: title }), drawing, key, note ? element('p', { class: 'note', text: note }) : null);
}

// The quantile of sorted numbers.
const quantile = (sorted, q) => sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(q * (sorted.length - 1))))];
function widened(values, least) {
  const sorted = values.filter(isNumber).sort((a, b) => a - b);
  let from = quantile(sorted, 0.01), to = quantile(sorted, 0.99);
  const margin = Math.max((to - from) * 0.08, (least - (to - from)) / 2, 0);
  return [from - margin, to + margin];
}

// Sources as points; a click takes the nearest.
function scatter({ title, xLabel, yLabel, points, note, flip }) {
  if (points.length === 0) return null;
  const x = widened(points.map((p) => p.x), 1), y = widened(points.map((p) => p.y), 1);
  if (flip) y.reverse();
  const { drawing, sx, sy } = axes({ x, y: flip ? [y[0], y[1]] : y, xLabel, yLabel, label: `${title}: ${points.length} sources` });
  const { w, h, left, right, top, bottom } = plotSize;
  const group = svg('g');
  const byType = new Map();
  for (const point of points) {
    const px = sx(point.x), py = sy(point.y);
    if (px < left || px > w - right || py < top || py > h - bottom) continue;
    const type = typeOf(point.row);
    if (!byType.has(type)) byType.set(type, []);
    byType.get(type).push([px, py]);
  }
  const key = element('div', { class: 'key' });
  for (const type of Object.keys(typeStyles)) {
    const places = byType.get(type);
    if (!places) continue;
    const pen = plotPens[type] || ['#555', 'square'];
    const mark = { cross: (a, b) => `M${a - 2.5} ${b}h5M${a} ${b - 2.5}v5`, dot: (a, b) => `M${a - 1.6} ${b}a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0`,
      square: (a, b) => `M${a - 2} ${b - 2}h4v4h-4z`, diamond: (a, b) => `M${a} ${b - 2.8}l2.8 2.8l-2.8 2.8l-2.8 -2.8z`, triangle: (a, b) => `M${a} ${b - 3}l3 5h-6z` }[pen[1]];
    const style = { stroke: pen[0], fill: 'none', 'stroke-width': 1.1, 'stroke-opacity': places.length > 1500 ? 0.5 : 0.85 };
    group.append(svg('path', { d: places.map(([a, b]) => mark(Number(a.toFixed(1)), Number(b.toFixed(1)))).join(''), ...style }));
    key.append(element('span', {}, svg('svg', { width: 14, height: 12, 'aria-hidden': 'true' }, svg('path', { d: mark(7, 6), ...style, 'stroke-opacity': 1 })), ` ${type} ${count(places.length)}`));
  }
  drawing.append(group);
  drawing.style.cursor = 'pointer';
  drawing.addEventListener('click', (event) => {
    const box = drawing.getBoundingClientRect(), scale = plotSize.w / box.width;
    const mx = (event.clientX - box.left) * scale, my = (event.clientY - box.top) * scale;
    let best = null, distance = 10;
    for (const point of points) {
      const d = Math.hypot(sx(point.x) - mx, sy(point.y) - my);
      if (d < distance) { best = point; distance = d; }
    }
    if (!best) return;
    lookAt(best.row);
    viewer.canvas.scrollIntoView({ block: 'center' });
  });
  return element('figure', {}, element('figcaption', { text: title }), drawing, key, element('p', { class: 'note', text: note }));
}
const plotPens = { PSF: ['#0369a1', 'cross'], REX: ['#a16207', 'dot'], EXP: ['#15803d', 'diamond'], DEV: ['#c2410c', 'square'], SER: ['#be185d', 'triangle'],
  COMP: ['#7c3aed', 'square'],
  DUP: ['#64748b', 'square'], NUN: ['#64748b', 'square'] };

function rows(test) {
  const out = [];
  for (let i = 0; i < sources; ++i) if (test(i)) out.push(i);
  return out;
}
// Magnitude of a source that is measured well enough in the band, corrected for Galactic extinction where that is known.
function goodMag(i, band, signal) {
  const value = fluxOf(i, band);
  if (!value || !value.error || !(value.flux > signal * value.error)) return null;
  const through = bandColumn('mw_transmission', band), t = through && through[i] > 0 ? through[i] : 1;
  return 22.5 - 2.5 * Math.log10(value.flux / t);
}

function showPlots() {
  const box = byId('plot-list'), figures = [];
  if (sources > 0) {
    figures.push(histogram({ title: 'χ² per pixel of the models, by band', xLabel: 'rchisq', bins: 50,
      range: (values) => { const sorted = values.sort((a, b) => a - b); return [0, Math.max(2, Math.min(10, Math.ceil(quantile(sorted, 0.97))))]; },
      values: (band) => (bandColumn('rchisq', band) || []).filter((value) => value > 0), note: 'Larger values are counted in the last bin.' }));
    figures.push(histogram({ title: 'Magnitudes, by band', xLabel: 'AB magnitude', bins: 40,
      range: (values) => { const sorted = values.sort((a, b) => a - b); return [Math.floor(quantile(sorted, 0.002)), Math.ceil(quantile(sorted, 0.995))]; },
      values: (band) => rows(() => true).map((i) => fluxOf(i, band)).filter((value) => value && value.mag !== null).map((value) => value.mag),
      note: 'Sources with positive flux; not corrected for extinction.' }));
    const [first, second, third] = bands;
    const reddened = bands.every((band) => !(bandColumn('mw_transmission', band) || []).some((t) => t > 0 && t < 1));
    const note = `Signal to noise above 5 in each band; ${reddened ? 'not corrected for extinction' : 'corrected for Galactic extinction'}. A click on a point shows the source.`;
    if (bands.length >= 3) {
      const points = rows(() => true).map((row) => ({ row, m: [first, second, third].map((band) => goodMag(row, band, 5)) }))
        .filter((p) => p.m.every((m) => m !== null)).map((p) => ({ row: p.row, x: p.m[0] - p.m[1], y: p.m[1] - p.m[2] }));
      figures.push(scatter({ title: `Colours: ${first} − ${second} and ${second} − ${third}`, xLabel: `${first} − ${second}`, yLabel: `${second} − ${third}`, points, note }));
    } else if (bands.length === 2) {
      const points = rows(() => true).map((row) => ({ row, m: [first, second].map((band) => goodMag(row, band, 5)) }))
        .filter((p) => p.m.every((m) => m !== null)).map((p) => ({ row: p.row, x: p.m[1], y: p.m[0] - p.m[1] }));
      figures.push(scatter({ title: `Colour ${first} − ${second} by magnitude`, xLabel: second, yLabel: `${first} − ${second}`, points, note }));
    }
    const band = bands.includes('r') ? 'r' : bands[bands.length - 1];
    const sizes = rows((i) => catalog.shape_r[i] > 0).map((row) => ({ row, x: goodMag(row, band, 5), y: Math.log10(catalog.shape_r[row]) })).filter((p) => p.x !== null);
    figures.push(scatter({ title: `Half-light radius by ${band} magnitude`, xLabel: band, yLabel: 'log radius, arcsec', points: sizes, note: 'Galaxies with signal to noise above 5. A click on a point shows the source.' }));
  }
  const made = figures.filter((figure) => figure);
  box.append(...(made.length ? made : [element('p', { class: 'note', text: 'There is no catalog to plot.' })]));
}
