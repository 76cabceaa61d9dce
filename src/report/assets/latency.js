/** Latency: its stages over time, and the histogram of one stage with its percentiles marked. */
(() => {
  const { page, uPlot } = globalThis;
  const { latency, latencyMs, series } = page.data;
  const host = page.element('chart-latency');
  if (host === null) return;
  const HEIGHT = 230;
  /** Leaves the top quarter to the labels of the percentiles. */
  const LABEL_ROOM = 1.32;
  const font = '12px system-ui, sans-serif';
  let chart;

  function drawPercentiles(stage) {
    return (u) => {
      const { ctx } = u;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.textBaseline = 'top';
      const marks = Object.entries(latencyMs[stage])
        .filter(([, value]) => value !== null)
        .map(([name, value]) => ({ name, x: u.valToPos(value, 'x', true) }));
      ctx.fillStyle = page.colour('ink');
      for (const { x } of marks) ctx.fillRect(x, u.bbox.top, ratio, u.bbox.height);
      for (const [row, { name, x }] of marks.entries()) {
        // One row each: p95 and p99 often lie close together. A label covers the lines behind it.
        const isRight = x > u.bbox.left + u.bbox.width * 0.85;
        const width = ctx.measureText(name).width;
        const left = isRight ? x - width - 5 * ratio : x + 5 * ratio;
        const top = u.bbox.top + row * 15 * ratio;
        ctx.fillStyle = page.colour('card');
        ctx.fillRect(left - 2 * ratio, top - ratio, width + 4 * ratio, 13 * ratio);
        ctx.fillStyle = page.colour('ink');
        ctx.textAlign = 'left';
        ctx.fillText(name, left, top);
      }
      ctx.restore();
    };
  }

  function show(stage) {
    chart?.destroy();
    const { binWidth, counts, beyond } = latency[stage];
    const edges = counts.map((_, i) => i * binWidth);
    chart = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        padding: [8, 26, 0, 0],
        cursor: { show: false },
        scales: {
          x: { time: false, range: [0, counts.length * binWidth] },
          y: { range: (_u, _min, max) => [0, Math.max(1, max * LABEL_ROOM)] },
        },
        axes: [
          {
            stroke: () => page.colour('muted'),
            font,
            size: 32,
            grid: { show: false },
            ticks: { show: false },
            values: (_u, splits) => splits.map((v) => `${Number(v.toFixed(3))} ms`),
            space: 70,
          },
          {
            stroke: () => page.colour('muted'),
            font,
            size: 44,
            grid: { stroke: () => page.colour('grid'), width: 1 },
            ticks: { show: false },
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000],
          },
        ],
        series: [
          {},
          {
            stroke: () => page.colour('accent'),
            fill: () => page.colour('accent'),
            width: 0,
            paths: uPlot.paths.bars({ size: [0.9, 100], align: 1 }),
            points: { show: false },
          },
        ],
        hooks: { draw: [drawPercentiles(stage)] },
      },
      [edges, counts],
      host,
    );
    const frames = counts.reduce((sum, count) => sum + count, 0);
    page.element('latency-note').textContent =
      `frames per ${Number(binWidth.toPrecision(3))} ms, of ${frames}` +
      (beyond > 0 ? `; last bar: ${beyond} longer` : '');
  }

  const selected = () => document.querySelector('input[name=stage]:checked').value;
  for (const radio of document.querySelectorAll('input[name=stage]')) {
    radio.addEventListener('change', () => show(selected()));
  }
  new ResizeObserver(() => {
    if (chart && Math.abs(host.clientWidth - chart.width) > 1)
      chart.setSize({ width: host.clientWidth, height: HEIGHT });
  }).observe(host);
  page.onThemeChange(() => chart.redraw(false));
  show(selected());

  // Stages on top of each other: the sum of those so far, the last one drawn first.
  const STAGES = [
    { name: 'decode', key: 'decode', colour: 'modality-3' },
    { name: 'sync wait', key: 'syncWait', colour: 'modality-1' },
    { name: 'inference', key: 'inference', colour: 'modality-0' },
  ];
  const { seconds, column } = page.time;
  const sums = STAGES.map((_, last) =>
    column(
      series.seconds.map((_, i) =>
        STAGES.slice(0, last + 1).reduce((sum, { key }) => sum + (series.latency[key][i] ?? 0), 0),
      ),
    ),
  );
  page.time.chart(
    'chart-stages',
    [seconds, ...sums.toReversed()],
    STAGES.toReversed().map(({ name, colour }) => ({
      label: name,
      stroke: () => page.colour(colour),
      fill: () => page.colour(colour),
      width: 0,
      points: { show: false },
    })),
    { height: 190, yRange: (_u, _min, max) => [0, Math.max(1, (max ?? 1) * 1.08)], showTimes: true },
  );
  page.time.onCursor((time) => {
    const i = page.nearest(seconds, time) - 1;
    page.time.writeValues(
      'stage-values',
      STAGES.map(({ name, key, colour }) => ({
        colour: `var(--${colour})`,
        name,
        value: series.latency[key][i],
        decimals: 0,
      })),
    );
  });
})();
