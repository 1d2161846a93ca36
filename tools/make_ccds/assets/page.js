'use strict';
const { exposures, ccds: table, stars: packed, terms, usual, stars_measured, stars_shown, stars_of_others } = JSON.parse(byId('data').textContent);

// ---- what was measured ----
// Of packed, per star.
const kStar = { x: 0, y: 1, mag: 2, residual: 3, error: 4, colour: 5, difference: 6, ra: 7, dec: 8, used: 9, all: 10 };
const ccds = table.ccdname.map((name, i) => {
  const ccd = { i, exposure: exposures[table.exposure[i]], e: table.exposure[i] };
  for (const [key, values] of Object.entries(table)) if (key !== 'exposure') ccd[key] = values[i] ?? NaN;
  ccd.band = ccd.exposure.band;
  ccd.camera = ccd.exposure.camera;
  ccd.mjd = ccd.exposure.mjd;
  ccd.name = `${ccd.exposure.name}-${name || `HDU ${ccd.hdu}`}`;
  ccd.failed = ccd.failure !== '' || !isNumber(ccd.ccdzpt);
  ccd.seeing = ccd.fwhm * ccd.pixscale;
  return ccd;
});
const known = new Map();
for (const ccd of ccds) {  // a name of its own for each, which links have
  let id = ccd.name;
  if (known.has(id)) id = `${ccd.camera}-${ccd.name}`;
  for (let k = 2; known.has(id); ++k) id = `${ccd.camera}-${ccd.name}-${k}`;
  known.set(ccd.id = id, ccd);
}
const starsOf = (ccd) => {
  const flat = packed[ccd.i], out = [];
  for (let at = 0; at < flat.length; at += kStar.all)
    out.push({ ccd, x: flat[at], y: flat[at + 1], mag: isNumber(flat[at + 2]) ? flat[at + 2] / 100 : null, residual: flat[at + 3], error: flat[at + 4],
      colour: isNumber(flat[at + 5]) ? flat[at + 5] / 1000 : null, difference: isNumber(flat[at + 6]) ? flat[at + 6] / 1000 : null, ra: flat[at + 7], dec: flat[at + 8], used: flat[at + 9] === 1 });
  return out;
};

// A camera's band: what can be compared.
const cameras = [...new Set(exposures.map((e) => e.camera))];
const systems = new Map();
const systemName = (x) => (cameras.length > 1 ? `${x.camera} ${x.band}` : x.band) || 'no band';
for (const e of exposures) {
  e.ccds = [];
  for (const key of ['mjd', 'airmass', 'exptime', 'ra', 'dec']) e[key] ??= NaN;
}
for (const ccd of ccds) ccd.exposure.ccds.push(ccd);
for (const e of exposures) {
  const name = systemName(e);
  if (!systems.has(name)) systems.set(name, { name, band: e.band, camera: e.camera, exposures: [], shown: true, usual: usual[`${e.camera}/${e.band}`] || {} });
  systems.get(name).exposures.push(e);
  e.system = systems.get(name);
  e.good = e.ccds.filter((c) => !c.failed);
  const of = (key) => median(e.good.map((c) => c[key]));
  e.zero_point = of('ccdzpt');
  e.seeing = of('seeing'); e.transparency = of('transparency'); e.sky = of('ccdskysb'); e.raoff = of('ccdraoff'); e.decoff = of('ccddecoff'); e.scatter = of('ccdphrms');
  e.spread = e.good.length >= 3 ? robustWidth(e.good.map((c) => c.ccdzpt), e.zero_point) : NaN;
}
const bandOrder = 'u g r i z y Y'.split(' ');
const systemList = [...systems.values()].sort((a, b) => a.camera.localeCompare(b.camera) || (bandOrder.indexOf(a.band) + 99) % 99 - (bandOrder.indexOf(b.band) + 99) % 99 || a.band.localeCompare(b.band));
systemList.forEach((s, k) => { s.pen = `var(--pen-${k % 6})`; });

// The level of a system, and how it falls with airmass: a line through the exposures' medians, far ones left out again and again.
function fitExtinction(system) {
  const points = system.exposures.filter((e) => isNumber(e.zero_point) && isNumber(e.airmass)).map((e) => [e.airmass - 1, e.zero_point]);
  const spread = points.length ? Math.max(...points.map((p) => p[0])) - Math.min(...points.map((p) => p[0])) : 0;
  system.slope = isNumber(system.usual.extinction) ? -system.usual.extinction : 0;
  system.level = median(points.map(([x, y]) => y - system.slope * x));
  if (!isNumber(system.level)) system.level = median(system.exposures.map((e) => e.zero_point));
  system.fit = null;
  if (points.length < 6 || spread < 0.15) return;
  // Half of all slopes between two are below the first line's.
  const slopes = [];
  for (let i = 0; i < points.length; ++i)
    for (let j = Math.max(0, i - 200); j < i; ++j) if (Math.abs(points[i][0] - points[j][0]) > 0.03) slopes.push((points[i][1] - points[j][1]) / (points[i][0] - points[j][0]));
  let b = median(slopes), a = median(points.map(([x, y]) => y - b * x)), kept = points, width = 0;
  for (let turn = 0; turn < 20; ++turn) {
    width = Math.max(0.002, robustWidth(kept.map(([x, y]) => y - a - b * x)));
    const next = points.filter(([x, y]) => Math.abs(y - a - b * x) <= 3 * width);
    if (next.length < 5) return;
    const mx = next.reduce((s, p) => s + p[0], 0) / next.length, my = next.reduce((s, p) => s + p[1], 0) / next.length;
    const xx = next.reduce((s, p) => s + (p[0] - mx) ** 2, 0), xy = next.reduce((s, p) => s + (p[0] - mx) * (p[1] - my), 0);
    if (!(xx > 0)) return;
    b = xy / xx; a = my - b * mx;
    const same = next.length === kept.length;
    kept = next;
    system.fit = { k: -b, a, n: kept.length, error: Math.sqrt(kept.reduce((s, [x, y]) => s + (y - a - b * x) ** 2, 0) / Math.max(1, kept.length - 2) / xx) };
    if (same && turn > 0) break;
  }
  if (system.fit && !(system.fit.error < 0.05)) system.fit = null;
  if (system.fit) { system.slope = -system.fit.k; system.level = system.fit.a; }
}
for (const system of systemList) {
  fitExtinction(system);
  for (const e of system.exposures) e.deviation = e.zero_point - system.level - system.slope * (isNumber(e.airmass) ? e.airmass - 1 : 0);
}

