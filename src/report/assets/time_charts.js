/** Charts over one time axis that share cursor, zoom and moment. */
(() => {
  const { page, uPlot } = globalThis;
  const { data } = page;
  const GUTTER = 74;
  const charts = [];
  const sync = uPlot.sync('time');
  const font = '12px system-ui, sans-serif';
  const cursorListeners = [];
  const width = (host) => Math.max(200, host.clientWidth);

  /** A line where the frame viewer looks. */
  function drawMoment(u) {
    const x = Math.round(u.valToPos(page.moment, 'x', true)) + 0.5;
    if (x < u.bbox.left - 1 || x > u.bbox.left + u.bbox.width + 1) return;
    u.ctx.save();
    u.ctx.strokeStyle = page.colour('ink');
    u.ctx.lineWidth = 1.5 * devicePixelRatio;
    u.ctx.beginPath();
    u.ctx.moveTo(x, u.bbox.top);
    u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
    u.ctx.restore();
  }

  /** Times during which a sensor was not active, with its name: why a curve changes there. */
  const outages = data.timelines.flatMap(({ modality, spans }) => {
    const joined = [];
    for (const { state, from, to, reason } of spans) {
      if (state === 'active' || state === 'waiting') continue;
      const last = joined.at(-1);
      if (last && from - last.to < 1e-6) last.to = to;
      else joined.push({ modality, from, to, reason });
    }
    return joined;
  });

  function drawOutages(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    for (const { modality, from, to } of outages) {
      const left = u.valToPos(from, 'x', true);
      const right = Math.max(left + ratio, u.valToPos(to, 'x', true));
      ctx.globalAlpha = 0.13;
      ctx.fillStyle = page.colour('state-dropped');
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 1;
      const text = `no ${modality}`;
      if (ctx.measureText(text).width + 8 * ratio > right - left) continue;
      ctx.fillStyle = page.colour('error');
      ctx.fillText(text, Math.max(left, bbox.left) + 4 * ratio, bbox.top + 3 * ratio);
    }
    ctx.restore();
  }

  // The time axis spans the whole bag, also where no frame came out: a first and a last point without values.
  const seconds = [0, ...data.series.seconds, Math.max(data.endSeconds, 0.001)];

  page.time = {
    seconds,
    column: (values) => [null, ...values, null],
    redraw() {
      for (const chart of charts) chart.redraw(false);
    },
    /** Called with the time under the cursor, or that of the frame where the cursor is nowhere. */
    onCursor: (listener) => cursorListeners.push(listener),

    /**
     * Draws a chart into an element.
     * @param table - columns over `seconds`
     * @param options - height, yAxis, yRange, yDirection, hooks, showTimes, outages
     */
    chart(id, table, series, options) {
      const host = page.element(id);
      const { height, yAxis = {}, yRange, yDirection = 1, hooks = {}, showTimes = false, bands } = options;
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
              stroke: () => page.colour('muted'),
              font,
              size: showTimes ? 30 : 8,
              grid: { stroke: () => page.colour('grid'), width: 1 },
              ticks: { show: false },
              values: (_u, splits) => splits.map((v) => (showTimes ? `${Number(v.toFixed(2))} s` : '')),
            },
            {
              stroke: () => page.colour('muted'),
              font,
              size: GUTTER,
              grid: { stroke: () => page.colour('grid'), width: 1 },
              ticks: { show: false },
              ...yAxis,
            },
          ],
          ...(bands && { bands }),
          series: [{}, ...series],
          hooks: {
            ...hooks,
            drawAxes: [...(options.outages ? [drawOutages] : []), ...(hooks.drawAxes ?? [])],
            draw: [...(hooks.draw ?? []), drawMoment],
          },
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
      chart.over.addEventListener('mousemove', () => {
        if (chart.cursor.left < 0) return;
        for (const listener of cursorListeners) listener(chart.posToVal(chart.cursor.left, 'x'));
      });
      chart.over.addEventListener('mouseleave', () => {
        for (const listener of cursorListeners) listener(page.moment);
      });
      new ResizeObserver(() => {
        if (Math.abs(width(host) - chart.width) > 1) chart.setSize({ width: width(host), height });
      }).observe(host);
      return chart;
    },

    /** Writes named values beside the title of a chart. */
    writeValues(id, entries) {
      page.element(id)?.replaceChildren(
        ...entries.map(({ colour, name, value, decimals }) => {
          const item = document.createElement('li');
          const text = typeof value === 'number' ? value.toFixed(decimals) : '–';
          item.append(
            page.make('i', '', undefined, { style: `background: ${colour}` }),
            name,
            page.make('b', '', text),
          );
          return item;
        }),
      );
    },
  };

  page.onThemeChange(page.time.redraw);
  page.onMoment((time) => {
    for (const listener of cursorListeners) listener(time);
    page.time.redraw();
  });
})();
