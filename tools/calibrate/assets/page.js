'use strict';
const { ccds, coarse } = JSON.parse(document.getElementById('data').textContent);

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const svgElement = (name, attributes = {}, text = '') => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
};
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const shown = (value, digits = 3) => isNumber(value) ? Number(value.toPrecision(digits)).toString() : '–';
const median = (values) => {
  const sorted = values.filter(isNumber).sort((a, b) => a - b), n = sorted.length;
  return n ? (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2 : NaN;
};

// What follows from the pictures' numbers.
for (const ccd of ccds) {
  const of = (k) => (ccd.psf || []).map((shape) => shape[k]).filter(isNumber);
  ccd.fwhm = median(of(2));
  ccd.fwhm_spread = of(2).length ? Math.max(...of(2)) - Math.min(...of(2)) : NaN;
  ccd.ellipticity = of(3).length ? Math.max(...of(3)) : NaN;
  ccd.sky_range = ccd.sky ? ccd.sky.high - ccd.sky.low : NaN;
  ccd.state = [['psf', ccd.psf_step], ['sky', ccd.sky_step]].filter(([, step]) => step.state !== 'not asked for')
      .map(([name, step]) => `${name} ${step.state}`).join(', ');
  ccd.failed = ccd.psf_step.failed || ccd.sky_step.failed;
}

// title, value, digits; sign: whether only high (1) or both sides (0) stand out.
const columns = [
  { title: 'CCD', value: (c) => c.name, text: true },
  { title: 'Band', value: (c) => c.band, text: true },
  { title: 'What became of it', value: (c) => c.state, text: true, bad: (c) => c.failed },
  { title: 'Stands out', value: (c) => c.outliers, digits: 3 },
  { title: 'Stars', value: (c) => c.accepted, digits: 6, judged: true },
  { title: 'of', value: (c) => c.loaded, digits: 6 },
  { title: 'χ²', value: (c) => c.chi2, digits: 3, judged: true },
  { title: 'FWHM [pix]', value: (c) => c.fwhm, digits: 4, judged: true },
  { title: 'its spread', value: (c) => c.fwhm_spread, digits: 2, judged: true },
  { title: 'Ellipticity at most', value: (c) => c.ellipticity, digits: 2, judged: true },
  { title: 'Sky', value: (c) => c.sky_level, digits: 6, judged: true },
  { title: 'its range', value: (c) => c.sky_range, digits: 3, judged: true },
  { title: 'σ', value: (c) => c.sig1, digits: 3, judged: true },
  { title: 'Masked', value: (c) => c.masked, digits: 2, judged: true },
  { title: 'Residual / noise', value: (c) => c.residual_excess, digits: 3, judged: true },
  { title: 'Noise / weights', value: (c) => c.noise_over_weights, digits: 3, judged: true, alone: (v) => v > 1.3 || v < 0.8 },
];

// A value among those of its band: more than five median deviations, and a twentieth, away.
const usual = new Map();
for (const band of new Set(ccds.map((c) => c.band))) {
  const ofBand = ccds.filter((c) => c.band === band);
  for (const column of columns.filter((c) => c.judged)) {
    const values = ofBand.map(column.value).filter(isNumber), middle = median(values);
    const away = median(values.map((v) => Math.abs(v - middle))) * 1.4826;
    usual.set(`${band}/${column.title}`, { enough: values.length >= 5, middle, far: Math.max(5 * away, 0.05 * Math.abs(middle)) });
  }
}
function standsOut(column, ccd) {
  const value = column.value(ccd);
  if (!column.judged || !isNumber(value)) return false;
  if (column.alone && column.alone(value)) return true;
  const { enough, middle, far } = usual.get(`${ccd.band}/${column.title}`);
  return enough && Math.abs(value - middle) > far;
}
for (const ccd of ccds) {
  ccd.marked = columns.map((column) => standsOut(column, ccd));
  ccd.outliers = ccd.marked.filter(Boolean).length + (ccd.failed ? 10 : 0);
}

let order = [...ccds].sort((a, b) => b.outliers - a.outliers), sorted = { column: 3, down: true }, chosen = null;
const rows = new Map();

function fillTable() {
  const head = element('tr');
  columns.forEach((column, k) => {
    const arrow = sorted.column === k ? (sorted.down ? ' ▾' : ' ▴') : '';
    const button = element('button', { type: 'button' }, column.title + arrow);
    button.addEventListener('click', () => {
      sorted = { column: k, down: sorted.column === k ? !sorted.down : !column.text };
      const sign = sorted.down ? -1 : 1;
      order.sort((a, b) => {
        const p = column.value(a), q = column.value(b);
        if (column.text) return sign * String(p).localeCompare(String(q), 'en', { numeric: true });
        return isNumber(p) && isNumber(q) ? sign * (p - q) : isNumber(q) - isNumber(p);
      });
      fillTable();
    });
    head.append(element('th', column.text ? { class: 't', scope: 'col' } : { scope: 'col' }, button));
  });
  const body = element('tbody');
  rows.clear();
  for (const ccd of order) {
    const row = element('tr', { tabindex: 0, class: ccd === chosen ? 'chosen' : '' });
    columns.forEach((column, k) => {
      const names = [column.text ? 't' : '', ccd.marked[k] ? 'out' : '', column.bad && column.bad(ccd) ? 'bad' : ''];
      const value = column.value(ccd);
      row.append(element('td', { class: names.join(' ').trim() }, column.text ? value : shown(value, column.digits)));
    });
    row.addEventListener('click', () => show(ccd));
    row.addEventListener('keydown', (event) => { if (event.key === 'Enter') show(ccd); });
    rows.set(ccd, row);
    body.append(row);
  }
  document.getElementById('table').replaceChildren(element('table', {}, element('thead', {}, head), body));
}

// Colours of 0 to 1: dark blue over green to yellow, or blue over white to red.
const between = (stops, t) => {
  const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2), f = at - i;
  return stops[i].map((v, k) => Math.round(v + f * (stops[i + 1][k] - v)));
};
const rising = (t) => between([[13, 8, 80], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], t);
const around = (t) => between([[5, 48, 140], [146, 197, 222], [247, 247, 247], [244, 165, 130], [150, 10, 30]], t);
const grey = (t) => between([[0, 0, 0], [255, 255, 255]], t);

