// Puts the page together.

function showHead() {
  const facts = run.run, status = byId('status');
  status.textContent = facts.status;
  status.classList.toggle('done', facts.status === 'done' || facts.status === 'nothing to do');
  status.classList.toggle('failed', facts.status === 'failed');
  if (facts.message) {
    byId('message').hidden = false;
    byId('message').textContent = facts.message;
  }
  byId('summary').textContent = [
    run.brick.center ? `RA ${run.brick.center[0].toFixed(4)}, Dec ${run.brick.center[1].toFixed(4)}` : '',
    wcs ? `${run.brick.width} × ${run.brick.height} pixels` : '',
    bands.length ? `bands ${bands.join(', ')}` : '',
    run.ccds.used.rows ? plural(run.ccds.used.rows, 'CCD') : '',
    run.catalog.columns.objid ? plural(sources, 'source') : '',
    `${seconds(facts.wall_seconds)} on ${plural(facts.threads, 'thread')}`,
    facts.started].filter(Boolean).join(' · ');
}

showHead();
viewer.start();
showWarnings();
showStages();
showBlobs();
showPlots();
showCcds();
showRun();
showProducts();
byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  find(byId('search-text').value);
});

// For scripts, and whoever looks at the page with a debugger.
window.brickPage = { run, viewer, find, lookAt, rowOfObjid };
