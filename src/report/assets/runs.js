/** Trend, filters and order of a list of runs. */
(() => {
  const { uPlot } = globalThis;
  const data = JSON.parse(document.getElementById('runs-data').textContent);
  const element = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const body = document.querySelector('#runs-table tbody');
  const rows = [...body.rows];

  function filter() {
    const text = element('filter-text').value.trim().toLowerCase();
    const states = [...document.querySelectorAll('input[name=state]:checked')].map(({ value }) => value);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.dataset.text.includes(text) || !states.includes(row.dataset.state);
      if (!row.hidden) shown++;
    }
    element('filter-count').textContent = shown === rows.length ? '' : `${shown} of ${rows.length}`;
  }
  element('filter-text').addEventListener('input', filter);
  for (const box of document.querySelectorAll('input[name=state]')) box.addEventListener('change', filter);

  /** Value of a row to sort by: a text or a number; what is not there comes last. */
  function sortValue(row, key) {
    const [kind, ...rest] = key.split('.');
    if (kind === 'name' || kind === 'state') return row.dataset[kind];
    const cell = [...row.cells].find(({ dataset }) => dataset[kind] === rest.join('.'));
    return cell === undefined || cell.dataset.value === '' ? undefined : Number(cell.dataset.value);
  }

  for (const button of document.querySelectorAll('[data-sort]')) {
    button.addEventListener('click', () => {
      const head = button.closest('th');
      const order = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
      for (const each of document.querySelectorAll('th[aria-sort]')) each.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const sorted = rows
        .map((row) => ({ row, value: sortValue(row, button.dataset.sort) }))
        .sort((a, b) => {
          if (a.value === undefined || b.value === undefined) return (a.value === undefined) - (b.value === undefined);
          return sign * (typeof a.value === 'number' ? a.value - b.value : a.value.localeCompare(b.value));
        });
      body.append(...sorted.map(({ row }) => row));
    });
  }

  const host = element('chart-trend');
  if (host === null) return;
  const select = element('trend-figure');
  const width = () => Math.max(200, host.clientWidth);
  const font = '12px system-ui, sans-serif';
  let chart;

  function draw() {
    chart?.destroy();
    const values = data.trends[select.value];
    const isMs = select.value.endsWith('Ms');
    chart = new uPlot(
      {
        width: width(),
        height: 200,
        legend: { show: false },
        padding: [10, 20, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: [0.5, values.length + 0.5] },
          y: { range: (_u, _min, max) => [0, isMs ? Math.max(1, (max ?? 1) * 1.1) : Math.min(100, (max ?? 90) * 1.1)] },
        },
        axes: [
          {
            stroke: () => colour('muted'),
            font,
            size: 30,
            grid: { show: false },
            ticks: { show: false },
            values: (_u, splits) =>
              splits.map((v) => (Number.isInteger(v) && v >= 1 && v <= values.length ? `${v}` : '')),
          },
          {
            stroke: () => colour('muted'),
            font,
            size: 52,
            grid: { stroke: () => colour('grid'), width: 1 },
            ticks: { show: false },
          },
        ],
        series: [
          {},
          {
            stroke: () => colour('accent'),
            width: 1.5,
            points: { show: true, size: 7, fill: () => colour('accent') },
            spanGaps: false,
          },
        ],
        hooks: {
          setCursor: [
            (u) => {
              const { idx } = u.cursor;
              if (idx == null) return;
              const value = values[idx];
              const text = value === null ? 'none' : value.toFixed(isMs ? 0 : 1);
              element('trend-note').textContent = `${data.names[idx]}: ${text}`;
            },
          ],
        },
      },
      [values.map((_, i) => i + 1), values],
      host,
    );
    chart.over.addEventListener('click', () => {
      const { idx } = chart.cursor;
      const row = idx == null ? undefined : element(`run-${idx}`);
      if (!row) return;
      for (const each of rows) each.classList.toggle('chosen', each === row);
      row.scrollIntoView({ block: 'center', behavior: 'smooth' });
    });
  }

  select.addEventListener('change', draw);
  new ResizeObserver(() => {
    if (Math.abs(width() - chart.width) > 1) chart.setSize({ width: width(), height: 200 });
  }).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart.redraw(false));
  draw();
})();