// A plane of bytes on a canvas, its first row below, as FITS viewers show it.
function draw(plane, colours, zoom) {
  const bytes = atob(plane.pixels), w = plane.width, h = plane.height;
  const small = element('canvas', { width: w, height: h }), pixels = new ImageData(w, h);
  for (let y = 0; y < h; ++y)
    for (let x = 0; x < w; ++x) {
      const v = bytes.charCodeAt(y * w + x), at = 4 * ((h - 1 - y) * w + x);
      const [r, g, b] = v ? colours((v - 1) / 254) : [110, 110, 110];
      pixels.data.set([r, g, b, 255], at);
    }
  small.getContext('2d').putImageData(pixels, 0, 0);
  small.style.width = `${Math.round(w * zoom)}px`;
  small.style.height = `${Math.round(h * zoom)}px`;
  return small;
}

function scale(plane, colours, unit) {
  const bar = element('canvas', { width: 128, height: 10 }), pen = bar.getContext('2d');
  for (let x = 0; x < 128; ++x) {
    pen.fillStyle = `rgb(${colours(x / 127).join(',')})`;
    pen.fillRect(x, 0, 1, 10);
  }
  return element('div', { class: 'scale' }, shown(plane.low, 6), bar, `${shown(plane.high, 6)} ${unit}`);
}

const figure = (title, note, ...parts) =>
  element('figure', {}, element('figcaption', {}, title), ...parts, element('p', {}, note));

// The chip's outline, in which places of the CCD are drawn.
function chip(ccd, side = 300) {
  const k = side / Math.max(ccd.width, ccd.height), w = ccd.width * k, h = ccd.height * k, rim = 20, right = 34;
  const svg = svgElement('svg', { width: w + rim + right, height: h + 2 * rim, role: 'img' });
  svg.append(svgElement('rect', { x: rim, y: rim, width: w, height: h, class: 'axis' }));
  return { svg, x: (x) => rim + x * k, y: (y) => rim + h - y * k, k };
}

function psfFigures(ccd) {
  const shapes = ccd.psf.filter((s) => isNumber(s[2]));
  const { svg, x, y } = chip(ccd);
  const smallest = Math.min(...shapes.map((s) => s[2])), room = 16 / (Math.max(...shapes.map((s) => s[2])) - smallest || 1);
  for (const [px, py, fwhm, ellipticity, angle] of shapes) {
    svg.append(svgElement('circle', { cx: x(px), cy: y(py), r: 4 + (fwhm - smallest) * room / 2, class: 'disc' }));
    const length = 200 * (isNumber(ellipticity) ? ellipticity : 0), a = angle * Math.PI / 180;
    const dx = length / 2 * Math.cos(a), dy = length / 2 * Math.sin(a);
    svg.append(svgElement('line', { x1: x(px) - dx, y1: y(py) + dy, x2: x(px) + dx, y2: y(py) - dy, class: 'stick' }));
    svg.append(svgElement('text', { x: x(px) + 3, y: y(py) - 9 }, fwhm.toFixed(2)));
  }
  const shape = figure('PSF: width and shape', 'Numbers: FWHM in pixels, which discs follow. Sticks: the long axis, 20 screen pixels for an ellipticity of 0.1.', svg);
  if (!ccd.stamps.length) return [shape];
  const grid = element('div', { style: 'display:grid;grid-template-columns:repeat(3,max-content);gap:3px' });
  for (const row of [2, 1, 0])
    for (const column of [0, 1, 2]) grid.append(draw(ccd.stamps[3 * row + column].plane, grey, 96 / ccd.stamps[0].plane.width));
  return [
    shape,
    figure('PSF over the chip', 'Square root of the light, each by its own peak.', grid),
  ];
}