// ---- what stands out: deviations from the like, in units of their usual width, which is nowhere below a floor ----
function judge(rows, quantities) {
  for (const row of rows) { row.z = {}; row.score = 0; row.worst = ''; }
  for (const q of quantities) {
    const values = rows.map(q.value).filter(isNumber), middle = q.about === 0 ? 0 : median(values);
    const width = Math.max(robustWidth(values, middle), q.floor * (q.relative ? Math.abs(middle) : 1));
    if (values.length < 5 || !isNumber(width)) continue;
    for (const row of rows) {
      const v = q.value(row);
      if (!isNumber(v)) continue;
      const z = (v - middle) / Math.max(width, q.own ? q.own(row) || 0 : 0);
      row.z[q.name] = z;
      const counted = q.side ? Math.max(0, q.side * z) : Math.abs(z);
      if (counted > row.score) { row.score = counted; row.worst = q.name; }
    }
  }
}
const farZ = 5;
const within = (c, key) => (c.exposure.good.length >= 3 && isNumber(c[key]) ? c[key] - median(c.exposure.good.map((o) => o[key])) : null);
const alone = (c) => c.exposure.good.length < 3, allAlone = ccds.every(alone);
for (const c of ccds) {
  if (c.failed) { c.z = {}; c.score = 1e9; c.worst = 'not measured'; continue; }
  c.above = isNumber(c.ccdzpt) ? c.ccdzpt - (alone(c) ? c.exposure.system.level + c.exposure.system.slope * (isNumber(c.exposure.airmass) ? c.exposure.airmass - 1 : 0) : c.exposure.zero_point) : null;
  c.offset = isNumber(c.ccdraoff) && isNumber(c.ccddecoff) ? Math.hypot(c.ccdraoff - (alone(c) ? 0 : c.exposure.raoff), c.ccddecoff - (alone(c) ? 0 : c.exposure.decoff)) : null;
  const halves = [[c.half_x, c.half_x_error], [c.half_y, c.half_y_error]].filter(([v, s]) => isNumber(v) && isNumber(s));
  const far = halves.sort((p, q) => Math.abs(q[0]) / Math.hypot(q[1], 0.002) - Math.abs(p[0]) / Math.hypot(p[1], 0.002))[0];
  c.halves = far ? far[0] : null;
  c.halves_z = far ? far[0] / Math.hypot(far[1], 0.002) : null;
  c.width_ratio = isNumber(c.seeing) && c.exposure.seeing > 0 ? (alone(c) ? null : c.seeing / c.exposure.seeing) : null;
  c.sky_above = within(c, 'ccdskysb');
}
const ccdQuantities = [
  { name: 'zero point', value: (c) => c.above, floor: 0.002, own: (c) => c.exposure.spread }, { name: 'scatter', value: (c) => c.ccdphrms, floor: 0.001, side: 1 },
  { name: 'few stars', value: (c) => c.ccdnphotom_used, floor: 0.15, relative: true, side: -1 }, { name: 'offset', value: (c) => c.offset, floor: 0.005, side: 1 },
  { name: 'astrometric scatter', value: (c) => c.astrometric_scatter, floor: 3, side: 1 }, { name: 'halves differ', value: (c) => c.halves_z, floor: 1, about: 0 },
  { name: 'seeing', value: (c) => c.width_ratio, floor: 0.02 }, { name: 'sky', value: (c) => c.sky_above, floor: 0.02 }];
for (const system of systemList) judge(system.exposures.flatMap((e) => e.good), ccdQuantities);
const exposureQuantities = [{ name: 'zero point', value: (e) => e.deviation, floor: 0.003 }, { name: 'seeing', value: (e) => e.seeing, floor: 0.05, relative: true, side: 1 },
  { name: 'sky', value: (e) => e.sky, floor: 0.1 }, { name: 'scatter', value: (e) => e.scatter, floor: 0.001, side: 1 },
  { name: 'CCDs differ', value: (e) => e.spread, floor: 0.001, side: 1 }];
for (const system of systemList) judge(system.exposures, exposureQuantities);

// ---- choosing a CCD ----
let chosen = null;
const rings = [];  // { node, place(ccd) -> [x, y] or null }
const isShown = (x) => (x.system || x.exposure.system).shown;
const told = (c) => `${c.name} · ${systemName(c)}\nzero point ${fixed(c.ccdzpt, 4)} mag, ${signed(1000 * c.above, 1)} mmag from ${alone(c) ? 'the usual' : 'its exposure'}`;
const linkTo = (ccd, words = ccd.name) => element('a', { href: `#ccd=${encodeURIComponent(ccd.id)}`, text: words });
function ringIn(drawing, place) {
  const node = svg('g', { visibility: 'hidden' }, svg('circle', { class: 'ring-paper', r: 7 }), svg('circle', { class: 'ring', r: 7 }));
  drawing.append(node);
  const ring = { node, place };
  rings.push(ring);
  moveRing(ring);
}
function moveRing({ node, place }) {
  const at = chosen && place(chosen);
  node.setAttribute('visibility', at ? 'visible' : 'hidden');
  if (at) node.setAttribute('transform', `translate(${r1(at[0])} ${r1(at[1])})`);
}
function choose(ccd) {
  chosen = ccd;
  for (let k = rings.length - 1; k >= 0; --k) rings[k].node.isConnected ? moveRing(rings[k]) : rings.splice(k, 1);
  for (const row of document.querySelectorAll('tr.chosen')) row.classList.remove('chosen');
  for (const row of document.querySelectorAll('tr[data-id]')) if (row.dataset.id === ccd.id) row.classList.add('chosen');
  const bar = byId('chosen');
  bar.hidden = false;
  bar.replaceChildren(element('b', { text: ccd.name }), ` · ${systemName(ccd)} · ${ccd.failed ? 'not measured' : `zero point ${fixed(ccd.ccdzpt, 4)} mag (${signed(1000 * ccd.above, 1)} mmag), ${plural(ccd.stars, 'star')}`} · `, linkTo(ccd, 'Show it'));
  showCcd(ccd);
}
function fromAddress(move) {
  const match = /^#ccd=(.*)$/.exec(location.hash);
  if (!match) return false;
  let id = '';
  try { id = decodeURIComponent(match[1]); } catch (error) { return false; }
  if (!known.has(id)) return false;
  choose(known.get(id));
  if (move) byId('ccd').scrollIntoView();
  return true;
}
window.addEventListener('hashchange', () => fromAddress(true));
document.addEventListener('click', (event) => {  // the same link again
  const link = event.target.closest && event.target.closest('a[href^="#ccd="]');
  if (link && link.getAttribute('href') === location.hash) fromAddress(true);
});

// ---- header ----
const failures = ccds.filter((c) => c.failed), mmag = 1000;
byId('summary').textContent = `${plural(ccds.length, 'CCD')} of ${plural(exposures.length, 'exposure')}, ${systemList.map((s) => s.name).join(', ')}; ` +
  `${failures.length ? `${count(failures.length)} not measured` : 'all measured'}. Zero points: AB magnitude of 1 count per second.`;
byId('sampled').textContent = (stars_shown < stars_measured ? `${count(stars_shown)} of ${count(stars_measured)} stars are on this page, of each CCD the same number at most, taken evenly; what the table says is of all. ` :
  stars_measured ? `All ${count(stars_measured)} stars are on this page. ` : 'No tables of stars were given: what needs stars is not drawn. ') +
  (stars_of_others ? `${count(stars_of_others)} more are of CCDs that no table has.` : '');
if (systemList.length > 1)
  byId('bands').append(...systemList.map((s) => element('label', {}, element('input', { type: 'checkbox', checked: true, onchange: (event) => { s.shown = event.target.checked; refreshAll(); } }),
    element('i', { style: `background:${s.pen}` }), s.name)));

