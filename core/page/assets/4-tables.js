// Tables that can be sorted by their columns.

// columns: {title, value(row) -> what it is sorted by, cell(row) -> text or element, text: left-aligned, wrap, code}.
function sortableTable(rows, columns, { most = 200, sortBy = -1, name = '' } = {}) {
  const body = element('tbody');
  const buttons = [];
  let order = [...rows], shownAll = rows.length <= most, sorted = { column: sortBy, down: true };
  const note = element('p', { class: 'note' });
  function fill() {
    const visible = shownAll ? order : order.slice(0, most);
    body.replaceChildren(...visible.map((row) => element('tr', {}, ...columns.map((column) => {
      const content = column.cell ? column.cell(row) : column.value(row);
      const classes = [column.text ? 't' : '', column.wrap ? 'wrap' : '', column.code ? 'code' : '', column.share ? 'share' : ''].join(' ').trim();
      return element('td', { class: classes || null }, content instanceof Node ? content : String(content ?? ''));
    }))));
    note.replaceChildren();
    if (!shownAll)
      note.append(`The first ${count(most)} of ${count(rows.length)}. `, element('button', { type: 'button', text: 'Show all',
        onclick: () => { shownAll = true; fill(); } }));
  }
  function sortOn(k) {
    sorted = { column: k, down: sorted.column === k ? !sorted.down : !columns[k].text };
    apply();
  }
  function apply() {
    const k = sorted.column;
    if (k >= 0) {
      const value = columns[k].value, sign = sorted.down ? -1 : 1;
      order = [...rows].sort((p, q) => {
        const a = value(p), b = value(q);
        return sign * (isNumber(a) && isNumber(b) ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true }));
      });
    }
    heads.forEach((head, i) => head.setAttribute('aria-sort', i === k ? (sorted.down ? 'descending' : 'ascending') : 'none'));
    fill();
  }
  const heads = columns.map((column, k) => {
    const button = element('button', { type: 'button', text: column.title, onclick: () => sortOn(k) });
    buttons.push(button);
    return element('th', { scope: 'col', class: column.text ? 't' : null, title: column.help }, button);
  });
  apply();
  const table = element('table', { 'aria-label': name || null }, element('thead', {}, element('tr', {}, ...heads)), body);
  return element('div', {}, element('div', { class: rows.length > 15 ? 'scroll' : null, tabindex: rows.length > 15 ? '0' : null,
    role: rows.length > 15 ? 'region' : null, 'aria-label': rows.length > 15 ? name : null }, table), note);
}

const shareBar = (share, words) => element('div', { title: words }, element('span', { style: `width:${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%` }));

function showStages() {
  const box = byId('stage-table');
  if (run.stages.length === 0) return void box.append(element('p', { class: 'note', text: 'No stage has run.' }));
  const most = Math.max(...run.stages.map((stage) => stage.wall_seconds), 1e-9);
  const head = ['stage', '', 'wall', '', 'CPU', 'cores', 'peak memory', 'failures', 'why'];
  const rows = run.stages.map((stage) => element('tr', {},
    element('th', { scope: 'row', class: 't', text: stage.name }),
    element('td', { class: stage.status === 'failed' || stage.status === 'interrupted' ? 't bad' : 't', text: stage.status }),
    element('td', { text: seconds(stage.wall_seconds) }),
    element('td', { class: 'share' }, shareBar(stage.wall_seconds / most, '')),
    element('td', { text: seconds(stage.cpu_seconds) }),
    element('td', { text: stage.wall_seconds > 0.05 ? (stage.cpu_seconds / stage.wall_seconds).toFixed(1) : '–' }),
    element('td', { text: megabytes(stage.peak_bytes) }),
    element('td', { class: stage.failures ? 'bad' : null, text: stage.failures || '' }),
    element('td', { class: 't wrap', text: stage.why })));
  const total = element('tr', {}, element('th', { scope: 'row', class: 't', text: 'run' }), element('td'),
    element('td', { text: seconds(run.run.wall_seconds) }), element('td'), element('td', { text: seconds(run.run.cpu_seconds) }),
    element('td', { text: run.run.wall_seconds > 0.05 ? (run.run.cpu_seconds / run.run.wall_seconds).toFixed(1) : '–' }),
    element('td', { text: megabytes(run.run.peak_bytes) }), element('td'), element('td'));
  box.append(element('table', { 'aria-label': 'Time and memory of the stages' },
    element('thead', {}, element('tr', {}, ...head.map((title, i) => element('th', { scope: 'col', class: i < 2 || i === 8 ? 't' : null, text: title })))),
    element('tbody', {}, ...rows), element('tfoot', {}, total)));
}

