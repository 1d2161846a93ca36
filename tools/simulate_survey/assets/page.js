'use strict';
const data = JSON.parse(byId('data').textContent);

// ---- sources ----
const bands = data.bands.map((b, k) => ({ ...b, k, name: b.band, pen: `var(--pen-${k % 6})`, shown: b.n > 0 }));
const sources = data.sources.map((row) => {
  const s = { kind: row[0], snr: row[1] ?? 0, found: row[2] === 1, foundKind: -1, group: -1 };
  if (!s.found) return s;
  [s.foundKind, s.group, s.east, s.north, s.radius] = row.slice(3, 8);
  s.pull = bands.map((b) => row[8 + 3 * b.k] ?? NaN);
  s.trueSnr = bands.map((b) => row[9 + 3 * b.k] ?? NaN);
  s.unblended = bands.map((b) => row[10 + 3 * b.k] === 1);
  return s;
});
const foundSources = sources.filter((s) => s.found);
const groups = [{ name: 'all that are matched', holds: () => true }, { name: 'all with little light of neighbours', holds: (s, b) => s.unblended[b.k] },
  ...data.classes.map((name, k) => ({ name, holds: (s, b) => s.group === k && s.unblended[b.k] }))];
const shownBands = () => bands.filter((b) => b.shown);
const members = (group, b) => foundSources.filter((s) => isNumber(s.pull[b.k]) && group.holds(s, b));
const percent = (v, decimals = 1) => (isNumber(v) ? `${fixed(100 * v, decimals)} %` : '–');

// ---- header ----
byId('summary').textContent = `${plural(data.truth, 'true source')}, ${plural(data.catalog, 'row')} in the catalog, ${count(data.matched)} matched within ${data.match_radius} arcsec. ` +
  `Found ${percent(data.completeness)} of the ${count(data.detectable)} with S/N > ${data.detectable_snr}; ${percent(data.spurious)} of the rows have no true source within ${data.spurious_radius} arcsec. Truth: ${data.survey}.`;
const sampled = [];
if (sources.length < data.truth) sampled.push(`${count(sources.length)} of the true sources`);
if (data.entries.length / 2 < data.entries_in_all) sampled.push(`${count(data.entries.length / 2)} of the catalog's ${count(data.entries_in_all)} rows`);
if (sampled.length) byId('sampled').textContent = `${sampled.join(' and ')}, evenly chosen, are drawn; the tables are of all.`;
if (bands.length > 1)
  byId('bands').append(...bands.map((b) => element('label', {}, element('input', { type: 'checkbox', checked: b.shown, onchange: (event) => { b.shown = event.target.checked; drawAll(); } }), element('i', { style: `background:${b.pen}` }), b.name)));

// ---- tables ----
const widthMark = (w, n) => (n < 10 || !isNumber(w) ? '' : w > 1.3 || w < 0.7 ? 'out' : w <= 1.15 && w >= 0.85 ? 'near' : '');
const medianMark = (m, n) => (n >= 10 && Math.abs(m) > 0.3 ? 'out' : '');
const farMark = (f, n) => (n >= 10 && f > 0.03 ? 'out' : '');
byId('bands-note').textContent = `Rows with less than ${percent(data.largest_fracflux, 0)} of their light from neighbours; bright: truth above ${data.bright_flux} nanomaggies. Width: 1.4826 times the median deviation. Marked: a width that is off by more than 0.3, a median by more than 0.3, more than 3 % beyond 5 σ; green: a width within 0.15 of 1.`;
byId('band-table').append(sortableTable(() => bands, [
  { title: 'Band', value: (b) => b.name, text: true }, { title: 'Sources', value: (b) => b.n },
  { title: 'Median pull', value: (b) => b.median, cell: (b) => signed(b.median, 2), mark: (b) => medianMark(b.median, b.n) }, { title: 'Width', value: (b) => b.width, cell: (b) => fixed(b.width, 2), mark: (b) => widthMark(b.width, b.n) },
  { title: 'Beyond 5 σ', value: (b) => b.beyond_5, cell: (b) => percent(b.beyond_5), mark: (b) => farMark(b.beyond_5, b.n) }, { title: 'Bright', value: (b) => b.bright },
  { title: 'Flux / truth − 1', value: (b) => b.bias, cell: (b) => (isNumber(b.bias) ? `${signed(100 * b.bias, 2)} %` : '–') }, { title: 'its width', value: (b) => b.scatter, cell: (b) => percent(b.scatter, 2) }], { name: 'Bands' }).node);