// ---- tables ----
const marked = (name, side) => (row) => {
  const z = row.z[name];
  return isNumber(z) && (side ? side * z : Math.abs(z)) > farZ ? 'out' : '';
};
const number = (title, unit, value, decimals, name, side, help, sign) => ({ title, unit, value, help: help || null, cell: (row) => (sign ? signed : fixed)(value(row), decimals), mark: name ? marked(name, side) : null });
const outText = (row) => (row.failed ? element('span', { title: row.failure, text: `not measured: ${row.failure || 'no reason given'}` }) : row.score > farZ ? `${row.worst}, ${fixed(row.score, row.score < 100 ? 1 : 0)} σ` : '');
const bandColumn = { title: 'Band', value: (x) => systemName(x), text: true };
const exposureTable = sortableTable(() => exposures.filter((e) => e.system.shown), [
  { title: 'Exposure', value: (e) => e.name, text: true, cell: (e) => linkTo([...e.ccds].sort((a, b) => b.score - a.score)[0], e.name), help: 'Leads to its CCD that stands out most' },
  bandColumn,
  { title: 'Stands out', value: (e) => e.score, cell: (e) => [e.score > farZ ? `${e.worst}, ${fixed(e.score, e.score < 100 ? 1 : 0)} σ` : '', e.nonphotometric ? `not photometric (${e.nonphotometric})` : ''].filter(Boolean).join('; ') || '–', mark: (e) => (e.nonphotometric ? 'out' : '') },
  number('Above the level', 'mmag', (e) => mmag * e.deviation, 1, 'zero point', 0, 'Median zero point of its CCDs, less that of the band at this airmass', true),
  number('Transparency', '', (e) => e.transparency, 3), number('Airmass', '', (e) => e.airmass, 2), number('Seeing', 'arcsec', (e) => e.seeing, 2, 'seeing', 1),
  number('Sky', 'mag/arcsec²', (e) => e.sky, 2, 'sky'), number('Scatter', 'mmag', (e) => mmag * e.scatter, 1, 'scatter', 1, 'Median of its CCDs\' scatters of stars'),
  number('CCDs differ', 'mmag', (e) => mmag * e.spread, 1, 'CCDs differ', 1, 'Robust width of its CCDs\' zero points: patchy clouds, or CCDs that are not alike'),
  { title: 'CCDs', value: (e) => e.ccds.length }, { title: 'not measured', value: (e) => e.ccds.length - e.good.length, mark: (e) => (e.ccds.length > e.good.length ? 'bad' : '') },
  { title: 'Begun', unit: 'UTC', value: (e) => (isNumber(e.mjd) ? e.mjd : -1), cell: (e) => (isNumber(e.mjd) ? dateOf(e.mjd).slice(0, 16).replace('T', ' ').replace(/-/g, '‑') : '–') },
  { title: 'Exptime', unit: 's', value: (e) => e.exptime, cell: (e) => fixed(e.exptime, 0) }, { title: 'Object', value: (e) => e.object, text: true },
], { name: 'Exposures', sortBy: 2, most: 60 });
const ccdTable = sortableTable(() => ccds.filter(isShown), [
  { title: 'CCD', value: (c) => c.name, text: true, cell: (c) => linkTo(c) }, bandColumn,
  { title: 'Stands out', value: (c) => (c.failed ? 1e9 : c.score), cell: outText, mark: (c) => `t why ${c.failed ? 'bad' : c.score > farZ ? 'out' : ''}` },
  number('Zero point', 'mag', (c) => c.ccdzpt, 4), number('± ', 'mmag', (c) => mmag * c.ccdzpt_error, 2),
  number(allAlone ? 'above the level' : 'above its exposure', 'mmag', (c) => mmag * c.above, 1, 'zero point', 0, 'Zero point less the median of the exposure; of exposures with less than three CCDs, less the usual one', true),
  number('Scatter', 'mmag', (c) => mmag * c.ccdphrms, 1, 'scatter', 1, 'Standard deviation of the stars that were used'), number('Stars', '', (c) => c.ccdnphotom_used, 0, 'few stars', -1, 'used for the zero point'),
  number('Halves differ', 'mmag', (c) => mmag * c.halves, 1, 'halves differ', 0, 'Median residual of stars in one half of the pixels less that in the other, along x or y, whichever is the more significant', true),
  number('RA', 'mas', (c) => mmag * c.ccdraoff, 0, null, 0, 'Catalog − image', true), number('Dec', 'mas', (c) => mmag * c.ccddecoff, 0, null, 0, 'Catalog − image', true),
  number(allAlone ? 'both' : 'from its exposure\'s', 'mas', (c) => mmag * c.offset, 0, 'offset', 1, 'How far its offset is from the median of its exposure\'s CCDs'),
  number('Scatter', 'mas', (c) => c.astrometric_scatter, 1, 'astrometric scatter', 1, 'Of the stars\' positions around its offset, per axis: 1.4826 median deviations'), number('Stars', '', (c) => c.ccdnastrom, 0),
  number('Seeing', 'arcsec', (c) => c.seeing, 2, 'seeing'), number('Sky', 'mag/arcsec²', (c) => c.ccdskysb, 2, 'sky'), number('Depth', 'mag', (c) => c.psfdepth, 2, null, 0, '5 σ, point source'),
  { title: 'Cuts', value: (c) => c.cuts, text: true },
], { name: 'CCDs', sortBy: 2, most: 100, rowOf: (c, row) => { row.dataset.id = c.id; if (c === chosen) row.classList.add('chosen'); row.addEventListener('click', () => choose(c)); } });
byId('exposures').append(exposureTable.node);
byId('ccds').append(ccdTable.node);
byId('exposures-note').textContent = `How far an exposure is from the others of its band, in robust standard deviations (1.4826 times the median deviation); more than ${farZ} is marked. ` +
  'The level is that of the band at the exposure\'s airmass, so that clouds show.';
byId('ccds-note').textContent = `CCDs that were not measured come first, with the reason; then those that are farthest from the others of their band, each against its own exposure where that has three or more. More than ${farZ} robust σ is marked. A heading sorts.`;
if (exposures.length < 2) for (const id of ['exposures', 'exposures-title', 'exposures-note']) byId(id).hidden = true;
if (failures.length) {
  const reasons = new Map();
  for (const c of failures) {
    const why = (c.failure || 'no zero point, and no reason for it').replace(/\d+(\.\d+)?/g, '…');
    if (!reasons.has(why)) reasons.set(why, []);
    reasons.get(why).push(c);
  }
  byId('failed').append(...[...reasons.values()].sort((a, b) => b.length - a.length).slice(0, 8).map((list) => {
    const first = list.slice(0, 6).flatMap((c, k) => [k ? ', ' : '', linkTo(c)]);
    return element('p', { class: 'message' }, `${plural(list.length, 'CCD')} not measured: ${list[0].failure || 'no zero point, and no reason for it'}${list.some((c) => c.failure !== list[0].failure) ? ' (the first)' : ''}. `, ...first, list.length > 6 ? ' …' : '');
  }));
}

// ---- plots ----
const shownSystems = () => systemList.filter((s) => s.shown);
const good = (s) => s.exposures.flatMap((e) => e.good);
// CCDs as points that can be chosen. lists: [{ color, ccds }]; value(ccd) -> number.
function ccdPlot(w, h, x, y, label, lists, xOf, yOf, size) {
  const plot = plotOf(w, h, x, y, label);
  const places = [];
  let outside = 0;
  for (const { color, ccds: list } of lists) {
    const opacity = list.length > 1500 ? 0.35 : list.length > 300 ? 0.55 : 0.85;
    outside += dots(plot, list.map((c) => [xOf(c), yOf(c)]), { color, opacity, size: size || (list.length > 1500 ? 3.5 : 5) });
    for (const c of list) {
      const a = xOf(c), b = yOf(c);
      if (!isNumber(a) || !isNumber(b)) continue;
      const top = Math.min(Math.max(plot.py(b), plot.top + 3), plot.top + plot.high - 3);
      places.push([plot.px(a), top, c]);
    }
  }
  const at = new Map(places.map(([a, b, c]) => [c, [a, b]]));
  pickable(plot.drawing, places, told, choose);
  ringIn(plot.drawing, (c) => at.get(c) || null);
  return { plot, outside };
}
const allTimes = ccds.map((c) => c.mjd);
const sizeOf = (w) => Math.round(Math.min(300, Math.max(220, w * 0.5)));
const rimNote = (n) => (n ? [element('p', { text: `${plural(n, 'point')} outside, as triangles at the rim.` })] : []);

