// The picture: layers, moving about in it, and what is drawn over it.

const viewer = (() => {
  const canvas = byId('view'), frame = byId('frame'), hover = byId('hover');
  const context = canvas.getContext('2d');
  const width = run.brick.width || 0, height = run.brick.height || 0;
  const least = 0.02, most = 64;
  // scale: screen pixels per brick pixel; (x, y): the brick pixel in the middle.
  const view = { scale: 1, x: (width - 1) / 2, y: (height - 1) / 2 };
  const shown = { layer: null, before: null, types: new Set(), blobs: false, masks: new Set() };
  let selected = -1, hovered = -1, drawn = false;
  const listeners = [];

  // ---- the pictures: decoded when they are first shown ----
  const pages = new DOMParser().parseFromString(byId('pictures').textContent, 'text/html');
  const layers = run.pictures.map((picture) => ({ ...picture, image: null,
    element: pages.getElementById(`picture-${picture.id}`) })).filter((layer) => layer.element);
  function imageOf(layer) {
    if (!layer.image) {
      layer.image = new Image();
      layer.image.onload = draw;
      layer.image.src = layer.element.src;
    }
    return layer.image.complete && layer.image.naturalWidth > 0 ? layer.image : null;
  }

  // ---- outlines: paths in pixels, made when they are first shown ----
  function pathOf(lists) {
    const path = new Path2D();
    for (const list of lists) {
      let x = list[0] - 0.5, y = list[1] - 0.5;
      path.moveTo(x, y);
      for (let i = 2; i < list.length; ++i) {
        if (i % 2 === 0) x += list[i]; else y += list[i];
        path.lineTo(x, y);
      }
      path.closePath();
    }
    return path;
  }
  let allBlobs = null;
  const blobPaths = new Map(), maskPaths = new Map();
  const blobLists = new Map(run.blob_outlines.map((outline) => [outline.blob, outline.paths]));
  const cached = (map, key, make) => { if (!map.has(key)) map.set(key, make()); return map.get(key); };
  const blobPath = (blob) => (blobLists.has(blob) ? cached(blobPaths, blob, () => pathOf(blobLists.get(blob))) : null);
  const maskColors = ['#ff5d5d', '#ffb547', '#5da8ff', '#c58bff', '#5fe0d0', '#ff8fc8', '#b9e35c', '#d9d9d9'];
  const maskColor = (mask) => maskColors[run.masks.indexOf(mask) % maskColors.length];

  const size = () => ({ w: canvas.clientWidth, h: canvas.clientHeight });
  function toScreen(x, y) {
    const { w, h } = size();
    return { x: w / 2 + (x - view.x) * view.scale, y: h / 2 - (y - view.y) * view.scale };
  }
  function toBrick(sx, sy) {
    const { w, h } = size();
    return { x: view.x + (sx - w / 2) / view.scale, y: view.y - (sy - h / 2) / view.scale };
  }

  function drawSource(i, strong) {
    const style = styleOf(typeOf(i)), at = toScreen(catalog.bx[i], catalog.by[i]);
    const ellipse = ellipseOf(i);
    context.strokeStyle = style.color;
    context.lineWidth = strong ? 2.5 : 1.3;
    context.setLineDash(style.form === 'dashed' ? [5, 3] : []);
    context.beginPath();
    if (style.form === 'cross' || !ellipse) {
      const r = strong ? 8 : 5;
      if (style.form === 'square') context.rect(at.x - r, at.y - r, 2 * r, 2 * r);
      else {
        context.moveTo(at.x - r, at.y); context.lineTo(at.x + r, at.y);
        context.moveTo(at.x, at.y - r); context.lineTo(at.x, at.y + r);
      }
    } else {
      const a = Math.max(ellipse.a * view.scale, 4), b = Math.max(a * ellipse.axisRatio, 1.5);
      context.ellipse(at.x, at.y, a, b, -ellipse.angle, 0, 2 * Math.PI);
      if (style.form === 'dotted') { context.moveTo(at.x + 1.5, at.y); context.arc(at.x, at.y, 1.5, 0, 2 * Math.PI); }
    }
    context.stroke();
    context.setLineDash([]);
  }

  function drawPath(path, color, fill, lineWidth) {
    const { w, h } = size(), ratio = window.devicePixelRatio || 1;
    context.save();
    context.setTransform(ratio * view.scale, 0, 0, -ratio * view.scale,
      ratio * (w / 2 - view.x * view.scale), ratio * (h / 2 + view.y * view.scale));
    if (fill) { context.fillStyle = color + '38'; context.fill(path); }
    context.strokeStyle = color;
    context.lineWidth = lineWidth / view.scale;
    context.stroke(path);
    context.restore();
  }

  function drawScale() {
    const { w, h } = size();
    const arcsec = run.brick.pixel_scale_arcsec / view.scale;  // of a screen pixel
    const length = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600].reduce((best, s) => (s / arcsec <= w / 4 ? s : best), 0.5);
    const pixels = length / arcsec, x = 16, y = h - 18;
    const line = (draw) => {
      context.strokeStyle = 'rgba(0,0,0,.75)'; context.lineWidth = 4; draw();
      context.strokeStyle = '#fff'; context.lineWidth = 1.6; draw();
    };
    line(() => {
      context.beginPath();
      context.moveTo(x, y - 4); context.lineTo(x, y); context.lineTo(x + pixels, y); context.lineTo(x + pixels, y - 4);
      context.stroke();
    });
    const text = (words, tx, ty) => {
      context.font = '13px system-ui, "Liberation Sans", sans-serif';
      context.lineJoin = 'round';
      context.strokeStyle = 'rgba(0,0,0,.75)'; context.lineWidth = 3; context.strokeText(words, tx, ty);
      context.fillStyle = '#fff'; context.fillText(words, tx, ty);
    };
    text(length >= 60 ? `${length / 60}′` : `${length}″`, x + 4, y - 8);
    const cx = w - 30, cy = h - 24, r = 30;
    for (const [angle, name] of [[0, 'N'], [Math.PI / 2, 'E']]) {
      const d = pixelDirection(angle);
      line(() => {
        context.beginPath(); context.moveTo(cx, cy); context.lineTo(cx + r * Math.cos(d), cy - r * Math.sin(d)); context.stroke();
      });
      text(name, cx + (r + 9) * Math.cos(d) - 4, cy - (r + 9) * Math.sin(d) + 4);
    }
  }

  function paint() {
    drawn = false;
    const { w, h } = size(), ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, w, h);
    const image = shown.layer ? imageOf(shown.layer) : null;
    const corner = toScreen(-0.5, height - 0.5);
    if (image) {
      const light = Number(byId('brightness').value);
      context.filter = light === 100 ? 'none' : `brightness(${light}%)`;
      context.imageSmoothingEnabled = view.scale < 2;
      context.imageSmoothingQuality = 'medium';
      context.drawImage(image, corner.x, corner.y, width * view.scale, height * view.scale);
      context.filter = 'none';
    }
    context.strokeStyle = '#7d8791';
    context.lineWidth = 1;
    context.strokeRect(corner.x - 0.5, corner.y - 0.5, width * view.scale + 1, height * view.scale + 1);
    for (const mask of shown.masks) drawPath(cached(maskPaths, mask, () => pathOf(mask.paths)), maskColor(mask), true, 1);
    if (shown.blobs) {
      allBlobs = allBlobs || pathOf([...blobLists.values()].flat());
      drawPath(allBlobs, '#ffffff', false, 1);
    }
    const marked = hovered >= 0 ? hovered : selected;
    if (marked >= 0 && catalog.blob && blobPath(catalog.blob[marked])) drawPath(blobPath(catalog.blob[marked]), '#ffd54a', false, 1.5);
    for (let i = 0; i < sources; ++i) {
      if (!shown.types.has(typeOf(i))) continue;
      const at = toScreen(catalog.bx[i], catalog.by[i]), e = catalog.shape_r[i] / run.brick.pixel_scale_arcsec * view.scale + 9;
      if (at.x > -e && at.y > -e && at.x < w + e && at.y < h + e) drawSource(i, i === hovered);
    }
    if (selected >= 0) {
      drawSource(selected, true);
      const at = toScreen(catalog.bx[selected], catalog.by[selected]);
      context.strokeStyle = '#fff';
      context.lineWidth = 2;
      context.beginPath();
      context.arc(at.x, at.y, 17, 0, 2 * Math.PI);
      context.stroke();
    }
    if (wcs) drawScale();
    byId('zoom-value').textContent = `${view.scale >= 1 ? digits(view.scale, 2) : view.scale.toFixed(2)}×`;
  }
  function draw() {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(paint);
  }

  // ---- moving about ----
  function clampView() {
    view.scale = Math.min(most, Math.max(least, view.scale));
    view.x = Math.min(width + 20, Math.max(-20, view.x));
    view.y = Math.min(height + 20, Math.max(-20, view.y));
    draw();
  }
  function zoomBy(factor, sx = size().w / 2, sy = size().h / 2) {
    const before = toBrick(sx, sy);
    view.scale = Math.min(most, Math.max(least, view.scale * factor));
    const after = toBrick(sx, sy);
    view.x += before.x - after.x;
    view.y += before.y - after.y;
    clampView();
  }
  function fit() {
    const { w, h } = size();
    view.scale = Math.min(w / width, h / height) * 0.97;
    view.x = (width - 1) / 2;
    view.y = (height - 1) / 2;
    clampView();
  }
  function goTo(x, y, scale) {
    view.x = x;
    view.y = y;
    if (scale) view.scale = scale;
    clampView();
  }
  function goToBox(box) {
    const { w, h } = size();
    goTo((box[0] + box[1] - 1) / 2, (box[2] + box[3] - 1) / 2,
      Math.min(w / (box[1] - box[0]), h / (box[3] - box[2]), 24) * 0.7);
  }

  // ---- which source is meant ----
  function sourceAt(sx, sy) {
    let best = -1, bestDistance = 14;
    for (let i = 0; i < sources; ++i) {
      if (!shown.types.has(typeOf(i))) continue;
      const at = toScreen(catalog.bx[i], catalog.by[i]);
      const distance = Math.hypot(at.x - sx, at.y - sy);
      if (distance < bestDistance) { best = i; bestDistance = distance; }
    }
    return best;
  }
  function setHovered(i, sx = 0, sy = 0) {
    hover.hidden = i < 0;
    if (i !== hovered) {
      hovered = i;
      if (i >= 0) hover.replaceChildren(...sourceSummary(i));
      draw();
    }
    if (i < 0) return;
    const { w, h } = size();
    hover.style.left = `${Math.max(0, Math.min(sx + 16, w - hover.offsetWidth - 4))}px`;
    hover.style.top = `${sy + 18 + hover.offsetHeight > h ? Math.max(0, sy - hover.offsetHeight - 12) : sy + 18}px`;
  }
  function select(i) {
    selected = i;
    for (const listener of listeners) listener(i);
    draw();
  }
  // The next or previous source in view, by distance from the middle.
  let walk = { key: '', order: [] };
  function step(direction) {
    const { w, h } = size(), key = `${view.x},${view.y},${view.scale},${[...shown.types]}`;
    if (walk.key !== key) {
      const order = [];
      for (let i = 0; i < sources; ++i) {
        const at = toScreen(catalog.bx[i], catalog.by[i]);
        if (shown.types.has(typeOf(i)) && at.x >= 0 && at.y >= 0 && at.x < w && at.y < h)
          order.push([Math.hypot(at.x - w / 2, at.y - h / 2), i]);
      }
      walk = { key, order: order.sort((p, q) => p[0] - q[0]).map((pair) => pair[1]) };
    }
    if (walk.order.length === 0) return;
    const at = walk.order.indexOf(selected), n = walk.order.length;
    select(walk.order[at < 0 ? (direction > 0 ? 0 : n - 1) : (at + direction + n) % n]);
  }

  function tellCursor(sx, sy) {
    const { x, y } = toBrick(sx, sy);
    if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) { byId('cursor').innerHTML = '&nbsp;'; return; }
    const { ra, dec } = pixelToSky(x, y);
    byId('cursor').textContent = `RA ${ra.toFixed(6)}  Dec ${dec.toFixed(6)}  ·  ${raText(ra)} ${decText(dec)}  ·  pixel ${x.toFixed(1)}, ${y.toFixed(1)}`;
  }

  function setLayer(layer) {
    if (layer === shown.layer) return;
    shown.before = shown.layer;
    shown.layer = layer;
    const input = byId(`layer-${layer.id}`);
    if (input) input.checked = true;
    draw();
  }

  // ---- listening ----
  let drag = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  function listen() {
    canvas.addEventListener('pointerdown', (event) => {
      const at = place(event);
      drag = { ...at, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const at = place(event);
      if (drag && (drag.moved || Math.hypot(at.x - drag.x, at.y - drag.y) > 3)) {
        view.x -= (at.x - drag.x) / view.scale;
        view.y += (at.y - drag.y) / view.scale;
        drag = { ...at, moved: true };
        setHovered(-1);
        clampView();
        return;
      }
      setHovered(sourceAt(at.x, at.y), at.x, at.y);
      tellCursor(at.x, at.y);
    });
    canvas.addEventListener('pointerup', (event) => {
      const at = place(event);
      if (drag && !drag.moved) select(sourceAt(at.x, at.y));
      drag = null;
    });
    canvas.addEventListener('pointercancel', () => { drag = null; });
    canvas.addEventListener('pointerleave', () => setHovered(-1));
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      const at = place(event);
      zoomBy(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) * 0.004), at.x, at.y);
      tellCursor(at.x, at.y);
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const far = 60 / view.scale;
      const keys = {
        ArrowLeft: () => goTo(view.x - far, view.y), ArrowRight: () => goTo(view.x + far, view.y),
        ArrowUp: () => goTo(view.x, view.y + far), ArrowDown: () => goTo(view.x, view.y - far),
        '+': () => zoomBy(1.4), '=': () => zoomBy(1.4), '-': () => zoomBy(1 / 1.4),
        0: fit, 1: () => goTo(view.x, view.y, 1),
        l: () => layers.length && setLayer(layers[(layers.indexOf(shown.layer) + 1) % layers.length]),
        b: () => setLayer(shown.before || layers[1] || layers[0]),
        n: () => step(1), p: () => step(-1),
        Enter: () => selected >= 0 && goTo(catalog.bx[selected], catalog.by[selected], Math.max(view.scale, 4)),
        Escape: () => { setHovered(-1); select(-1); },
        s: () => toggle('all-types'), o: () => toggle('blob-outlines'),
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    byId('zoom-in').addEventListener('click', () => zoomBy(1.4));
    byId('zoom-out').addEventListener('click', () => zoomBy(1 / 1.4));
    byId('zoom-fit').addEventListener('click', fit);
    byId('zoom-one').addEventListener('click', () => goTo(view.x, view.y, 1));
    byId('brightness').addEventListener('input', draw);
    new ResizeObserver(draw).observe(frame);
  }
  function toggle(id) {
    const input = byId(id);
    if (input) input.click();
  }

  // ---- the panel ----
  function makeControls() {
    for (const layer of layers)
      byId('layers').append(element('label', {},
        element('input', { type: 'radio', name: 'layer', id: `layer-${layer.id}`, value: layer.id, onchange: () => setLayer(layer) }),
        layer.title));
    const counts = new Map();
    for (let i = 0; i < sources; ++i) counts.set(typeOf(i), (counts.get(typeOf(i)) || 0) + 1);
    const known = Object.keys(typeStyles);
    const types = [...counts.keys()].sort((a, b) => known.indexOf(a) - known.indexOf(b));
    const inputs = [];
    if (types.length === 0) byId('types').append(element('p', { class: 'note', text: 'There is no catalog.' }));
    else {
      byId('types').append(element('label', {}, element('input', { type: 'checkbox', id: 'all-types', checked: true,
        onchange: (event) => {
          for (const input of inputs) if (input.checked !== event.target.checked) input.click();
        } }), 'all', element('span', { class: 'n', text: count(sources) })));
    }
    for (const type of types) {
      shown.types.add(type);
      const input = element('input', { type: 'checkbox', id: `type-${type}`, checked: true, onchange: (event) => {
        if (event.target.checked) shown.types.add(type); else shown.types.delete(type);
        draw();
      } });
      inputs.push(input);
      byId('types').append(element('label', {}, input, typeSymbol(type), ` ${type}, ${styleOf(type).words}`,
        element('span', { class: 'n', text: count(counts.get(type)) })));
    }
    const box = byId('outlines');
    if (run.blob_outlines.length > 0)
      box.append(element('label', {}, element('input', { type: 'checkbox', id: 'blob-outlines', onchange: (event) => {
        shown.blobs = event.target.checked;
        draw();
      } }), 'blobs', element('span', { class: 'n', text: count(run.blob_outlines.length) })));
    for (const mask of run.masks) {
      const swatch = svg('svg', { width: 18, height: 14, 'aria-hidden': 'true' },
        svg('rect', { x: 3, y: 2, width: 12, height: 10, fill: maskColor(mask) + '55', stroke: maskColor(mask) }));
      box.append(element('label', { title: mask.description }, element('input', { type: 'checkbox', id: `mask-${mask.name}`,
        onchange: (event) => { if (event.target.checked) shown.masks.add(mask); else shown.masks.delete(mask); draw(); } }),
      swatch, `${mask.name}${mask.description ? `, ${mask.description}` : ''}`));
    }
    if (!box.firstChild) box.append(element('p', { class: 'note', text: 'There are none.' }));
  }

  function start() {
    if (!wcs || width <= 0) {
      byId('viewer').hidden = true;
      byId('no-picture').hidden = false;
      byId('no-picture').textContent = 'The run did not get as far as knowing its piece of sky.';
      return;
    }
    if (layers.length === 0) {
      byId('no-picture').hidden = false;
      byId('no-picture').textContent = 'The run has made no pictures; what is known is drawn on black.';
    }
    makeControls();
    listen();
    if (layers.length > 0) setLayer(layers[0]);
    fit();
  }

  return { start, select, goTo, goToBox, toScreen, draw, onSelect: (listener) => listeners.push(listener),
    get selected() { return selected; }, get layer() { return shown.layer ? shown.layer.id : null; }, view, canvas };
})();

function typeSymbol(type) {
  const style = styleOf(type), stroke = { stroke: style.color, fill: 'none', 'stroke-width': 1.6 };
  const box = svg('svg', { width: 22, height: 16, 'aria-hidden': 'true' });
  if (style.form === 'cross') box.append(svg('path', { d: 'M6 8h10M11 3v10', ...stroke }));
  else if (style.form === 'square') box.append(svg('rect', { x: 6, y: 3, width: 10, height: 10, ...stroke }));
  else if (style.form === 'circle') box.append(svg('circle', { cx: 11, cy: 8, r: 5, ...stroke }));
  else {
    box.append(svg('ellipse', { cx: 11, cy: 8, rx: 8, ry: 4.5, ...stroke, 'stroke-dasharray': style.form === 'dashed' ? '4 2' : 'none' }));
    if (style.form === 'dotted') box.append(svg('circle', { cx: 11, cy: 8, r: 1.2, fill: style.color, stroke: 'none' }));
  }
  return box;
}
