// What is told of one source: in short where the pointer is, in full below the picture; and finding one.

function fluxText(value) {
  if (!value) return '–';
  const error = value.error;
  const decimals = error ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(error)))) : 3;
  return `${value.flux.toFixed(decimals)}${error ? ` ± ${error.toFixed(decimals)}` : ''}`;
}
const magText = (value) => (value && value.mag !== null ? value.mag.toFixed(2) : '–');

function sourceName(i) {
  const type = typeOf(i);
  return `${catalog.objid[i]} ${type}`;
}

// Elements for the box at the pointer.
function sourceSummary(i) {
  const rows = bands.map((band) => {
    const value = fluxOf(i, band), chi = bandColumn('rchisq', band);
    return element('tr', {}, element('th', { scope: 'row', text: `flux ${band}` }), element('td', { text: fluxText(value) }),
      element('td', { text: `${magText(value)} mag` }), element('td', { text: chi ? `χ² ${digits(chi[i], 3)}` : '' }));
  });
  const ellipse = ellipseOf(i);
  const shape = ellipse ? `r ${digits(catalog.shape_r[i], 3)}″`
    + (ellipse.axisRatio < 1 ? `, b/a ${ellipse.axisRatio.toFixed(2)}, PA ${ellipse.positionAngle.toFixed(0)}°` : '')
    + (typeOf(i) === 'SER' ? `, n ${digits(catalog.sersic[i], 2)}` : '') : '';
  const masks = maskNames(catalog.maskbits[i]);
  return [element('div', {}, element('b', { text: `objid ${sourceName(i)}` }),
    catalog.ref_cat && catalog.ref_cat[i].trim() ? ` (${catalog.ref_cat[i].trim()})` : ''),
  element('div', { text: `${catalog.ra[i].toFixed(6)}, ${catalog.dec[i].toFixed(6)}` }),
  element('table', {}, ...rows),
  shape ? element('div', { text: shape }) : null,
  masks.length ? element('div', { text: masks.join(' ') }) : null].filter((node) => node);
}

function definitions(pairs) {
  const list = element('dl');
  for (const [name, value] of pairs)
    if (value !== null && value !== undefined && value !== '')
      list.append(element('dt', { text: name }), element('dd', {}, ...(value instanceof Node ? [value] : [String(value)])));
  return list;
}