// Where CCDs are: medians over exposures of their places from the pointing, degrees.
function focalPlane(list) {
  const byName = new Map();
  for (const c of list) {
    if (!byName.has(c.ccdname)) byName.set(c.ccdname, []);
    byName.get(c.ccdname).push(c);
  }
  const degree = Math.PI / 180;
  const chips = [...byName].map(([name, members]) => {
    const of = (f) => median(members.map(f));
    const chip = { name, members, xi: of((c) => (isNumber(c.exposure.ra) ? (((c.ra - c.exposure.ra + 540) % 360) - 180) * Math.cos(c.dec * degree) : null)),
      eta: of((c) => (isNumber(c.exposure.dec) ? c.dec - c.exposure.dec : null)), cd: ['cd1_1', 'cd1_2', 'cd2_1', 'cd2_2'].map((k) => of((c) => c[k])), w: of((c) => c.width), h: of((c) => c.height) };
    chip.placed = [chip.xi, chip.eta, ...chip.cd].every(isNumber) && chip.w > 0 && chip.h > 0 && Math.hypot(chip.xi, chip.eta) < 5;
    return chip;
  });
  chips.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  return { chips, placed: chips.length > 0 && chips.every((c) => c.placed) };
}
// The sky's offset (degrees) of a pixel of a chip.
const onSky = (chip, x, y) => {
  const dx = x - chip.w / 2, dy = y - chip.h / 2;
  return [chip.xi + chip.cd[0] * dx + chip.cd[1] * dy, chip.eta + chip.cd[2] * dx + chip.cd[3] * dy];
};
// A drawing of the focal plane, east to the left; arcmin.
function skyPlot(w, chips, label) {
  const corners = chips.flatMap((chip) => [[0, 0], [chip.w, 0], [chip.w, chip.h], [0, chip.h]].map(([x, y]) => onSky(chip, x, y)));
  const xs = corners.map((p) => 60 * p[0]), ys = corners.map((p) => 60 * p[1]);
  const mx = (Math.min(...xs) + Math.max(...xs)) / 2, my = (Math.min(...ys) + Math.max(...ys)) / 2;
  const spanX = (Math.max(...xs) - Math.min(...xs)) * 1.06, spanY = (Math.max(...ys) - Math.min(...ys)) * 1.06;
  const left = 58, right = 10, top = 8, bottom = 40, wide = Math.min(w, 620) - left - right, most = Math.min(wide, 480);
  const k = Math.min(wide / spanX, most / spanY), high = Math.max(spanY * k, 150), halfX = wide / k / 2, halfY = high / k / 2;
  const plot = plotOf(Math.min(w, 620), Math.round(high + top + bottom), linearAxis([mx - halfX, mx + halfX], 'RA offset from the pointing · cos Dec, arcmin', { flip: true }), linearAxis([my - halfY, my + halfY], 'Dec offset, arcmin'), label, { left });
  plot.at = (chip, x, y) => { const [xi, eta] = onSky(chip, x, y); return [plot.px(60 * xi), plot.py(60 * eta)]; };
  plot.cell = (chip, x0, y0, x1, y1, attributes) => plot.inside.append(svg('path', { d: `M${[[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(([x, y]) => plot.at(chip, x, y).map(r1).join(' ')).join('L')}z`, ...attributes }));
  return plot;
}
// A chip's name in it, where there is room.
function nameChips(plot, chips) {
  for (const chip of chips) {
    const [a, b] = plot.at(chip, chip.w / 2, chip.h / 2), [c, d] = plot.at(chip, chip.w, chip.h);
    if (Math.abs(c - a) * 2 < 7.5 * chip.name.length || Math.abs(d - b) * 2 < 14) continue;
    plot.inside.append(svg('text', { x: a, y: b + 4, 'text-anchor': 'middle', text: chip.name, class: 'over' }));
  }
}
// The member of a chip that is farthest out, for a click on the chip.
const worstOf = (members) => [...members].sort((a, b) => b.score - a.score)[0];
function chipPick(plot, chips, tell) {
  const places = chips.map((chip) => [...plot.at(chip, chip.w / 2, chip.h / 2), chip]);
  pickable(plot.drawing, places, tell, (chip) => choose(worstOf(chip.members)));
  const at = new Map(places.map(([a, b, chip]) => [chip.name, [a, b]]));
  const of = new Set(chips.flatMap((chip) => chip.members));
  ringIn(plot.drawing, (c) => (of.has(c) ? at.get(c.ccdname) : null) || null);
}
const symmetric = (values, least) => { const s = sortedNumbers(values.map((v) => Math.abs(v))); return Math.max(least, quantile(s, 0.95) || 0); };