function starsFigure(ccd) {
  const { svg, x, y } = chip(ccd);
  for (const [px, py, accepted] of ccd.stars)
    svg.append(svgElement('circle', { cx: x(px), cy: y(py), r: 2.2, class: accepted ? 'star' : 'rejected' }));
  return figure('Stars', `The PSF was made of ${ccd.accepted} stars, of ${ccd.loaded} that looked like it; red rings are detections that were not taken.`, svg);
}

function noiseFigure(ccd) {
  const w = 300, h = 190, left = 8, bottom = 18, most = Math.max(0.42, ...ccd.pulls), n = ccd.pulls.length;
  const px = (v) => left + (v + 5) / 10 * (w - 2 * left), py = (v) => h - bottom - v / most * (h - bottom - 8);
  const svg = svgElement('svg', { width: w, height: h, role: 'img' });
  const path = (points, name) => svg.append(svgElement('path', { d: 'M' + points.map((p) => p.map((v) => v.toFixed(1)).join(' ')).join('L'), class: name }));
  path(ccd.pulls.map((v, i) => [px(-5 + (i + .5) * 10 / n), py(v)]), 'line');
  path(Array.from({ length: 101 }, (_, i) => -5 + i / 10).map((v) => [px(v), py(Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI))]), 'ideal');
  svg.append(svgElement('line', { x1: px(-5), x2: px(5), y1: py(0), y2: py(0), class: 'axis' }));
  for (const tick of [-4, -2, 0, 2, 4]) svg.append(svgElement('text', { x: px(tick) - 6, y: h - 4 }, String(tick)));
  return figure('(image − sky) / error', `Width ${shown(ccd.noise_over_weights, 4)}; dashed: 1, which weights that are right give. Sources are left out.`, svg);
}

function show(ccd) {
  if (chosen) rows.get(chosen).classList.remove('chosen');
  chosen = ccd;
  rows.get(ccd).classList.add('chosen');
  document.getElementById('ccd').hidden = false;
  document.getElementById('ccd-title').textContent = `${ccd.name}, ${ccd.band}`;
  document.getElementById('ccd-facts').textContent = `${ccd.camera} · ${ccd.image} · ${ccd.state}`;
  const message = document.getElementById('ccd-message');
  const words = [ccd.psf_step, ccd.sky_step].filter((step) => step.failed).map((step) => step.why);
  words.push(...ccd.lacking.filter(() => !words.length));
  message.hidden = !words.length;
  message.textContent = words.join('; ');
  const figures = [];
  if (ccd.sky) {
    const zoom = 300 / Math.max(ccd.sky.width, ccd.sky.height);
    figures.push(figure('Sky model', 'Native units.', draw(ccd.sky, rising, zoom), scale(ccd.sky, rising, '')));
    figures.push(figure('What it leaves', `Mean of cells of ${ccd.bin} × ${ccd.bin} pixels without sources, in σ of a pixel; grey: no sky to see. Its width is ${shown(ccd.residual_excess)} of the noise.`,
      draw(ccd.residual, around, zoom), scale(ccd.residual, around, 'σ')));
    figures.push(figure('Noise / weights', 'Width of (image − sky)/error, by place: 1 for weights that are right.',
      draw(ccd.noise, around, zoom * ccd.sky.width / ccd.noise.width), scale(ccd.noise, around, '')));
  }
  if (ccd.pulls) figures.push(noiseFigure(ccd));
  if (ccd.psf && ccd.psf.length) figures.push(...psfFigures(ccd));
  if (ccd.stars && ccd.stars.length && ccd.width > 0) figures.push(starsFigure(ccd));
  document.getElementById('figures').replaceChildren(...figures);
}

const failed = ccds.filter((c) => c.failed).length;
document.getElementById('summary').textContent = `${ccds.length} CCDs, ${failed} failed` +
    (coarse ? '. So many leave room for small pictures only; calibrate with fewer chosen shows more.' : '');
fillTable();
if (order.length) show(order[0]);