if (data.rows) {
  byId('table-note').textContent = `(flux − truth) / σ by class; but for the first line, where little light is of neighbours. A neighbour is a true source within ${data.isolation} arcsec; S/N is that of the true flux in the best band.`;
  const columns = [{ title: 'Class', value: (r) => r.name, text: true }];
  bands.forEach((b) => {
    const of = (k) => (r) => r.bands[b.k][k];
    columns.push({ title: b.name, unit: 'n', value: of(0) }, { title: b.name, unit: 'median', value: of(1), cell: (r) => signed(r.bands[b.k][1], 2), mark: (r) => medianMark(r.bands[b.k][1], r.bands[b.k][0]) },
      { title: b.name, unit: 'width', value: of(2), cell: (r) => fixed(r.bands[b.k][2], 2), mark: (r) => widthMark(r.bands[b.k][2], r.bands[b.k][0]) },
      { title: b.name, unit: '> 5 σ', value: of(3), cell: (r) => (r.bands[b.k][0] ? percent(r.bands[b.k][3]) : '–'), mark: (r) => farMark(r.bands[b.k][3], r.bands[b.k][0]) });
  });
  byId('class-table').append(sortableTable(() => data.rows, columns, { name: 'Pulls by class', most: 100 }).node);
} else byId('table-note').textContent = 'The truth does not tell its sources\' kinds: there are no classes.';

// ---- plots ----
const bandKey = (list, words) => keyOf(...list.map((b) => [lineMark(b.pen), words ? words(b) : b.name]));
const normal = (v) => Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI);
// A histogram of pulls as a density. lists: [{ pen, values, name }].
function pullFigure(title, lists, note) {
  const all = lists.filter((l) => l.values.length > 0);
  if (!all.length) return null;
  return figureOf(title, note, (w) => {
    const logarithmic = byId('logarithmic').checked, reach = 8, most = Math.max(...all.map((l) => l.values.length));
    const bins = most > 400 ? 64 : most > 80 ? 32 : 16, width = 2 * reach / bins;
    const densities = all.map((l) => countsOf(l.values, -reach, reach, bins).map((n) => n / l.values.length / width));
    const top = Math.max(0.42, ...densities.flat()) * 1.08, least = logarithmic ? Math.min(0.3 / most / width, 1e-2) : 0;
    const y = logarithmic ? logAxis([least, top * 1.5], 'share per σ') : linearAxis([0, top], 'share per σ', { about: 5 });
    const plot = plotOf(w, Math.round(Math.min(260, Math.max(200, w * 0.6))), linearAxis([-reach, reach], '(found − truth) / σ', { about: 8 }), y,
      `${title}: ${all.map((l) => `${l.name}, ${plural(l.values.length, 'source')}, median ${fixed(median(l.values), 2)}, width ${fixed(robustWidth(l.values), 2)}`).join('; ')}`);
    const floor = (v) => (logarithmic ? Math.max(v, least) : v);
    curve(plot, Array.from({ length: 161 }, (_, k) => -reach + 2 * reach * k / 160).map((v) => [v, floor(normal(v))]), { name: 'ideal' });
    all.forEach((l, k) => {
      const d = densities[k];
      let path = `M${r1(plot.px(-reach))} ${r1(plot.py(floor(0)))}`;
      d.forEach((n, i) => { path += `V${r1(plot.py(floor(n)))}H${r1(plot.px(-reach + (i + 1) * width))}`; });
      plot.inside.append(svg('path', { class: 'line', d: `${path}V${r1(plot.py(floor(0)))}`, stroke: l.pen }));
    });
    return { drawing: plot.drawing, after: [keyOf(...all.map((l) => [lineMark(l.pen), `${l.name}: ${count(l.values.length)}, median ${signed(median(l.values), 2)}, width ${fixed(robustWidth(l.values), 2)}, > 5 σ ${percent(l.values.filter((v) => Math.abs(v) > 5).length / l.values.length)}`]))] };
  });
}

