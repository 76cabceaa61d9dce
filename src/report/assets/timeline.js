/** Charts over one time axis: modality states, routing weights, mIoU; the last two as far as there are any. They share cursor, zoom and moment. */
(() => {
  const { page, uPlot } = globalThis;
  const { data } = page;
  const GUTTER = 74;
  const BAND = 26;
  const charts = [];
  const sync = uPlot.sync('time');
  const font = '12px system-ui, sans-serif';

  const muted = () => page.colour('muted');
  const grid = () => page.colour('grid');
  const modalityColour = (i) => page.colour(`modality-${i % 6}`);
  const width = (host) => Math.max(200, host.clientWidth);

  /** A line where the frame viewer looks. */
  function drawMoment(u) {
    const x = Math.round(u.valToPos(page.moment, 'x', true)) + 0.5;
    if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
    u.ctx.save();
    u.ctx.strokeStyle = page.colour('ink');
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.beginPath();
    u.ctx.moveTo(x, u.bbox.top);
    u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
    u.ctx.restore();
  }

  function makeChart(id, height, table, series, options) {
    const host = page.element(id);
    const { yAxis = {}, yRange, yDirection = 1, hooks = {}, showTimes } = options;
    const chart = new uPlot(
      {
        width: width(host),
        height,
        legend: { show: false },
        padding: [6, 20, 0, 0],
        cursor: { y: false, sync: { key: sync.key, setSeries: false }, drag: { x: true, y: false } },
        scales: { x: { time: false, range: (_u, min, max) => [min, max] }, y: { range: yRange, dir: yDirection } },
        axes: [
          {
            stroke: muted,
            font,
            size: showTimes ? 30 : 8,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            values: (_u, splits) => splits.map((v) => (showTimes ? `${Number(v.toFixed(2))} s` : '')),
          },
          { stroke: muted, font, size: GUTTER, grid: { stroke: grid, width: 1 }, ticks: { show: false }, ...yAxis },
        ],
        series: [{}, ...series],
        hooks: { ...hooks, draw: [...(hooks.draw ?? []), drawMoment] },
      },
      table,
      host,
    );
    sync.sub(chart);
    charts.push(chart);
    chart.over.addEventListener('click', (event) => {
      // The end of a drag is a click too; it selected a span, not a moment.
      if (chart.select.width > 2) return;
      page.lookAt(chart.posToVal(event.clientX - chart.over.getBoundingClientRect().left, 'x'), 'charts');
    });
    new ResizeObserver(() => {
      if (Math.abs(width(host) - chart.width) > 1) chart.setSize({ width: width(host), height });
    }).observe(host);
    return chart;
  }

  // The time axis spans the whole bag, also where no frame came out: a first and a last point without values.
  const seconds = [0, ...data.series.seconds, Math.max(data.endSeconds, 0.001)];
  const column = (values) => [null, ...values, null];

  const rows = [
    ...(data.stretches.length > 0 ? [{ label: 'condition', stretches: data.stretches }] : []),
    ...data.timelines.map(({ modality, spans }) => ({ label: modality, spans })),
  ];

  /** What a band may say, most telling first; the normal state needs no words. */
  function labelsOf({ name, state, reason }) {
    if (name !== undefined) return [name];
    return state === 'active' ? [] : [reason, state].filter((label) => label !== undefined);
  }

  function drawBands(u) {
    const { ctx } = u;
    const ratio = devicePixelRatio;
    const left = u.bbox.left;
    const right = left + u.bbox.width;
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (const [row, { spans, stretches }] of rows.entries()) {
      const middle = u.valToPos(row + 0.5, 'y', true);
      const height = (BAND - 8) * ratio;
      for (const span of spans ?? stretches) {
        const from = Math.max(left, u.valToPos(span.from, 'x', true));
        const to = Math.min(right, u.valToPos(span.to, 'x', true));
        if (to <= from) continue;
        ctx.fillStyle = spans ? page.colour(`state-${span.state}`) : page.colour('grid');
        ctx.fillRect(from, middle - height / 2, Math.max(to - from, ratio), height);
        const room = to - from - 8 * ratio;
        const text = labelsOf(span).find((label) => ctx.measureText(label).width < room);
        if (text !== undefined) {
          ctx.fillStyle = spans ? '#10151c' : page.colour('ink');
          ctx.fillText(text, from + 5 * ratio, middle);
        }
        if (!spans && from > left) {
          ctx.fillStyle = page.colour('muted');
          ctx.fillRect(from, middle - height / 2, ratio, height);
        }
      }
    }
    // Reference frames without a mask, as marks above the bands.
    ctx.fillStyle = page.colour('error');
    for (const time of data.series.droppedSeconds) {
      const x = u.valToPos(time, 'x', true);
      if (x >= left && x <= right) ctx.fillRect(x - ratio, u.bbox.top - 5 * ratio, 2 * ratio, 5 * ratio);
    }
    ctx.restore();
  }

  makeChart('chart-states', rows.length * BAND + 16, [seconds, seconds.map(() => null)], [{ show: false }], {
    yRange: [0, rows.length],
    yDirection: -1,
    yAxis: {
      splits: rows.map((_, i) => i + 0.5),
      values: rows.map(({ label }) => (label.length > 11 ? `${label.slice(0, 10)}…` : label)),
      grid: { show: false },
    },
    hooks: { drawAxes: [drawBands] },
  });

  const routing =
    page.element('chart-routing') &&
    makeChart(
      'chart-routing',
      190,
      [seconds, ...data.modalities.map((name) => column(data.series.routing[name]))],
      data.modalities.map((name, i) => ({
        label: name,
        stroke: () => modalityColour(i),
        width: 2,
        points: { show: false },
        spanGaps: false,
      })),
      {
        yRange: (_u, _min, max) => [0, Math.min(1, Math.max(0.2, (max ?? 1) * 1.1))],
        showTimes: page.element('chart-miou') === null,
      },
    );

  const miou =
    page.element('chart-miou') &&
    makeChart(
      'chart-miou',
      170,
      [seconds, column(data.series.miou)],
      [{ label: 'mIoU', stroke: () => page.colour('accent'), width: 1.75, points: { show: false } }],
      { yRange: (_u, _min, max) => [0, Math.min(100, Math.max(20, (max ?? 100) * 1.1))], showTimes: true },
    );

  /** Writes the values at a point of time beside the charts' titles. */
  function showValues(time) {
    const i = page.nearest(seconds, time);
    const entry = (colour, name, value, decimals) => {
      const item = document.createElement('li');
      const swatch = Object.assign(document.createElement('i'), { style: `background: ${colour}` });
      const figure = Object.assign(document.createElement('b'), { textContent: value?.toFixed(decimals) ?? '–' });
      item.append(swatch, name, figure);
      return item;
    };
    page
      .element('routing-values')
      ?.replaceChildren(
        ...data.modalities.map((name, m) => entry(`var(--modality-${m % 6})`, name, routing.data[m + 1][i], 2)),
      );
    if (miou) page.element('miou-value').replaceChildren(entry('var(--accent)', 'mIoU', miou.data[1][i], 1));
  }

  for (const chart of charts) {
    chart.over.addEventListener('mousemove', () => {
      if (chart.cursor.left >= 0) showValues(chart.posToVal(chart.cursor.left, 'x'));
    });
    chart.over.addEventListener('mouseleave', () => showValues(page.moment));
  }
  const redraw = () => {
    for (const chart of charts) chart.redraw(false);
  };
  page.onThemeChange(redraw);
  page.onMoment((time) => {
    showValues(time);
    redraw();
  });
  showValues(page.moment);
})();