function showBlobs() {
  const blobs = run.blobs, rows = blobs.number.map((_, i) => i);
  const box = byId('blob-table'), summary = byId('blob-summary');
  if (rows.length === 0) {
    summary.textContent = 'No blobs were fitted in this run.';
    return;
  }
  const total = blobs.cpu_seconds.reduce((sum, value) => sum + (value || 0), 0);
  const costs = [...blobs.cpu_seconds].sort((a, b) => b - a);
  const ten = costs.slice(0, 10).reduce((sum, value) => sum + value, 0);
  const wrong = rows.filter((i) => blobs.status[i] !== 'fitted' && blobs.status[i] !== 'empty' && blobs.status[i] !== 'skipped').length;
  const unfinished = (blobs.unfinished || []).reduce((sum, value) => sum + value, 0);
  const cut = Number((run.header.find(([key]) => key === 'NCUT') || [])[1]) || 0;
  const together = bands.some((band) => bandColumn('blendedness', band));
  summary.textContent = `${plural(rows.length, 'blob')} took ${seconds(total)} of CPU`
    + (rows.length > 10 && total > 0 ? `, the ten dearest ${(100 * ten / total).toFixed(0)} % of it` : '')
    + (wrong ? `; ${count(wrong)} could not be fitted` : '') + '.'
    + (together ? ' Sources that overlap were fitted together.' : '')
    + (unfinished ? ` ${plural(unfinished, 'source')} took all the steps that a fit may, or went as far, and may not be at their best.` : '')
    + (cut ? ` ${plural(cut, 'blob')} took all the work that a joint fit may: the table has a message.` : '');
  const number = (i) => blobs.number[i];
  box.append(sortableTable(rows, [
    { title: 'blob', value: number, cell: (i) => {
      const words = number(i) < 0 ? 'none' : `${number(i)}${blobs.part[i] >= 0 ? `, part ${blobs.part[i] + 1}` : ''}`;
      return wcs ? element('button', { type: 'button', text: words, title: 'Show it in the picture', onclick: () => {
        viewer.goToBox(blobs.box[i]);
        viewer.canvas.focus();
        viewer.canvas.scrollIntoView({ block: 'center' });
      } }) : words;
    }, help: 'Its number in the catalog' },
    { title: 'CPU', value: (i) => blobs.cpu_seconds[i], cell: (i) => seconds(blobs.cpu_seconds[i]) },
    { title: 'share', value: (i) => blobs.cpu_seconds[i], cell: (i) => shareBar(blobs.cpu_seconds[i] / (costs[0] || 1), ''), share: true },
    { title: 'of all', value: (i) => blobs.cpu_seconds[i], cell: (i) => (total > 0 ? `${(100 * blobs.cpu_seconds[i] / total).toFixed(1)} %` : '–') },
    { title: 'sources', value: (i) => blobs.sources[i] },
    { title: 'in catalog', value: (i) => blobs.fitted[i] },
    ...(unfinished ? [{ title: 'unfinished', value: (i) => blobs.unfinished[i], help: 'Sources whose fit took all the steps that it may, or took them as far as one may' }] : []),
    { title: 'size', value: (i) => (blobs.box[i][1] - blobs.box[i][0]) * (blobs.box[i][3] - blobs.box[i][2]),
      cell: (i) => `${blobs.box[i][1] - blobs.box[i][0]} × ${blobs.box[i][3] - blobs.box[i][2]}` },
    { title: 'pixels', value: (i) => blobs.pixels[i], cell: (i) => count(blobs.pixels[i]) },
    { title: 'images', value: (i) => blobs.images[i] },
    { title: 'image pixels', value: (i) => blobs.image_pixels[i], cell: (i) => count(blobs.image_pixels[i]) },
    { title: 'status', value: (i) => blobs.status[i], text: true },
    { title: 'message', value: (i) => blobs.message[i], text: true, wrap: true },
  ], { most: 50, sortBy: 1, name: 'Blobs' }));
}

function tableOf(data, names, name) {
  const rows = Array.from({ length: data.rows }, (_, i) => i);
  const has = names.filter(([key]) => data.columns[key]);
  return sortableTable(rows, has.map(([key, title, count_]) => {
    const values = data.columns[key], text = typeof values[0] === 'string';
    return { title, value: (i) => values[i], cell: (i) => (isNumber(values[i]) && count_ ? digits(values[i], count_) : values[i] ?? '–'), text,
      help: [data.descriptions[key], data.units[key] ? `[${data.units[key]}]` : ''].filter(Boolean).join(' ') };
  }), { most: 100, name });
}

