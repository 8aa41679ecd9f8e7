// Draws each chart of the page from the plain data beside it. Hidden charts are drawn when they are shown.
(() => {
  "use strict";
  const language = document.documentElement.lang || "en";
  const charts = [];

  // What a value is counted in -> how it is written: short on axes, in full where it is pointed at.
  const written = (unit, short) => {
    const options = unit === "percent" ? { style: "percent", maximumFractionDigits: 1 }
      : /^[A-Z]{3}$/.test(unit) ? { style: "currency", currency: unit } : {};
    const brief = { notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 };
    const format = new Intl.NumberFormat(language, short && unit !== "percent" ? { ...options, ...brief } : options);
    return value => format.format(value);
  };

  // Colours are names of the page's own ones, so that charts follow light and dark.
  const coloured = (value, key, style) => {
    if (Array.isArray(value)) return value.map(each => coloured(each, key, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, name, style)]));
    }
    return /color$/i.test(key) && typeof value === "string" ? style.getPropertyValue("--" + value).trim() || value : value;
  };

  // An interval: a line from its lower to its upper end, with a bar across at each.
  const interval = (params, api) => {
    const [from, to] = [1, 2].map(end => api.coord([api.value(end), api.value(0)]));
    const line = (x1, y1, x2, y2) => ({
      type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: api.visual("color"), lineWidth: 2 },
    });
    return {
      type: "group",
      children: [line(...from, ...to), ...[from, to].map(([x, y]) => line(x, y - 4, x, y + 4))],
    };
  };

  const pointed = (option, unit) => params => {
    const rows = Array.isArray(params) ? params : [params];
    const told = written(unit, false);
    const value = row => Array.isArray(row.value)
      ? row.value.slice(row.seriesType === "custom" ? 1 : 0, row.seriesType === "custom" ? 3 : 1).map(told).join("\u2013")
      : told(row.value);
    const title = rows[0].data.told || rows[0].name;
    const lines = rows.filter(row => row.value !== "-" && row.value !== undefined);
    return [title, ...lines.map(row => (option.series[row.seriesIndex].name ? row.seriesName + ": " : "") + value(row))].join("\n");
  };

  // Names of categories to the left may take a part of a narrow chart only.
  const namesWidth = width => Math.min(220, Math.round(width * 0.36));

  // Names of places stand between two steps of a flow; a place is called by its step and its name.
  const roomBetween = (series, width) => {
    const steps = new Set(series.data.map(node => node.name.split("/")[0])).size;
    return Math.floor((width - steps * series.nodeWidth) / Math.max(steps - 1, 1)) - 8;
  };

  const ready = ({ option, unit }, style, width) => {
    const own = coloured(option, "", style);
    const words = { color: style.getPropertyValue("--ink").trim(), fontFamily: style.fontFamily };
    if (own.yAxis && own.yAxis.type === "category") own.yAxis.axisLabel = { width: namesWidth(width), overflow: "truncate" };
    for (const axis of [own.xAxis, own.yAxis].filter(Boolean)) {
      axis.axisLabel = { ...axis.axisLabel, color: words.color, hideOverlap: true };
      if (axis.type === "value") axis.axisLabel.formatter = written(unit, true);
    }
    for (const series of own.series) {
      if (series.type === "custom") series.renderItem = interval;
      if (series.type === "sankey") {
        const label = { ...words, width: roomBetween(series, width), overflow: "truncate", formatter: node => node.data.title };
        series.label = { ...series.label, ...label };
      }
    }
    const paper = style.getPropertyValue("--card").trim();
    const tooltip = {
      renderMode: "richText", confine: true, backgroundColor: paper, borderColor: style.getPropertyValue("--line").trim(),
      textStyle: words, formatter: pointed(own, unit), ...own.tooltip,
    };
    return { animation: false, stateAnimation: { duration: 0 }, textStyle: words, ...own, tooltip };
  };

  const placed = figure => {
    const box = figure.querySelector("div");
    const told = JSON.parse(figure.querySelector("script").textContent);
    let chart;
    box.style.height = told.height + "px";
    const draw = again => {
      if (!box.clientWidth) return;
      if (!chart) chart = echarts.init(box, null, { renderer: "svg" });
      else if (!again && chart.getWidth() === box.clientWidth) return;
      else chart.resize();
      chart.setOption(ready(told, getComputedStyle(figure), box.clientWidth), true);
    };
    new ResizeObserver(() => requestAnimationFrame(() => draw(false))).observe(box);
    charts.push({ draw, fit: width => chart && chart.resize(width && { width: Math.min(width, box.clientWidth) }) });
  };

  // One chart that cannot be drawn keeps no other from being drawn; its table tells the same.
  for (const figure of document.querySelectorAll("figure.chart")) {
    try {
      placed(figure);
    } catch (error) {
      console.error(error);
    }
  }
  // A table that is wider than its place scrolls by keyboard too, and only such a one is a stop for it.
  const stops = new ResizeObserver(entries => entries.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  document.querySelectorAll(".wide").forEach(box => stops.observe(box));

  matchMedia("(prefers-color-scheme:dark)").addEventListener("change", () => charts.forEach(chart => chart.draw(true)));
  addEventListener("beforeprint", () => charts.forEach(chart => chart.fit(660)));
  addEventListener("afterprint", () => charts.forEach(chart => chart.fit()));
})();