function zeroPointPlots(s) {
  const list = good(s), out = [];
  if (!list.length) return out;
  const rel = (c) => mmag * (c.ccdzpt - s.level);
  const medians = s.exposures.filter((e) => isNumber(e.zero_point));
  // Clouds would hide what is below them: they are at the rim.
  const all = limits(list.map(rel), { least: 20 }), usualOf = median(list.map(rel)), reach = 8 * Math.max(4, robustWidth(list.map(rel), usualOf));
  const range = [Math.max(all[0], usualOf - reach), Math.min(all[1], usualOf + reach)];
  const manyCcds = medians.some((e) => e.good.length > 2);
  out.push(figureOf(`${s.name}: zero point over time`, `From ${fixed(s.level, 4)} mag, the level at airmass 1. Each point is a CCD${manyCcds ? ', each stroke the median of an exposure' : ''}. ${all[0] < range[0] ? ' What is far below, as under clouds, is at the rim; transparency below tells how far.' : ''} A click chooses a CCD.`, (w) => {
    const x = timeAxis(allTimes);
    if (!x) return null;
    const { plot, outside } = ccdPlot(w, sizeOf(w), x, linearAxis(range, 'zero point − level, mmag', { about: 5 }), `Zero points in ${s.name} over time, ${plural(list.length, 'CCD')}`, [{ color: s.pen, ccds: list }], (c) => c.mjd, rel);
    if (manyCcds) strokes(plot, medians.map((e) => [e.mjd, mmag * (e.zero_point - s.level)]), { half: Math.max(1.5, Math.min(6, plot.wide / medians.length / 3)) });
    return { drawing: plot.drawing, after: rimNote(outside) };
  }));
  if (list.some((c) => isNumber(c.exposure.airmass))) {
    const words = s.fit ? `Fitted: k = ${fixed(s.fit.k, s.fit.error < 0.0005 ? 4 : 3)} ± ${fixed(s.fit.error, s.fit.error < 0.0005 ? 4 : 3)} mag per airmass (${s.fit.n} exposures of ${medians.length})` : 'Too few exposures, or too narrow a range of airmass, for a fit';
    out.push(figureOf(`${s.name}: zero point by airmass`, `${words}${isNumber(s.usual.extinction) ? `; dashed: the camera's usual ${fixed(s.usual.extinction, 3)}` : ''}.`, (w) => {
      const airmasses = list.map((c) => c.exposure.airmass);
      const x = linearAxis(limits(airmasses, { least: 0.1, part: 0 }), 'airmass');
      const { plot, outside } = ccdPlot(w, sizeOf(w), x, linearAxis(range, 'zero point − level, mmag', { about: 5 }), `Zero points in ${s.name} by airmass. ${words}`, [{ color: s.pen, ccds: list }], (c) => c.exposure.airmass, rel);
      if (manyCcds) strokes(plot, medians.map((e) => [e.airmass, mmag * (e.zero_point - s.level)]), { half: Math.max(1.5, Math.min(4, plot.wide / medians.length / 3)) });
      const ends = [x.low, x.high];
      if (isNumber(s.usual.extinction)) {
        const base = s.fit ? median(medians.map((e) => e.zero_point + s.usual.extinction * (e.airmass - 1))) : s.level;
        curve(plot, ends.map((v) => [v, mmag * (base - s.level - s.usual.extinction * (v - 1))]), { name: 'ideal' });
      }
      if (s.fit) curve(plot, ends.map((v) => [v, mmag * (s.fit.a - s.level - s.fit.k * (v - 1))]));
      return { drawing: plot.drawing, after: rimNote(outside) };
    }));
  }
  const { chips, placed } = focalPlane(list);
  const compared = list.filter((c) => !alone(c));
  for (const chip of chips) chip.above = mmag * median(chip.members.filter((c) => !alone(c)).map((c) => c.above));
  if (compared.length && chips.length > 1) {
    const most = symmetric(chips.map((c) => c.above), 3);
    const note = 'Zero point of a CCD less the median of its exposure; median over exposures. A click chooses its exposure that stands out most.';
    if (placed)
      out.push(figureOf(`${s.name}: zero points over the focal plane`, note, (w) => {
        const plot = skyPlot(w, chips, `Zero points in ${s.name} by place in the focal plane`);
        for (const chip of chips) plot.cell(chip, 0, 0, chip.w, chip.h, { fill: isNumber(chip.above) ? diverging((chip.above / most + 1) / 2) : 'none', stroke: 'var(--faint)', 'stroke-width': 0.6 });
        nameChips(plot, chips);
        chipPick(plot, chips, (chip) => `${chip.name}: ${signed(chip.above, 1)} mmag of ${plural(chip.members.length, 'exposure')}`);
        return { drawing: plot.drawing, after: [scaleBar(-most, most, 'mmag', 1)] };
      }));
    else
      out.push(figureOf(`${s.name}: zero points by CCD`, 'Zero point of a CCD less the median of its exposure. Where the CCDs are in the focal plane is not known.', (w) => {
        const index = new Map(chips.map((chip, k) => [chip.name, k]));
        const x = linearAxis([-0.6, chips.length - 0.4], 'CCD');
        x.ticks = chips.map((chip, k) => ({ at: x.at(k), text: chip.name }));
        x.bare = true;
        return ccdPlot(w, sizeOf(w), x, linearAxis(limits(compared.map((c) => mmag * c.above), { least: 10 }), 'zero point − exposure\'s, mmag', { about: 5 }), `Zero points in ${s.name} by CCD`, [{ color: s.pen, ccds: compared }], (c) => index.get(c.ccdname), (c) => mmag * c.above).plot.drawing;
      }));
  }
  if (placed && list.some((c) => packed[c.i].length)) {
    const ofUsed = (st) => (st.used ? st.residual : null), bins = binsFor(chips, list, 6, chips.length > 20 ? 4 : chips.length > 4 ? 6 : 8, ofUsed);
    const cells = residualCells(chips, bins, ofUsed);
    const most = symmetric(cells.map((c) => c.value), 2);
    out.push(figureOf(`${s.name}: stars' residuals over the focal plane`, `The zero point of each star less its CCD's; medians of cells, ${bins} × ${bins} a CCD, of all exposures. What is left of flat fields and amplifiers shows here.`, (w) => {
      const plot = skyPlot(w, chips, `Residuals of stars in ${s.name} by place in the focal plane`);
      for (const { chip, a, b, value } of cells) plot.cell(chip, chip.w * a / bins, chip.h * b / bins, chip.w * (a + 1) / bins, chip.h * (b + 1) / bins, { fill: diverging((value / most + 1) / 2), stroke: 'none' });
      for (const chip of chips) plot.cell(chip, 0, 0, chip.w, chip.h, { fill: 'none', stroke: 'var(--faint)', 'stroke-width': 0.8 });
      chipPick(plot, chips, (chip) => `${chip.name}: ${plural(chip.members.length, 'exposure')}`);
      return { drawing: plot.drawing, after: [scaleBar(-most, most, 'mmag', 1)] };
    }));
  }
  return out;
}
// So many cells along each side of a chip that the usual one has so many stars.
const binsFor = (chips, list, each, most, value) => Math.max(1, Math.min(most, Math.floor(Math.sqrt(list.reduce((n, c) => n + starsOf(c).filter((st) => isNumber(value(st))).length, 0) / chips.length / each))));
// Medians of a star's number in cells of chips, over all exposures.
function residualCells(chips, bins, value) {
  const out = [];
  for (const chip of chips) {
    const lists = new Map();
    for (const c of chip.members)
      for (const st of starsOf(c)) {
        const v = value(st);
        if (!isNumber(v)) continue;
        const a = Math.min(bins - 1, Math.max(0, Math.floor(st.x / chip.w * bins))), b = Math.min(bins - 1, Math.max(0, Math.floor(st.y / chip.h * bins))), k = a + bins * b;
        if (!lists.has(k)) lists.set(k, []);
        lists.get(k).push(v);
      }
    for (const [k, list] of lists) if (list.length >= 3) out.push({ chip, a: k % bins, b: Math.floor(k / bins), value: median(list), n: list.length });
  }
  return out;
}

function conditionPlots() {
  const lists = () => shownSystems().map((s) => ({ color: s.pen, ccds: good(s) })), all = shownSystems().flatMap(good), out = [];
  const over = (title, note, yTitle, of, options, flip) => {
    if (!all.some((c) => isNumber(of(c)))) return;
    out.push(figureOf(title, note, (w) => {
      const x = timeAxis(allTimes);
      if (!x) return null;
      const { plot, outside } = ccdPlot(w, sizeOf(w), x, linearAxis(limits(all.map(of), options), yTitle, { about: 5, flip }), `${title}, ${plural(all.length, 'CCD')}`, lists(), (c) => c.mjd, of);
      return { drawing: plot.drawing, after: [...(systemList.length > 1 ? [keyOf(...shownSystems().map((s) => [dotMark(s.pen), s.name]))] : []), ...rimNote(outside)] };
    }));
  };
  over('Transparency', 'Of the atmosphere, 1: what the camera\'s usual zero point and extinction say.', 'transparency', (c) => c.transparency, { least: 0.05 });
  over('Seeing', 'FWHM.', 'arcsec', (c) => c.seeing, { least: 0.2 });
  over('Brightness of the sky', 'Darker is up.', 'mag/arcsec²', (c) => c.ccdskysb, { least: 0.3 });
  over('Scatter of stars', 'Standard deviation of the stars that gave the zero point.', 'mmag', (c) => mmag * c.ccdphrms, { least: 3 });
  return out;
}

