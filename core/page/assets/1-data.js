// The data of the run as the other files use them, and how values are written.
const run = JSON.parse(document.getElementById('data').textContent);
const catalog = run.catalog.columns;
const sources = run.catalog.rows;
const bands = run.brick.bands;
const column = (name) => catalog[name] || null;
const bandColumn = (name, band) => column(`${name}_${band.replace(/-/g, '_')}`);

function digits(value, count) {
  if (!isNumber(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(0, count - 1)).replace('e+', 'e');
  return value.toFixed(Math.max(0, count - 1 - Math.floor(Math.log10(size))));
}
function seconds(value) {
  if (!isNumber(value)) return '–';
  if (value < 100) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  const whole = Math.round(value);
  const pad = (n) => String(n).padStart(2, '0');
  return whole < 3600 ? `${Math.floor(whole / 60)}:${pad(whole % 60)} min`
    : `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)} h`;
}
function megabytes(bytes) {
  return bytes > 0 ? `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 0 })} MB` : '–';
}
const count = (n) => Number(n).toLocaleString('en');
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

// ---- the sky: a tangent plane; crpix is 0-based ----
const wcs = run.brick.wcs || null;
const degree = Math.PI / 180;

function pixelToSky(x, y) {
  const [a, b, c, d] = wcs.cd;
  const dx = x - wcs.crpix1, dy = y - wcs.crpix2;
  const xi = (a * dx + b * dy) * degree, eta = (c * dx + d * dy) * degree;
  const ra0 = wcs.crval1 * degree, dec0 = wcs.crval2 * degree;
  const down = Math.cos(dec0) - eta * Math.sin(dec0);
  const ra = ra0 + Math.atan2(xi, down);
  const dec = Math.atan2(Math.sin(dec0) + eta * Math.cos(dec0), Math.hypot(xi, down));
  return { ra: ((ra / degree) % 360 + 360) % 360, dec: dec / degree };
}

function skyToPixel(ra, dec) {
  const da = (ra - wcs.crval1) * degree, d = dec * degree, d0 = wcs.crval2 * degree;
  const towards = Math.sin(d0) * Math.sin(d) + Math.cos(d0) * Math.cos(d) * Math.cos(da);
  if (!(towards > 0)) return null;
  const xi = Math.cos(d) * Math.sin(da) / towards / degree;
  const eta = (Math.cos(d0) * Math.sin(d) - Math.sin(d0) * Math.cos(d) * Math.cos(da)) / towards / degree;
  const [a, b, c, e] = wcs.cd, determinant = a * e - b * c;
  return { x: wcs.crpix1 + (e * xi - b * eta) / determinant, y: wcs.crpix2 + (a * eta - c * xi) / determinant };
}

// The direction in pixels of a position angle, east of north, near the middle.
function pixelDirection(angle) {
  const [a, b, c, e] = wcs.cd, determinant = a * e - b * c;
  const xi = Math.sin(angle), eta = Math.cos(angle);
  const x = (e * xi - b * eta) / determinant, y = (a * eta - c * xi) / determinant;
  return Math.atan2(y, x);
}

function separationArcsec(ra1, dec1, ra2, dec2) {
  const s = Math.sin((dec2 - dec1) * degree / 2), t = Math.sin((ra2 - ra1) * degree / 2);
  const h = s * s + Math.cos(dec1 * degree) * Math.cos(dec2 * degree) * t * t;
  return 2 * Math.asin(Math.sqrt(h)) / degree * 3600;
}

function sexagesimal(value, decimals) {
  const pad = (n, width) => n.toFixed(decimals).padStart(width, '0');
  const size = Math.abs(value), unit = 10 ** decimals;
  let ticks = Math.round(size * 3600 * unit);
  const s = (ticks % (60 * unit)) / unit;
  ticks = Math.floor(ticks / (60 * unit));
  return [String(Math.floor(ticks / 60)).padStart(2, '0'), String(ticks % 60).padStart(2, '0'),
    pad(s, decimals > 0 ? 3 + decimals : 2)];
}
function raText(ra) { return sexagesimal(ra / 15, 2).join(':'); }
function decText(dec) { return (dec < 0 ? '−' : '+') + sexagesimal(dec, 1).join(':'); }

// "150.1 2.2", "150.1, 2.2", "10:00:24 +02:12:00", "10h00m24s +2d12m": degrees; null if it is none of these.
function parsePosition(text) {
  const clean = text.replace(/−/g, '-').replace(/[hd°m′']/g, ':').replace(/[s″"]/g, '');
  const words = clean.trim().split(/[\s,;]+/);
  if (words.length !== 2) return null;
  const value = (word, hours) => {
    if (/^[-+]?\d+(\.\d*)?$|^[-+]?\.\d+$/.test(word)) return Number(word);
    const match = /^([-+]?)(\d+):(\d+)(?::(\d+(?:\.\d*)?))?:?$/.exec(word);
    if (!match) return NaN;
    const size = Number(match[2]) + Number(match[3]) / 60 + Number(match[4] || 0) / 3600;
    return (match[1] === '-' ? -1 : 1) * size * (hours ? 15 : 1);
  };
  const ra = value(words[0], words[0].includes(':')), dec = value(words[1], false);
  return ra >= 0 && ra <= 360 && dec >= -90 && dec <= 90 ? { ra, dec } : null;
}

// ---- sources ----
function fluxOf(index, band) {
  const flux = bandColumn('flux', band), ivar = bandColumn('flux_ivar', band);
  if (!flux) return null;
  const error = ivar && ivar[index] > 0 ? 1 / Math.sqrt(ivar[index]) : null;
  return { flux: flux[index], error, mag: flux[index] > 0 ? 22.5 - 2.5 * Math.log10(flux[index]) : null };
}
// Half-light ellipse: semi-axes in pixels, direction of the long one in the picture.
function ellipseOf(index) {
  const r = catalog.shape_r ? catalog.shape_r[index] : 0;
  if (!(r > 0)) return null;
  const e1 = catalog.shape_e1[index] || 0, e2 = catalog.shape_e2[index] || 0;
  const e = Math.min(Math.hypot(e1, e2), 0.999), pixels = r / run.brick.pixel_scale_arcsec;
  return { a: pixels, b: pixels * (1 - e) / (1 + e), axisRatio: (1 - e) / (1 + e),
    positionAngle: Math.atan2(e2, e1) / 2 / degree, angle: pixelDirection(Math.atan2(e2, e1) / 2) };
}
const rowOfObjid = new Map((catalog.objid || []).map((objid, row) => [objid, row]));

// How the types are drawn: by colour and by form.
const typeStyles = {
  PSF: { color: '#6cc4ff', form: 'cross', words: 'point source' },
  REX: { color: '#f5e663', form: 'circle', words: 'round exponential galaxy' },
  EXP: { color: '#45e0ae', form: 'ellipse', words: 'exponential galaxy' },
  DEV: { color: '#ffab40', form: 'dashed', words: 'de Vaucouleurs galaxy' },
  SER: { color: '#ff9ad5', form: 'dotted', words: 'Sérsic galaxy' },
  COMP: { color: '#ff6b5e', form: 'ellipse', words: 'exponential disk and de Vaucouleurs bulge' },
  DUP: { color: '#c9ced4', form: 'square', words: 'Gaia star that is a large galaxy' },
  NUN: { color: '#ffffff', form: 'square', words: 'reference without a model' },
};
const typeOf = (index) => catalog.type[index].trim();
const styleOf = (type) => typeStyles[type] || { color: '#ffffff', form: 'square', words: type };
const maskNames = (bits) => run.masks.filter((mask) => bits & mask.value).map((mask) => mask.name);
