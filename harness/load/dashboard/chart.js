// Lines over time as SVG. `lines`: [{name, color, values}], null where there is no value.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 168, LEFT = 52, BOTTOM = 22, TOP = 8, RIGHT = 8;

function svg(parent, name, attributes, text) {
  const node = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// The next of some round numbers that is not less.
function round(value, steps) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return steps.find((step) => step * power >= value * 0.9999) * power;
}

function draw(box, { times, lines, bands, unit }) {
  const width = Math.max(box.clientWidth, 200);
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  plot.setAttribute("aria-hidden", "true");
  const first = times[0] ?? 0, last = Math.max(times[times.length - 1] ?? 0, first + 10);
  const all = lines.flatMap((line) => line.values).filter((value) => value !== null);
  const top = round(all.reduce((most, value) => Math.max(most, value), 0), [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]);
  const x = (t) => LEFT + ((t - first) / (last - first)) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  times.forEach((t, index) => {
    if (bands[index]) {
      const wide = Math.max(x(t + 1) - x(t), 1.5);
      svg(plot, "rect", { class: "band", x: x(t) - wide / 2, y: TOP, width: wide, height: HEIGHT - BOTTOM - TOP });
    }
  });
  for (const share of [0, 0.5, 1]) {
    const at = y(top * share);
    svg(plot, "line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: at, y2: at });
    svg(plot, "text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, number(top * share));
  }
  const step = round((last - first) / (width < 420 ? 4 : 6), [1, 2, 5, 10]);
  for (let t = Math.ceil(first / step) * step; t <= last; t += step) {
    svg(plot, "text", { x: x(t), y: HEIGHT - 5, "text-anchor": "middle" }, `${t} s`);
  }
  for (const { color, values, dashed } of lines) {
    let path = "", pen = "M";
    values.forEach((value, index) => {
      if (value === null) {
        pen = "M";
      } else {
        path += `${pen}${x(times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = "L";
      }
    });
    const style = `stroke: var(${color})${dashed ? "; stroke-dasharray: 5 4" : ""}`;
    if (path) svg(plot, "path", { d: path, style });
  }
  box.replaceChildren(plot);
  const said = lines.map(({ name, values }) => `${name} ${number(values[values.length - 1] ?? null)}`);
  box.setAttribute("aria-label", `${said.join(", ")} ${unit} in the last second`);
}

function number(value) {
  if (value === null || value === undefined) return "-";
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