function astrometryPlots() {
  const list = shownSystems().flatMap(good), out = [];
  if (!list.some((c) => isNumber(c.ccdraoff))) return out;
  out.push(figureOf('Offsets of CCDs', 'Catalog − image along RA · cos Dec and Dec, the median of the stars.', (w) => {
    const [x0, x1] = limits(list.map((c) => mmag * c.ccdraoff), { least: 40, part: 0 }), [y0, y1] = limits(list.map((c) => mmag * c.ccddecoff), { least: 40, part: 0 });
    return ccdPlot(w, Math.round(Math.min(w * 0.8, 340)), linearAxis([x0, x1], 'RA offset, mas'), linearAxis([y0, y1], 'Dec offset, mas', { about: 5 }), `Astrometric offsets of ${plural(list.length, 'CCD')}`, shownSystems().map((s) => ({ color: s.pen, ccds: good(s) })), (c) => mmag * c.ccdraoff, (c) => mmag * c.ccddecoff).plot.drawing;
  }));
  const stars = list.flatMap(starsOf).filter((st) => isNumber(st.ra) && isNumber(st.dec));
  if (stars.length) {
    const widths = [robustWidth(stars.map((st) => st.ra)), robustWidth(stars.map((st) => st.dec))];
    out.push(figureOf('Residuals of stars', `Catalog − image, without the CCD's offset, ${plural(stars.length, 'star')}. Robust widths: RA ${fixed(widths[0], 1)}, Dec ${fixed(widths[1], 1)} mas; dashed: a normal distribution of their mean. Farther ones are in the last bins.`, (w) => {
      const reach = 5 * Math.max(...widths, 1), bins = 50, parts = [['RA', stars.map((st) => st.ra), 'var(--pen-3)', ''], ['Dec', stars.map((st) => st.dec), 'var(--pen-1)', '7 3']];
      for (const part of parts) part.push(countsOf(part[1], -reach, reach, bins));
      const most = Math.max(...parts.flatMap((p) => p[4]));
      const plot = plotOf(w, Math.round(Math.min(w * 0.8, 340)), linearAxis([-reach, reach], 'residual, mas'), linearAxis([0, most * 1.06], 'stars', { about: 5 }), `Histogram of astrometric residuals; widths RA ${fixed(widths[0], 1)} mas, Dec ${fixed(widths[1], 1)} mas`);
      const width = (widths[0] + widths[1]) / 2;
      curve(plot, Array.from({ length: 121 }, (_, k) => -reach + 2 * reach * k / 120).map((v) => [v, stars.length * 2 * reach / bins * Math.exp(-((v / width) ** 2) / 2) / width / Math.sqrt(2 * Math.PI)]), { name: 'ideal' });
      for (const [, , color, dash, counts] of parts) steps(plot, -reach, 2 * reach / bins, counts, { color, dash });
      return { drawing: plot.drawing, after: [keyOf(...parts.map(([name, , color, dash]) => [lineMark(color, dash), name]))] };
    }));
  }
  for (const camera of cameras) {
    const members = list.filter((c) => c.camera === camera), { chips, placed } = focalPlane(members), of = (title) => (cameras.length > 1 ? `${camera}: ${title}` : title[0].toUpperCase() + title.slice(1));
    if (!placed) continue;
    const arrows = (title, note, vectors) => {
      if (!vectors.length) return;
      const longest = symmetric(vectors.map((v) => Math.hypot(v.ra, v.dec)), 1);
      out.push(figureOf(of(title), note, (w) => {
        const plot = skyPlot(w, chips, `${title}; the 95th of a hundred arrows is ${fixed(longest, 1)} mas long`);
        for (const chip of chips) plot.cell(chip, 0, 0, chip.w, chip.h, { fill: 'none', stroke: 'var(--line)', 'stroke-width': 1 });
        const per = vectors.length / chips.length, cell = Math.min(...chips.map((chip) => { const [a, b] = plot.at(chip, 0, 0), [c, d] = plot.at(chip, chip.w, chip.h); return Math.min(Math.abs(c - a), Math.abs(d - b)); })) / Math.sqrt(Math.max(1, per));
        const k = Math.max(12, Math.min(46, cell * 0.9)) / longest;
        let step = roundBelow(longest);
        while (step * k < 24) step *= 2;
        let d = '', heads = '';
        for (const v of vectors) {
          // East is to the left; arrows of the farthest are cut.
          const size = Math.hypot(v.ra, v.dec), cut = Math.min(1, 2.2 * longest / size), [a, b] = plot.at(v.chip, v.x, v.y), dx = -v.ra * k * cut, dy = -v.dec * k * cut, l = Math.hypot(dx, dy);
          d += `M${r1(a)} ${r1(b)}l${r1(dx)} ${r1(dy)}`;
          if (l > 4) { const ux = dx / l, uy = dy / l, t = Math.min(5, l * 0.5); heads += `M${r1(a + dx)} ${r1(b + dy)}l${r1(-t * ux + t * 0.5 * uy)} ${r1(-t * uy - t * 0.5 * ux)}l${r1(-t * uy)} ${r1(t * ux)}z`; }
        }
        plot.inside.append(svg('path', { d, fill: 'none', stroke: 'var(--pen-3)', 'stroke-width': 1.5 }), svg('path', { d: heads, fill: 'var(--pen-3)' }));
        chipPick(plot, chips, (chip) => chip.name);
        return { drawing: plot.drawing, after: [element('div', { class: 'scale-bar' }, svg('svg', { width: Math.ceil(step * k) + 2, height: 10, 'aria-hidden': 'true' }, svg('path', { d: `M1 5h${r1(step * k)}m0 -3v6`, stroke: 'var(--pen-3)', 'stroke-width': 1.6, fill: 'none' })), `${fixed(step, 1)} mas`)] };
      }));
    };
    const relative = members.filter((c) => !alone(c) && isNumber(c.ccdraoff));
    if (chips.length > 1 && relative.length)
      arrows('offsets of CCDs in the focal plane', 'Each CCD\'s offset less the median of its exposure; median over exposures. North is up, east to the left.', chips.map((chip) => {
        const own = chip.members.filter((c) => relative.includes(c));
        return { chip, x: chip.w / 2, y: chip.h / 2, ra: mmag * median(own.map((c) => c.ccdraoff - c.exposure.raoff)), dec: mmag * median(own.map((c) => c.ccddecoff - c.exposure.decoff)) };
      }).filter((v) => isNumber(v.ra)));
    const bins = binsFor(chips, members, 6, chips.length > 20 ? 2 : chips.length > 4 ? 4 : 8, (st) => st.ra);
    const east = residualCells(chips, bins, (st) => st.ra), north = new Map(residualCells(chips, bins, (st) => st.dec).map((c) => [`${c.chip.name}/${c.a}/${c.b}`, c]));
    arrows('residuals of stars in the focal plane', `What is left without the CCDs' offsets; medians of cells, ${bins} × ${bins} a CCD, of all exposures.`, east.map((c) => {
      const other = north.get(`${c.chip.name}/${c.a}/${c.b}`);
      return other && { chip: c.chip, x: c.chip.w * (c.a + 0.5) / bins, y: c.chip.h * (c.b + 0.5) / bins, ra: c.value, dec: other.value };
    }).filter(Boolean));
  }
  return out;
}