// Bins of equally many: [S/N, low, high, values].
function snrBins(list, snr, value) {
  const sorted = list.filter((s) => snr(s) > 0 && isNumber(value(s))).sort((a, b) => snr(a) - snr(b)), out = [];
  const bins = Math.max(1, Math.min(12, Math.floor(sorted.length / 25))), per = sorted.length / bins;
  if (sorted.length < 8) return out;
  for (let k = 0; k < bins; ++k) {
    const part = sorted.slice(Math.round(k * per), Math.round((k + 1) * per));
    out.push({ snr: median(part.map(snr)), values: part.map(value) });
  }
  return out;
}
// figures(bin) -> [value, error]
function snrFigure(title, note, yTitle, group, of, { ideal = null, hold = [], least = 0.5, value = (s, b) => s.pull[b.k], judged = 0 } = {}) {
  const lists = shownBands().map((b) => ({ b, points: snrBins(members(group, b), (s) => s.trueSnr[b.k], (s) => value(s, b)).map((bin) => [bin.snr, ...of(bin.values)]) })).filter((l) => l.points.length);
  if (!lists.length) return null;
  return figureOf(title, note, (w) => {
    const xs = lists.flatMap((l) => l.points.map((p) => p[0])), all = lists.flatMap((l) => l.points), high = all.filter((p) => p[0] > judged), ys = (high.length ? high : all).flatMap((p) => [p[1] - p[2], p[1] + p[2]]);
    const plot = plotOf(w, Math.round(Math.min(290, Math.max(220, w * 0.5))), logAxis([Math.min(...xs) / 1.3, Math.max(...xs) * 1.3], 'true flux / σ'),
      linearAxis(limits(ys, { least, part: 0, hold }), yTitle, { about: 5 }), `${title}, ${group.name}`);
    if (ideal !== null) curve(plot, [[Math.min(...xs) / 1.3, ideal], [Math.max(...xs) * 1.3, ideal]], { name: 'ideal' });
    for (const { b, points } of lists) {
      curve(plot, points, { color: b.pen, width: 1.2 });
      errorBars(plot, points, { color: b.pen });
      dots(plot, points, { color: b.pen, size: 7 });
    }
    return { drawing: plot.drawing, after: [bandKey(lists.map((l) => l.b))] };
  });
}
// Errors of the statistics of n normal values: of a median, of 1.4826 MAD (efficiency 0.37), of a share.
const medianOf = (v) => { const m = median(v); return [m, 1.2533 * robustWidth(v, m) / Math.sqrt(v.length)]; };
const widthOf = (v) => { const w = robustWidth(v); return [w, w / Math.sqrt(2 * 0.37 * v.length)]; };
const beyondOf = (v) => { const p = v.filter((x) => Math.abs(x) > 5).length / v.length; return [100 * p, 100 * Math.sqrt(Math.max(p * (1 - p), 0.25 / v.length) / v.length)]; };

