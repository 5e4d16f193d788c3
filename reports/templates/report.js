"use strict";
(() => {
  const narrow = window.matchMedia("(max-width: 520px)");
  const coarse = window.matchMedia("(pointer: coarse)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = {
    displaylogo: false,
    responsive: true,
    doubleClick: "reset",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  };
  const plots = [...document.querySelectorAll("figure")].map((figure) => ({
    figure,
    box: figure.querySelector(".plot"),
    source: JSON.parse(figure.querySelector("script").textContent),
  }));

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Plotly knows no CSS variables: give it the colours of the moment.
  function coloured(value) {
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v)]));
    }
    const variable = typeof value === "string" && value.match(/^var\((--[a-z0-9]+)\)$/);
    return variable ? css(variable[1]) : value;
  }

  // A step lasts until the next one: end it where a gap or the end of the run follows.
  function held(trace) {
    if (trace.line.shape !== "hv") return trace;
    const step = trace.x.length > 1 ? trace.x[1] - trace.x[0] : 1;
    const x = [], y = [];
    trace.y.forEach((value, index) => {
      x.push(trace.x[index]);
      y.push(value);
      if (value !== null && (trace.y[index + 1] ?? null) === null) {
        x.push(trace.x[index] + step);
        y.push(value);
      }
    });
    return { ...trace, x, y };
  }

  function layout(plot, width) {
    const own = coloured(plot.source.layout);
    for (const key of Object.keys(own).filter((key) => /^[xy]axis/.test(key))) {
      own[key] = { ...own[key], tickfont: { color: css("--muted") } };
      own[key].title = { ...own[key].title, standoff: 8, font: { size: 12, color: css("--muted") } };
      if (key.startsWith("x")) Object.assign(own[key], { nticks: narrow.matches ? 6 : 10 });
    }
    return {
      ...own,
      width,
      height: Number(plot.box.dataset.height),
      autosize: width === undefined,
      margin: { l: 52, r: 12, t: 34, b: 44 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: css("--sans"), size: 12, color: css("--text") },
      legend: { orientation: "h", x: 0, y: 1, yref: "container", yanchor: "top", traceorder: "normal" },
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--rule"), font: { color: css("--text") } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--muted"), activecolor: css("--text") },
      dragmode: coarse.matches ? false : "zoom",
    };
  }

  const draw = (width) =>
    Promise.all(
      plots.map((plot) =>
        Plotly.react(plot.box, coloured(plot.source.data).map(held), layout(plot, width), config),
      ),
    );

  // Every point as text, built when it is asked for: the page need not carry it twice.
  function tabulate({ figure, source }) {
    const rows = new Map();
    source.data.forEach((trace, column) =>
      trace.x.forEach((x, index) => {
        if (!rows.has(x)) rows.set(x, Array(source.data.length).fill(null));
        rows.get(x)[column] = trace.y[index];
      }),
    );
    const table = document.createElement("table");
    const add = (parent, tag, text, scope) => {
      const cell = parent.appendChild(document.createElement(tag));
      cell.textContent = text;
      cell.className = "number";
      if (scope) cell.scope = scope;
    };
    const log = source.layout.xaxis.type === "log";
    const head = table.createTHead().insertRow();
    add(head, "th", log ? "percentile" : "second", "col");
    source.data.forEach((trace) => add(head, "th", trace.name, "col"));
    const body = table.createTBody();
    [...rows.keys()].sort((a, b) => a - b).forEach((x) => {
      const row = body.insertRow();
      add(row, "th", log ? (100 * (1 - 1 / x)).toPrecision(6) : x, "row");
      rows.get(x).forEach((y) => add(row, "td", y === null ? "-" : y.toLocaleString("en")));
    });
    figure.querySelector("details .scroll").replaceChildren(table);
  }

  plots.forEach((plot) => {
    const details = plot.figure.querySelector("details");
    details.addEventListener("toggle", () => details.open && tabulate(plot), { once: true });
  });
  dark.addEventListener("change", () => draw());
  narrow.addEventListener("change", () => draw());
  // The event comes before the style sheet for paper, so the colours are switched by hand.
  function print(on) {
    document.documentElement.classList.toggle("printing", on);
    draw(on ? 640 : undefined);
  }
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
  draw().then(() => {
    document.documentElement.dataset.plots = "drawn";
  });
})();