// Of many points some, evenly.
const thinned = (list, most) => (list.length <= most ? list : Array.from({ length: most }, (_, k) => list[Math.floor(k * list.length / most)]));
function colourPlots(s) {
  const out = [], sources = [...new Set(good(s).map((c) => c.source))].filter((name) => name.startsWith('stars:'));
  for (const source of sources) {
    const provider = source.slice(6), term = terms[`${s.camera}/${s.band}/${provider}`];
    const stars = good(s).filter((c) => c.source === source).flatMap(starsOf).filter((st) => isNumber(st.colour) && isNumber(st.residual));
    if (stars.length < 5) continue;
    const [low, high] = limits(stars.map((st) => st.colour), { least: 0.2, part: 0.002 }), colour = term ? term.colour : 'BP − RP';
    const x = () => linearAxis([low, high], `${colour}, mag`), drawn = thinned(stars, 5000);
    const outside = (plot) => {
      if (!term || term.range_of !== term.colour) return;
      for (const [a, b] of [[low - 1, term.low], [term.high, high + 1]])
        if (isNumber(a) && isNumber(b) && b > a) {
          const p = Math.max(plot.left, plot.px(a)), q = Math.min(plot.left + plot.wide, plot.px(b));
          if (q > p) plot.inside.append(svg('rect', { class: 'outside', x: p, y: plot.top, width: q - p, height: plot.high }));
        }
    };
    const cloud = (plot, value) => {
      const opacity = drawn.length > 1500 ? 0.3 : 0.6;
      dots(plot, drawn.filter((st) => !st.used).map((st) => [st.colour, value(st)]), { color: 'var(--faint)', opacity: opacity * 0.6, size: 3, rim: false });
      dots(plot, drawn.filter((st) => st.used).map((st) => [st.colour, value(st)]), { color: s.pen, opacity, size: 3.5, rim: false });
    };
    const key = () => keyOf([dotMark(s.pen, 6), 'used for the zero point'], [dotMark('var(--faint)', 5), 'not used'], drawn.length < stars.length ? ['', `${count(drawn.length)} of ${count(stars.length)} stars drawn`] : null);
    const rangeWords = term && term.range_of && (isNumber(term.low) && term.low > -100 || isNumber(term.high) && term.high < 100) ?
      ` Stars of ${fixed(term.low, 2)} < ${term.range_of} < ${fixed(term.high, 2)} are used${term.range_of === term.colour ? '; grey: outside' : ''}.` : '';
    if (term && stars.some((st) => isNumber(st.difference))) {
      let line = [];
      for (let k = 0; k + 1 < term.line.length; k += 2) line.push([term.line[k], term.line[k + 1]]);
      // What was added to the base magnitudes tells whether these are the facts that it was measured with.
      const added = stars.filter((st) => st.used && isNumber(st.difference)).map((st) => [st.colour, st.difference + st.residual / 1000]);
      const step = line[1][0] - line[0][0], lineAt = (v) => { const t = (v - line[0][0]) / step, k = Math.min(line.length - 2, Math.max(0, Math.floor(t))); return line[k][1] + (t - k) * (line[k + 1][1] - line[k][1]); };
      const others = !(median(added.map(([v, m]) => Math.abs(m - lineAt(v)))) < 0.003);
      if (others) line = runningMedian(added, 60).map(([v, m]) => [v, m]);
      out.push(figureOf(`${s.name}: colour term of ${provider}`, `Magnitude in ${s.band} as measured, less ${term.base} of ${provider}; ${others ? `the line is what was added to it when the stars were measured: the camera's facts that are here are others` : `the line is the camera's polynomial in ${term.colour}`}.${rangeWords}`, (w) => {
        const plot = plotOf(w, sizeOf(w), x(), linearAxis(limits(stars.filter((st) => st.used).map((st) => st.difference), { least: 0.05, room: 0.15 }), `${s.band} − ${term.base}, mag`, { about: 5 }), `Colour term of ${provider} in ${s.name}`);
        outside(plot);
        cloud(plot, (st) => st.difference);
        // Beyond the range it is dashed.
        const holds = ([v]) => term.range_of !== term.colour || (!(v < term.low) && !(v > term.high));
        curve(plot, line.filter(holds));
        for (const beyond of [line.filter((p) => p[0] < term.low), line.filter((p) => p[0] > term.high)]) if (!beyond.every(holds)) curve(plot, beyond, { name: 'line dashed' });
        return { drawing: plot.drawing, after: [key()] };
      }));
    }
    const used = stars.filter((st) => st.used);
    out.push(figureOf(`${s.name}: residuals by colour, ${provider}`, `Zero point of each star less its CCD's: catalog${term ? ' with its colour term' : ''} − measured; black: medians of equally many, with errors.${term ? rangeWords : ' The colour term is not drawn: the camera\'s facts or the colours are not here.'}`, (w) => {
      const reach = Math.max(10, 4.5 * robustWidth(used.map((st) => st.residual), 0));
      const plot = plotOf(w, sizeOf(w), x(), linearAxis([-reach, reach], 'residual, mmag', { about: 5 }), `Residuals by colour of ${provider} in ${s.name}`);
      outside(plot);
      cloud(plot, (st) => st.residual);
      const medians = runningMedian(used.map((st) => [st.colour, st.residual]), 14);
      errorBars(plot, medians);
      dots(plot, medians, { color: 'var(--ink)', size: 6.5 });
      return { drawing: plot.drawing, after: [key()] };
    }));
  }
  return out;
}