// A share k of n with its 68 % interval (Wilson 1927), which is honest at 0 and 1.
function shareOf(k, n) {
  const p = k / n, middle = (p + 0.5 / n) / (1 + 1 / n), half = Math.sqrt(p * (1 - p) / n + 0.25 / n / n) / (1 + 1 / n);
  return { p, low: middle - half, high: middle + half, n };
}
function shareFigure(title, note, yTitle, list) {
  const low = 2, good = list.filter((s) => s.snr > 0);
  if (good.filter((s) => s.snr >= low).length < 5) return null;
  return figureOf(title, note, (w) => {
    const high = Math.max(60, Math.min(1000, quantile(sortedNumbers(good.map((s) => s.snr)), 0.98))), bins = 14, points = [];
    for (let k = 0; k < bins; ++k) {
      const a = low * (high / low) ** (k / bins), b = k + 1 < bins ? low * (high / low) ** ((k + 1) / bins) : Infinity, part = good.filter((s) => s.snr >= a && s.snr < b);
      if (part.length) points.push({ x: low * (high / low) ** ((k + 0.5) / bins), a, b, ...shareOf(part.filter((s) => s.good).length, part.length) });
    }
    const from = Math.max(0, Math.min(...points.map((p) => p.low)) - 0.04);
    const plot = plotOf(w, Math.round(Math.min(290, Math.max(220, w * 0.5))), logAxis([low, high], 'S/N in the best band'), linearAxis([from, 1.01], yTitle, { about: 5 }), `${title}: ${points.map((p) => `${fixed(p.p, 2)} at S/N ${p.x.toPrecision(2)}`).join(', ')}`);
    curve(plot, [[low, 1], [high, 1]], { name: 'ideal' });
    curve(plot, points.map((p) => [p.x, p.p]), { color: 'var(--pen-3)' });
    let bars = '';
    for (const p of points) bars += `M${r1(plot.px(p.x))} ${r1(plot.py(p.low))}V${r1(plot.py(p.high))}`;
    plot.inside.append(svg('path', { class: 'bars', d: bars, stroke: 'var(--pen-3)', 'stroke-width': 1.6 }));
    dots(plot, points.map((p) => [p.x, p.p]), { color: 'var(--pen-3)', size: 8 });
    pickable(plot.drawing, points.map((p) => [plot.px(p.x), plot.py(p.p), p]), (p) => `S/N ${p.a.toPrecision(2)} to ${p.b === Infinity ? '∞' : p.b.toPrecision(2)}\n${fixed(p.p, 3)} of ${count(p.n)} (${fixed(p.low, 3)} to ${fixed(p.high, 3)})`, () => {});
    return plot.drawing;
  });
}

// True kinds down, found ones across: the share of each row.
function kindsFigure(least) {
  const names = [...data.kinds, 'not found'], counts = data.kinds.map(() => names.map(() => 0));
  for (const s of sources) if (s.kind >= 0 && s.snr > least) ++counts[s.kind][s.found && s.foundKind >= 0 ? s.foundKind : names.length - 1];
  const galaxies = counts.slice(1).map((row, k) => ({ all: row.slice(0, -1).reduce((a, b) => a + b, 0), right: row[k + 1] }));
  const all = galaxies.reduce((n, g) => n + g.all, 0), right = galaxies.reduce((n, g) => n + g.right, 0);
  byId('kinds-note').textContent = all ? `Of the galaxies that were found, ${percent(right / all)} have the right kind (${count(right)} of ${count(all)}).` : 'There is no galaxy among those that were found.';
  return figureOf('Taken for', 'Shares of each row, with the number of sources.', (w) => {
    const left = 62, top = 30, cell = Math.min(110, (Math.min(w, 780) - left - 4) / names.length), high = Math.min(56, cell), wide = left + cell * names.length + 4;
    const drawing = svg('svg', { width: wide, height: top + high * counts.length + 6, viewBox: `0 0 ${wide} ${top + high * counts.length + 6}`, role: 'img',
      'aria-label': `True kinds down, found kinds across. ${counts.map((row, k) => `${data.kinds[k]}: ${row.map((n, f) => `${names[f]} ${n}`).join(', ')}`).join('. ')}` });
    names.forEach((name, f) => drawing.append(svg('text', { x: left + cell * (f + 0.5), y: top - 9, 'text-anchor': 'middle', text: cell < 60 && f === names.length - 1 ? 'none' : name })));
    counts.forEach((row, k) => {
      const sum = row.reduce((a, b) => a + b, 0);
      drawing.append(svg('text', { x: left - 8, y: top + high * (k + 0.5) + 4, 'text-anchor': 'end', text: data.kinds[k] }));
      row.forEach((n, f) => {
        const share = sum ? n / sum : 0, rightOne = f === k;
        // Right: blue; wrong: red; the more, the darker.
        const color = n === 0 ? 'var(--panel)' : rightOne ? `color-mix(in srgb, var(--pen-3) ${Math.round(12 + 78 * Math.sqrt(share))}%, var(--paper))` : `color-mix(in srgb, var(--pen-1) ${Math.round(8 + 82 * Math.sqrt(share))}%, var(--paper))`;
        drawing.append(svg('rect', { x: left + cell * f + 1, y: top + high * k + 1, width: cell - 2, height: high - 2, rx: 3, style: `fill:${color}` }));
        if (n === 0) return;
        const on = share > 0.72 ? 'fill:var(--paper)' : 'fill:var(--ink)', x = left + cell * (f + 0.5), y = top + high * (k + 0.5);
        drawing.append(svg('text', { x, y: y - 1, 'text-anchor': 'middle', style: `${on};font-weight:600`, text: share >= 0.995 ? '100 %' : `${fixed(100 * share, share < 0.1 ? 1 : 0)} %` }),
          svg('text', { x, y: y + 14, 'text-anchor': 'middle', style: on, text: count(n) }));
      });
    });
    return drawing;
  });
}

