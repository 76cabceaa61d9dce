/** Health of every sensor, routing weights and mIoU over time; the last two as far as there are any. */
(() => {
  const { page } = globalThis;
  const { data } = page;
  const { seconds, column, chart } = page.time;
  const BAND = 24;

  const rows = [
    ...(data.stretches.length > 0 ? [{ label: 'condition', stretches: data.stretches }] : []),
    ...data.timelines.map(({ modality, spans }) => ({ label: modality, spans })),
  ];

  /** What a band may say, most telling first; the normal state needs no words. */
  function labelsOf({ name, state, reason }) {
    if (name !== undefined) return [name];
    return state === 'active' ? [] : [reason, state].filter((label) => label !== undefined);
  }

  /** Stripes over what is not active: to many eyes green and red are one colour. */
  function hatch(ctx, left, top, width, height) {
    const step = 6 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.strokeStyle = 'rgb(16 21 28 / 45%)';
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (let x = left - height; x < left + width; x += step) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.restore();
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
      const height = (BAND - 7) * ratio;
      for (const span of spans ?? stretches) {
        const from = Math.max(left, u.valToPos(span.from, 'x', true));
        const to = Math.min(right, u.valToPos(span.to, 'x', true));
        if (to <= from) continue;
        ctx.fillStyle = spans ? page.colour(`state-${span.state}`) : page.colour('grid');
        ctx.fillRect(from, middle - height / 2, Math.max(to - from, ratio), height);
        if (spans && span.state !== 'active' && span.state !== 'waiting')
          hatch(ctx, from, middle - height / 2, to - from, height);
        const room = to - from - 8 * ratio;
        const text = labelsOf(span).find((label) => ctx.measureText(label).width < room);
        if (text !== undefined) {
          if (spans) {
            // The stripes end where the words stand.
            ctx.fillStyle = page.colour(`state-${span.state}`);
            ctx.fillRect(from, middle - height / 2, ctx.measureText(text).width + 10 * ratio, height);
          }
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

  chart('chart-states', [seconds, seconds.map(() => null)], [{ show: false }], {
    height: rows.length * BAND + 40,
    yRange: [0, rows.length],
    yDirection: -1,
    yAxis: {
      splits: rows.map((_, i) => i + 0.5),
      values: rows.map(({ label }) => (label.length > 11 ? `${label.slice(0, 10)}…` : label)),
      grid: { show: false },
    },
    hooks: { drawAxes: [drawBands] },
    showTimes: true,
  });

  const modalityColour = (i) => page.colour(`modality-${i % 6}`);
  const hasRouting = page.element('chart-routing') !== null;
  const hasMiou = page.element('chart-miou') !== null;
  const weights = data.modalities.map((name) => column(data.series.routing?.[name] ?? []));
  if (hasRouting) {
    chart(
      'chart-routing',
      [seconds, ...weights],
      data.modalities.map((name, i) => ({
        label: name,
        stroke: () => modalityColour(i),
        width: 2,
        points: { show: false },
        spanGaps: false,
      })),
      {
        height: 190,
        yRange: (_u, _min, max) => [0, Math.min(1, Math.max(0.2, (max ?? 1) * 1.1))],
        showTimes: !hasMiou,
        outages: true,
      },
    );
  }
  const miou = column(data.series.miou);
  if (hasMiou) {
    chart(
      'chart-miou',
      [seconds, miou],
      [{ label: 'mIoU', stroke: () => page.colour('accent'), width: 1.75, points: { show: false } }],
      {
        height: 170,
        yRange: (_u, _min, max) => [0, Math.min(100, Math.max(20, (max ?? 100) * 1.1))],
        showTimes: true,
        outages: true,
      },
    );
  }

  page.time.onCursor((time) => {
    const i = page.nearest(seconds, time);
    page.time.writeValues(
      'routing-values',
      data.modalities.map((name, m) => ({
        colour: `var(--modality-${m % 6})`,
        name,
        value: weights[m][i],
        decimals: 2,
      })),
    );
    page.time.writeValues('miou-value', [{ colour: 'var(--accent)', name: 'mIoU', value: miou[i], decimals: 1 }]);
  });
})();