// ---- one CCD ----
function showCcd(c) {
  byId('ccd-title').textContent = `${c.name}, ${systemName(c)}`;
  byId('ccd-facts').replaceChildren(`${c.camera} · ${c.image}[${c.hdu}]${c.exposure.object ? ` · ${c.exposure.object}` : ''}${isNumber(c.mjd) ? ` · ${dateOf(c.mjd).slice(0, 19).replace('T', ' ')} UTC (MJD ${fixed(c.mjd, 5)})` : ''}`);
  const message = byId('ccd-message');
  message.hidden = !c.failed;
  message.textContent = c.failed ? `Not measured: ${c.failure || 'there is no zero point, and no reason for it'}` : '';
  const out = (name, side) => { const z = c.z[name]; return isNumber(z) && (side ? side * z : Math.abs(z)) > farZ; };
  const withError = (e) => (isNumber(e) ? ` ± ${fixed(mmag * e, 1)}` : '');
  const facts = [
    ['Zero point', `${fixed(c.ccdzpt, 4)} ± ${fixed(c.ccdzpt_error, 4)} mag`], ['measured with', (c.source || '').replace('stars:', 'stars of ')],
    [alone(c) ? 'less the usual' : 'less its exposure\'s', `${signed(mmag * c.above, 1)} mmag`, out('zero point')], ['Scatter of stars', `${fixed(mmag * c.ccdphrms, 1)} mmag`, out('scatter', 1)],
    ['beyond their errors', isNumber(c.ccdzpt_scatter) ? `${fixed(mmag * c.ccdzpt_scatter, 1)} mmag` : null], ['Stars: used / seen', `${fixed(c.ccdnphotom_used, 0)} / ${fixed(c.ccdnphotom, 0)}`, out('few stars', -1)], ['Left − right half', isNumber(c.half_x) ? `${signed(mmag * c.half_x, 1)} ± ${fixed(mmag * c.half_x_error, 1)} mmag` : null, out('halves differ')],
    ['Lower − upper half', isNumber(c.half_y) ? `${signed(mmag * c.half_y, 1)} ± ${fixed(mmag * c.half_y_error, 1)} mmag` : null, out('halves differ')], ['Transparency', fixed(c.transparency, 3)], ['Airmass', fixed(c.exposure.airmass, 3)],
    ['Offset in RA · cos Dec', `${signed(mmag * c.ccdraoff, 1)}${withError(c.ccdraoff_error)} mas`, out('offset', 1)], ['Offset in Dec', `${signed(mmag * c.ccddecoff, 1)}${withError(c.ccddecoff_error)} mas`, out('offset', 1)],
    ['Scatter around it', `${fixed(c.astrometric_scatter, 1)} mas`, out('astrometric scatter', 1)], ['Astrometric stars', fixed(c.ccdnastrom, 0)], ['Seeing', `${fixed(c.seeing, 2)} arcsec, ${fixed(c.fwhm, 2)} pixels`, out('seeing')],
    ['Sky', `${fixed(c.ccdskysb, 2)} mag/arcsec²`, out('sky')], ['Noise per pixel', `${isNumber(c.sig1) ? c.sig1.toPrecision(3) : '–'} nMgy`], ['Depth, 5 σ', `${fixed(c.psfdepth, 2)} mag`], ['E(B−V)', isNumber(c.ebv) ? fixed(c.ebv, 3) : null],
    ['Exposure time', `${fixed(c.exposure.exptime, 1)} s`], ['Solved − provider\'s', isNumber(c.ccdzpt_difference) ? `${signed(mmag * c.ccdzpt_difference, 1)} mmag` : null], ['Cuts', c.cuts || null],
    ['Stands out by', c.failed ? null : c.score > farZ ? `${c.worst}, ${fixed(c.score, 1)} σ` : 'nothing', c.score > farZ]];
  byId('ccd-numbers').replaceChildren(...facts.filter(([, words]) => words && !/^–( |$)/.test(words)).map(([name, words, far]) => element('div', {}, element('dt', { text: name }), element('dd', { class: far ? 'out' : null, text: words }))));
  const box = byId('ccd-plots'), stars = starsOf(c), pen = c.exposure.system.pen;
  forgetFigures(box);
  const nodes = [];
  const note = stars.length < c.stars ? ` ${count(stars.length)} of ${count(c.stars)} stars.` : ` ${plural(stars.length, 'star')}.`;
  const measured = stars.filter((st) => isNumber(st.residual) && isNumber(st.mag)), used = measured.filter((st) => st.used);
  const parts = [[(st) => !st.used, 'var(--faint)', 'not used'], [(st) => st.used, pen, 'used']];
  if (measured.length) {
    const width = robustWidth((used.length > 4 ? used : measured).map((st) => st.residual), 0), reach = Math.max(10, 6 * width);
    nodes.push(figureOf('Residuals by magnitude', `Zero point of each star less the CCD's, with the error of its flux.${note}`, (w) => {
      const plot = plotOf(w, sizeOf(w), linearAxis(limits(measured.map((st) => st.mag), { least: 1, part: 0 }), `${c.band}, mag`), linearAxis([-reach, reach], 'residual, mmag', { about: 5 }), `Residuals of the stars of ${c.name} by magnitude`);
      errorBars(plot, used.map((st) => [st.mag, st.residual, st.error]), { color: pen, opacity: 0.5 });
      let outside = 0;
      for (const [of, color] of parts) outside += dots(plot, measured.filter(of).map((st) => [st.mag, st.residual]), { color, size: color === pen ? 5 : 3, opacity: color === pen ? 1 : 0.5 });
      return { drawing: plot.drawing, after: [keyOf(...parts.map(([, color, words]) => [dotMark(color, 6), words])), ...rimNote(outside)] };
    }));
  }
  if (stars.length && c.width > 0) {
    const chip = (w, label) => {
      const k = Math.min((Math.min(w, 440) - 64) / c.width, 400 / c.height), wide = c.width * k, high = c.height * k;
      return plotOf(Math.round(wide + 64), Math.round(high + 48), linearAxis([0, c.width], 'x, pixels', { about: 4 }), linearAxis([0, c.height], 'y, pixels', { about: wide > high ? 3 : 6 }), label);
    };
    if (used.length) {
      const most = Math.max(3, 3 * robustWidth(used.map((st) => st.residual), 0));
      nodes.push(figureOf('Residuals over the chip', 'Of the stars that were used.', (w) => {
        const plot = chip(w, `Residuals of the stars of ${c.name} by place`);
        for (const st of used) plot.inside.append(svg('circle', { cx: r1(plot.px(st.x)), cy: r1(plot.py(st.y)), r: 4.5, fill: diverging((st.residual / most + 1) / 2), stroke: 'var(--faint)', 'stroke-width': 0.7 }));
        return { drawing: plot.drawing, after: [scaleBar(-most, most, 'mmag', 1)] };
      }));
    }
    const moved = stars.filter((st) => isNumber(st.ra) && isNumber(st.dec));
    if (moved.length && isNumber(c.cd1_1)) {
      const longest = symmetric(moved.map((st) => Math.hypot(st.ra, st.dec)), 1), step = roundBelow(longest), k = 26 / longest;
      // From the sky to pixels, of which only the direction counts.
      const det = c.cd1_1 * c.cd2_2 - c.cd1_2 * c.cd2_1, size = Math.sqrt(Math.abs(det));
      nodes.push(figureOf('Astrometric residuals over the chip', 'Catalog − image, without the CCD\'s offset, in the pixels\' directions.', (w) => {
        const plot = chip(w, `Astrometric residuals of the stars of ${c.name}`);
        let d = '', places = [];
        for (const st of moved) {
          const cut = Math.min(1, 2.2 * longest / Math.hypot(st.ra, st.dec)), dx = (c.cd2_2 * st.ra - c.cd1_2 * st.dec) / det * size * k * cut, dy = (-c.cd2_1 * st.ra + c.cd1_1 * st.dec) / det * size * k * cut;
          d += `M${r1(plot.px(st.x))} ${r1(plot.py(st.y))}l${r1(dx)} ${r1(-dy)}`;
          places.push([st.x, st.y]);
        }
        plot.inside.append(svg('path', { d, fill: 'none', stroke: pen, 'stroke-width': 1.4 }));
        dots(plot, places, { size: 3.2, color: pen });
        return { drawing: plot.drawing, after: [element('div', { class: 'scale-bar' }, svg('svg', { width: Math.ceil(step * k) + 2, height: 10, 'aria-hidden': 'true' }, svg('path', { d: `M1 5h${r1(step * k)}m0 -3v6`, stroke: pen, 'stroke-width': 1.6, fill: 'none' })), `${fixed(step, 1)} mas`)] };
      }));
    }
  }
  if (!nodes.length) nodes.push(element('p', { class: 'note', text: c.failed ? 'Without a zero point there is nothing to show of its stars.' : 'Its stars are not in the tables that were given.' }));
  box.replaceChildren(...nodes);
  drawFigures();
}

// ---- all of it ----
function refreshAll() {
  exposureTable.refill();
  ccdTable.refill();
  const boxes = ['zero-points-plots', 'conditions-plots', 'astrometry-plots', 'colours-plots'].map(byId);
  for (const box of boxes) { forgetFigures(box); box.replaceChildren(); }
  const none = (box, words) => { if (!box.childElementCount) box.append(element('p', { class: 'note', text: words })); };
  for (const s of shownSystems()) {
    const plots = zeroPointPlots(s), colours = colourPlots(s);
    if (plots.length) boxes[0].append(element('div', { class: 'system' }, element('h3', {}, element('span', { class: 'dot', style: `background:${s.pen}` }), s.name), element('div', { class: 'plots long' }, ...plots)));
    if (colours.length) boxes[3].append(element('div', { class: 'system plots long' }, ...colours));
  }
  boxes[1].append(...conditionPlots());
  boxes[2].append(...astrometryPlots());
  none(boxes[0], 'No CCD has a zero point.');
  none(boxes[1], 'There is nothing to show.');
  none(boxes[2], 'No offset was measured.');
  none(boxes[3], 'No stars with colours were given.');
  drawFigures();
}
refreshAll();
if (!fromAddress(true) && ccds.length) {
  choose([...ccds].sort((a, b) => a.failed - b.failed || b.score - a.score)[0]);
  byId('chosen').hidden = true;
}