function showCcds() {
  const used = run.ccds.used, left = run.ccds.left_out;
  byId('ccds-used-count').textContent = used.rows;
  byId('ccds-left-count').textContent = left.length;
  if (used.rows > 0)
    byId('ccds-used').append(tableOf(used, [['camera', 'camera'], ['expnum', 'exposure'], ['ccdname', 'CCD'], ['filter', 'band'], ['exptime', 'exptime', 3],
      ['mjd_obs', 'MJD', 9], ['fwhm', 'FWHM, px', 3], ['ccdzpt', 'zero point', 5], ['sig1', 'sig1', 3], ['co_sky', 'sky off', 3],
      ['plver', 'pipeline'], ['skyver', 'sky by'], ['psfver', 'PSF by'], ['skyplver', 'sky of'], ['psfplver', 'PSF of'], ['image_filename', 'file']], 'CCDs used'));
  else byId('ccds-used').append(element('p', { class: 'note', text: 'The run did not get as far as writing the table of its CCDs.' }));
  if (left.length > 0)
    byId('ccds-left').append(sortableTable(left, [{ title: 'CCD', value: (c) => c.name, text: true }, { title: 'camera', value: (c) => c.camera, text: true },
      { title: 'band', value: (c) => c.band, text: true }, { title: 'reason', value: (c) => c.reason, text: true, wrap: true },
      { title: 'file', value: (c) => c.file, text: true }], { most: 100, name: 'CCDs left out' }));
  else byId('ccds-left').append(element('p', { class: 'note', text: 'None of those that touch the brick.' }));
}

function showRun() {
  const facts = run.run, software = run.software;
  const area = run.brick.unique_area;
  byId('run-facts').append(definitions([
    ['started', facts.started], ['host', facts.host], ['threads', facts.threads],
    ['Brickline', `${software.version}, commit ${software.commit}, ${software.simd_level}`],
    ['brick', `${run.brick.name}${run.brick.id >= 0 ? ` (${run.brick.id})` : ''}`],
    ['pixels', wcs ? `${run.brick.width} × ${run.brick.height}, ${digits(run.brick.pixel_scale_arcsec, 3)}″` : ''],
    ['middle', run.brick.center ? `${run.brick.center[0].toFixed(6)}, ${run.brick.center[1].toFixed(6)}` : ''],
    ['unique area', area ? `RA ${area[0].toFixed(5)} to ${area[1].toFixed(5)}, Dec ${area[2].toFixed(5)} to ${area[3].toFixed(5)}` : ''],
    ['CMDLINE', element('code', { text: run.command_line })]]));
  const shell = (word) => (/^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);
  const effects = { products: 'changes products', paths: 'where things are', control: 'how it runs' };
  byId('run-options').append(run.options.length ? sortableTable(run.options, [
    { title: 'option', value: (o) => o.words[0], text: true, code: true },
    { title: 'value', value: (o) => o.words.slice(1).map(shell).join(' '), text: true, wrap: true, code: true },
    { title: 'effect', value: (o) => effects[o.effect] || o.effect, text: true },
    { title: 'said by', value: (o) => o.origin, text: true }], { name: 'Options' })
    : element('p', { class: 'note', text: 'All at their defaults.' }));
  byId('run-cameras').append(software.cameras.length ? sortableTable(software.cameras, [
    { title: 'camera', value: (c) => c.name, text: true }, { title: 'plugin', value: (c) => `${c.plugin} ${c.version}`, text: true },
    { title: 'file', value: (c) => c.path, text: true, code: true }, { title: 'SHA-256 of the file', value: (c) => c.file_sha256, text: true, code: true },
    { title: 'of its facts', value: (c) => c.facts_sha256, text: true, code: true }], { name: 'Cameras' })
    : element('p', { class: 'note', text: 'None was loaded.' }));
  byId('run-header').append(element('table', { 'aria-label': 'Header cards' }, element('tbody', {}, ...run.header.map(([key, value, comment]) =>
    element('tr', {}, element('th', { class: 't code', scope: 'row', text: key }), element('td', { class: 't wrap code', text: value }), element('td', { class: 't wrap', text: comment }))))));
}

function showWarnings() {
  const list = element('ul', { class: 'list' });
  for (const message of run.messages)
    list.append(element('li', { class: message.level === 'error' ? 'error' : null },
      element('span', { class: 'where', text: `${message.level === 'error' ? 'Error' : 'Warning'}${message.stage ? `, ${message.stage}:` : ':'}` }), message.text));
  const total = run.messages.length + run.failures.length;
  byId('warning-count').textContent = total || '';
  byId('warning-count').classList.toggle('some', total > 0);
  const box = byId('warning-list');
  box.append(run.messages.length ? list : element('p', { class: 'note', text: 'There were none.' }));
  if (run.failures.length)
    box.append(element('h3', { text: `What could not be fitted (${run.failures.length})` }), sortableTable(run.failures, [
      { title: 'item', value: (f) => f.item, text: true }, { title: 'reason', value: (f) => f.reason, text: true, wrap: true }], { name: 'Failures' }));
}

function showProducts() {
  byId('product-count').textContent = run.products.length;
  byId('product-table').append(element('table', { 'aria-label': 'Products' }, element('tbody', {}, ...run.products.map((product) =>
    element('tr', {}, element('td', { class: 't code', text: product.path }), element('td', { class: 't code', text: product.sha256 }))))));
}