function sourceDetails(i) {
  const ra = catalog.ra[i], dec = catalog.dec[i], ellipse = ellipseOf(i);
  const masks = maskNames(catalog.maskbits[i]);
  const models = ['PSF', 'REX', 'DEV', 'EXP', 'SER'];
  const chi = catalog.dchisq ? catalog.dchisq[i].map((value, k) => [models[k], value]).filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${digits(value, 5)}`).join(', ') : '';
  const reference = catalog.ref_cat && catalog.ref_cat[i].trim() ? `${catalog.ref_cat[i].trim()} ${catalog.ref_id[i]}` : '';
  const head = definitions([
    ['type', `${typeOf(i)}, ${styleOf(typeOf(i)).words}`],
    ['RA, Dec', `${ra.toFixed(7)}, ${dec.toFixed(7)}`],
    ['', `${raText(ra)} ${decText(dec)}`],
    ['pixel', `${digits(catalog.bx[i], 6)}, ${digits(catalog.by[i], 6)}`],
    ['blob', catalog.blob && catalog.blob[i] >= 0 ? catalog.blob[i] : null],
    ['half-light radius', ellipse ? `${digits(catalog.shape_r[i], 4)}″` : null],
    ['b/a, position angle', ellipse && ellipse.axisRatio < 1 ? `${ellipse.axisRatio.toFixed(3)}, ${ellipse.positionAngle.toFixed(1)}°` : null],
    ['Sérsic index', typeOf(i) === 'SER' ? digits(catalog.sersic[i], 3) : null],
    ['bulge', typeOf(i) === 'COMP' && catalog.shapedev_r ? `half-light radius ${digits(catalog.shapedev_r[i], 3)}″; of the flux ${bands
      .filter((band) => bandColumn('fracdev', band)).map((band) => `${band} ${(100 * bandColumn('fracdev', band)[i]).toFixed(0)} %`).join(', ')}` : null],
    ['Δχ²', chi],
    ['reference', reference],
    ['Gaia G', catalog.gaia_phot_g_mean_mag && catalog.gaia_phot_g_mean_mag[i] > 0 ? catalog.gaia_phot_g_mean_mag[i].toFixed(2) : null],
    ['E(B−V)', catalog.ebv && isNumber(catalog.ebv[i]) ? digits(catalog.ebv[i], 3) : null],
    ['mask bits', `${catalog.maskbits[i]}${masks.length ? ` (${masks.join(', ')})` : ''}`],
    ['fit bits', catalog.fitbits[i]],
    ['in the unique area', catalog.brick_primary ? (catalog.brick_primary[i] ? 'yes' : 'no') : null],
    ['nearest neighbor', catalog.nearest_neighbor && catalog.nearest_neighbor[i] > 0 ? `${digits(catalog.nearest_neighbor[i], 3)}″` : null],
  ]);
  const space = ['w1', 'w2', 'w3', 'w4', 'nuv', 'fuv'].filter((band) => column(`flux_${band}`));
  const columns = [['flux, nMgy', (band) => fluxText(fluxOf(i, band))], ['mag (AB)', (band) => magText(fluxOf(i, band))],
    ...[['χ²', 'rchisq'], ['fracflux', 'fracflux'], ['fracmasked', 'fracmasked'], ['blendedness', 'blendedness'], ['images', 'nobs'], ['PSF, ″', 'psfsize']].filter(([, name]) => bands.some((band) => bandColumn(name, band))).map(([title, name]) =>
      [title, (band) => { const values = bandColumn(name, band); return values ? digits(values[i], 3).replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros)) : ''; }])];
  const table = element('table', {}, element('thead', {}, element('tr', {}, element('th', { class: 't', text: 'band' }),
    ...columns.map(([title]) => element('th', { text: title })))),
  element('tbody', {}, ...[...bands, ...space].map((band) => element('tr', {}, element('th', { class: 't', scope: 'row', text: band }),
    ...columns.map(([, value]) => element('td', { text: value(band) }))))));
  return [element('h3', { text: `Source ${catalog.objid[i]}`, style: 'margin-top:0' }), element('div', { class: 'columns' }, head, table)];
}

viewer.onSelect((i) => {
  const box = byId('source');
  box.hidden = i < 0;
  box.replaceChildren(...(i < 0 ? [] : sourceDetails(i)));
});

function lookAt(i) {
  viewer.goTo(catalog.bx[i], catalog.by[i], Math.max(viewer.view.scale, 4));
  viewer.select(i);
}

function find(text) {
  const tell = (words) => { byId('search-result').textContent = words; };
  const clean = text.trim();
  if (!clean) return tell('');
  if (/^\d+$/.test(clean)) {
    const row = rowOfObjid.get(Number(clean));
    if (row === undefined) return tell(`There is no objid ${clean}.`);
    lookAt(row);
    return tell(`objid ${sourceName(row)}`);
  }
  const at = parsePosition(clean);
  if (!at) return tell('Neither an objid nor a position: 12, or 150.1234, 2.2, or 10:00:29.6 +02:12:00.');
  const pixel = skyToPixel(at.ra, at.dec);
  if (!pixel || pixel.x < -0.5 || pixel.y < -0.5 || pixel.x > run.brick.width - 0.5 || pixel.y > run.brick.height - 0.5)
    return tell('This position is not in the brick.');
  let best = -1, distance = Infinity;
  for (let i = 0; i < sources; ++i) {
    const d = separationArcsec(at.ra, at.dec, catalog.ra[i], catalog.dec[i]);
    if (d < distance) { best = i; distance = d; }
  }
  viewer.goTo(pixel.x, pixel.y, Math.max(viewer.view.scale, 4));
  if (best < 0) return tell(`Pixel ${pixel.x.toFixed(1)}, ${pixel.y.toFixed(1)}.`);
  viewer.select(best);
  return tell(`The nearest source is objid ${sourceName(best)}, ${distance.toFixed(2)}″ away.`);
}