// ---- all of it ----
const put = (id, nodes, words) => {
  const box = byId(id), made = nodes.filter(Boolean);
  forgetFigures(box);
  box.replaceChildren(...(made.length ? made : [element('p', { class: 'note', text: words })]));
};
function drawSnr() {
  const group = groups[Number(byId('class').value)];
  put('snr-plots', [
    snrFigure('Median of pulls', 'Of (flux − truth) / σ, with its error.', 'median pull', group, medianOf, { ideal: 0, hold: [0] }),
    snrFigure('Width of pulls', '1.4826 times the median deviation, with its error; 1 for errors that mean what they say.', 'width', group, widthOf, { ideal: 1, hold: [1] }),
    snrFigure('Beyond 5 σ', 'Of normal errors 0.00006 %.', 'share, %', group, beyondOf, { ideal: 0, hold: [0], least: 2 }),
    snrFigure('Flux / truth − 1', 'The median, with its error; drawn for what has S/N above 10, what is farther off is at the rim.', 'flux / truth − 1, %', group, medianOf, { ideal: 0, hold: [0], least: 1, judged: 10, value: (s, b) => 100 * s.pull[b.k] / s.trueSnr[b.k] }),
  ], 'There are too few of these.');
  drawFigures();
}
function drawKinds() {
  put('kinds-plot', data.kinds_known ? [kindsFigure(Number(byId('kinds-snr').value))] : [], 'The truth does not tell its sources\' kinds.');
  drawFigures();
}
function drawAll() {
  const bandsNow = shownBands();
  put('pull-plots', groups.filter((g, k) => k < 2 || data.kinds_known).map((g) => pullFigure(g.name[0].toUpperCase() + g.name.slice(1), bandsNow.map((b) => ({ pen: b.pen, name: b.name, values: members(g, b).map((s) => s.pull[b.k]) })))), 'No source was matched.');
  const pens = ['var(--pen-3)', 'var(--pen-1)'];
  put('other-plots', [
    pullFigure('Positions', [{ pen: pens[0], name: 'RA · cos Dec', values: foundSources.map((s) => s.east).filter(isNumber) }, { pen: pens[1], name: 'Dec', values: foundSources.map((s) => s.north).filter(isNumber) }], '(found − truth) / σ of all that are matched.'),
    pullFigure('Radii', [{ pen: pens[0], name: 'half-light radius', values: foundSources.filter((s) => s.kind > 0).map((s) => s.radius).filter(isNumber) }], '(found − truth) / σ of galaxies that are found as what they are.')], 'The catalog has no errors of positions or radii.');
  put('found-plots', [
    shareFigure('Completeness', 'Share of the true sources that are found, by the S/N of their true flux; bars: 68 % intervals of a binomial share.', 'found', sources.map((s) => ({ snr: s.snr, good: s.found }))),
    shareFigure('Purity', `Share of the catalog's rows with a true source within ${data.spurious_radius} arcsec, by their own S/N.`, 'real', data.entries.length ? Array.from({ length: data.entries.length / 2 }, (_, k) => ({ snr: data.entries[2 * k] ?? 0, good: data.entries[2 * k + 1] === 1 })) : [])], 'There are too few sources.');
  drawSnr();
  drawKinds();
  drawFigures();
}
byId('class').append(...groups.filter((g, k) => k < 2 || data.kinds_known).map((g, k) => element('option', { value: k, selected: k === 1, text: g.name })));
byId('kinds-snr').append(...[...new Set([5, 10, 20, data.kinds_snr, 100])].sort((a, b) => a - b).map((v) => element('option', { value: v, selected: v === data.kinds_snr, text: v })));
byId('class').addEventListener('change', drawSnr);
byId('kinds-snr').addEventListener('change', drawKinds);
byId('logarithmic').addEventListener('change', () => drawFigures(true));
drawAll();
