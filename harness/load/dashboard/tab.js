// The tab "XMPP" of Locust's web UI: asks for the figures once a second while it is to be seen.
const TITLE = "XMPP", PERIOD = 1000, MEGABYTE = 1024 * 1024;
const LEDGER = [
  ["sent", "sent"], ["delivered", "delivered"], ["pending", "pending"], ["lost", "lost"],
  ["duplicated", "duplicated"], ["reordered", "reordered"], ["bounced", "bounced"], ["late", "late"],
];
const CHARTS = {
  users: {
    title: "Users", unit: "users",
    lines: [["wanted", "--muted", (s) => s.wanted, true], ["online", "--s2", (s) => s.online]],
  },
  rates: {
    title: "Measured stanzas per second", unit: "per second",
    lines: [["out", "--s1", (s) => s.out], ["in", "--s3", (s) => s.into]],
  },
  latency: {
    title: "Latency from the planned moment, ms", unit: "ms",
    lines: [
      ["p50", "--s2", (s) => ms(s.p50_us)], ["p99", "--s4", (s) => ms(s.p99_us)],
      ["p99.9", "--s3", (s) => ms(s.p999_us)],
    ],
  },
  cpu: {
    title: "CPU, % of one core", unit: "%",
    lines: [
      ["server", "--s5", (s) => s.server_cpu], ["busiest generator process", "--s1", (s) => s.generator_cpu],
    ],
  },
};
const TABLES = {
  latencies: ["Latency, ms", "from the plan", "p50", "p99", "p99.9", "max", "count"],
  stanzas: ["Measured stanzas", "kind", "out per s", "in per s", "out", "in"],
  ledger: ["Delivery ledger", "messages", "count"],
  logins: ["Login phases, ms", "phase", "p50", "p99", "max", "count"],
  server: ["Server", "figure", "value"],
  workers: [
    "Generator", "process", "CPU, %", "memory, MB", "loop lag, ms", "behind the plan, ms",
    "unsent, bytes", "saturated, s", "at a limit now",
  ],
  errors: ["Errors", "operation", "condition", "sample", "count"],
  runs: ["Recorded runs", "run", "verdict", "directory", "report"],
};
const WIDE = new Set(["latencies", "workers", "errors", "runs"]);
const WORDS = new Set(["condition", "sample", "verdict", "directory", "report", "at a limit now"]);
const NOTES = {
  plots: "The last ten minutes of the run, a point for each second.",
  latencies: "As the clients saw them.",
  stanzas: "Per second: the last whole second; the others since the run began. Those that the scenario measures: out as they are sent, in as they arrive or are answered without an error. The stanzas of logins are not among them.",
  ledger: "Since the run began.",
  logins: "All logins since the run began.",
  server: "All the server's processes together, as they are now, unless the row says otherwise.",
  errors: "Since the run began, the most frequent first.",
  workers: "Now: CPU over the last second, loop lag and delay behind the plan at their worst in it; saturated since the run began. A second in which a process reached a limit of its own is marked in the plots; its latencies are not the server's, and the figures of the whole run leave it out.",
};

const ms = (us) => (us === null || us === undefined ? null : us / 1000);
const exact = (us) =>
  us === null || us === undefined
    ? "-"
    : (us / 1000).toLocaleString("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const whole = (value) => (value === null || value === undefined ? "-" : Math.round(value).toLocaleString("en"));

function make(parent, tag, text, attributes = {}) {
  const node = parent.appendChild(document.createElement(tag));
  if (text !== undefined) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// The page, made once; what changes is found by its id.
const host = document.createElement("div");
host.id = "xmpp-live";
host.hidden = true;
const root = host.attachShadow({ mode: "open" });
const part = (id) => root.getElementById(id);

function build() {
  make(root, "style", STYLE);
  const page = make(root, "section", undefined, { "aria-label": "XMPP figures of the run" });
  const head = make(page, "div", undefined, { class: "head" });
  make(head, "span", "", { id: "state", class: "badge", role: "status" });
  make(head, "span", "", { id: "what" });
  make(head, "a", "Open the report", { id: "report", target: "_blank", rel: "noopener", hidden: "" });
  make(page, "p", "", { id: "trouble", role: "alert", hidden: "" });
  make(page, "dl", undefined, { id: "tiles", class: "tiles" });
  const plots = make(page, "div", undefined, { class: "plots" });
  for (const [id, { title, lines }] of Object.entries(CHARTS)) {
    const figure = make(plots, "figure");
    make(figure, "h2", title);
    const legend = make(figure, "p", undefined, { class: "legend" });
    for (const [name, color, , dashed] of lines) {
      const key = make(legend, "span");
      make(key, "i", undefined, { style: `border-color: var(${color})${dashed ? "; border-top-style: dashed" : ""}` });
      key.append(name);
    }
    make(figure, "div", undefined, { id: `chart-${id}`, class: "plot", role: "img", "aria-label": title });
  }
  make(page, "p", NOTES.plots, { class: "note" });
  const tables = make(page, "div", undefined, { class: "tables" });
  for (const [id, [title, ...columns]] of Object.entries(TABLES)) {
    const block = make(tables, "div", undefined, { id: `block-${id}`, class: WIDE.has(id) ? "wide" : "" });
    make(block, "h2", title);
    const scroll = make(block, "div", undefined, { class: "scroll", role: "region", tabindex: "0", "aria-label": title });
    const table = make(scroll, "table");
    const row = make(make(table, "thead"), "tr");
    columns.forEach((column, index) =>
      make(row, "th", column, { scope: "col", class: index && !WORDS.has(column) ? "number" : "" }));
    make(table, "tbody", undefined, { id });
    if (NOTES[id]) make(block, "p", NOTES[id], { class: "note" });
  }
}

function fill(id, rows, none) {
  const body = part(id), columns = TABLES[id].slice(1);
  const shown = JSON.stringify(rows);
  if (body.dataset.shown === shown) return;
  body.dataset.shown = shown;
  body.replaceChildren();
  for (const row of rows) {
    const line = make(body, "tr");
    row.forEach((cell, index) => {
      const node = index
        ? make(line, "td", undefined, { class: WORDS.has(columns[index]) ? "" : "number" })
        : make(line, "th", undefined, { scope: "row" });
      if (cell && cell.href) {
        make(node, "a", cell.text, { href: cell.href, target: "_blank", rel: "noopener" });
      } else {
        node.textContent = cell;
      }
    });
  }
  if (!rows.length) make(make(body, "tr"), "td", none, { colspan: columns.length, class: "none" });
}

function show(now, seconds) {
  part("state").textContent = now.state;
  part("state").className = `badge ${now.state.replace(" ", "-")}`;
  const load = now.load_s === null ? "" : `, ${whole(now.load_s)} s of load${now.duration_s ? ` of ${whole(now.duration_s)}` : ""}`;
  part("what").textContent = now.number ? `Run ${now.number}: ${now.scenario} on ${now.target}${load}` : "No run yet.";
  const over = now.recorded.find((run) => run.number === now.number);
  part("report").hidden = !over;
  if (over) part("report").href = `./xmpp/runs/${over.number}/report`;
  showTiles(now);
  showCharts(seconds);
  showTables(now);
}

function showTiles(now) {
  const sum = (field) => now.stanzas.reduce((all, kind) => all + kind[field], 0);
  const recent = now.latency.recent, ledger = now.ledger;
  const seconds = now.workers.reduce((all, worker) => all + worker.seconds, 0);
  const marked = now.workers.reduce((all, worker) => all + worker.saturated_seconds, 0);
  const tiles = [
    ["Online", whole(now.users.online), `of ${whole(now.asked)} wanted`],
    ["Stanzas out", `${whole(sum("out_per_s"))} /s`, `${whole(sum("out"))} in all`],
    ["Stanzas in", `${whole(sum("into_per_s"))} /s`, `${whole(sum("into"))} in all`],
    ["p50", `${exact(recent.p50_us)} ms`, `${now.latency.op}, last ${now.latency.recent_s} s`],
    ["p99", `${exact(recent.p99_us)} ms`, `${now.latency.op}, last ${now.latency.recent_s} s`],
    ["p99.9", `${exact(recent.p999_us)} ms`, `${now.latency.op}, last ${now.latency.recent_s} s`],
    ["Pending", whole(now.pending), `of ${whole(ledger.sent)} sent`],
    ["Lost", whole(ledger.lost), "known after the drain"],
    ["Generator", seconds ? `${Math.floor((100 * (seconds - marked)) / seconds)} % clean` : "-", `${whole(marked)} of ${whole(seconds)} s at a limit`],
  ];
  const list = part("tiles");
  if (list.children.length !== tiles.length) {
    list.replaceChildren();
    for (const [name] of tiles) {
      const tile = make(list, "div");
      make(tile, "dt", name);
      make(tile, "dd");
    }
  }
  tiles.forEach(([, value, context], index) => {
    const dd = list.children[index].lastChild;
    dd.replaceChildren(value);
    make(dd, "small", context);
  });
}

function showCharts(seconds) {
  const times = seconds.map((second) => second.t + 1), bands = seconds.map((second) => second.saturated);
  for (const [id, { lines, unit }] of Object.entries(CHARTS)) {
    const drawn = lines.map(([name, color, value, dashed]) => ({
      name, color, dashed, values: seconds.map(value),
    }));
    draw(part(`chart-${id}`), { times, bands, unit, lines: drawn });
  }
}

function showTables(now) {
  const five = (name, p) => [name, exact(p.p50_us), exact(p.p99_us), exact(p.p999_us), exact(p.max_us), whole(p.count)];
  fill("stanzas", now.stanzas.map((s) => [s.kind, ...[s.out_per_s, s.into_per_s, s.out, s.into].map(whole)]), "None yet.");
  fill("latencies", [
    five(`${now.latency.op}, last ${now.latency.recent_s} s`, now.latency.recent),
    five(`${now.latency.op}, clean seconds of the run`, now.latency.whole),
  ]);
  const ledger = { ...now.ledger, pending: now.pending };
  fill("ledger", LEDGER.map(([key, name]) => [name, whole(ledger[key])]));
  const logins = now.operations.filter(({ op }) => op.startsWith("login."));
  const login = now.operations.filter(({ op }) => op === "login");
  const order = ["tcp", "tls", "sasl", "bind", "roster", "presence"];
  logins.sort((a, b) => order.indexOf(a.op.slice(6)) - order.indexOf(b.op.slice(6)));
  fill("logins", [...logins, ...login].map(({ op, latency: p }) => [
    op === "login" ? "whole, from the plan" : op.slice(6), exact(p.p50_us), exact(p.p99_us), exact(p.max_us), whole(p.count),
  ]), "Nobody has logged in yet.");
  fill("errors", now.failures.map((e) => [e.op, e.condition, e.sample || "-", whole(e.count)]), "None.");
  const server = now.server;
  fill("server", server ? [
    ["CPU now, % of one core", number(server.cpu_percent)], ["CPU of the run, s", number(server.cpu_s)],
    ["memory, MB", number(server.rss_bytes / MEGABYTE)], ["threads", whole(server.threads)],
    ["open files", whole(server.fds)],
  ] : [], "Its processes cannot be seen from here.");
  fill("workers", now.workers.map((w) => [
    `worker ${w.worker}`, number(w.cpu_percent), number(w.rss_bytes / MEGABYTE), exact(w.lag_us), exact(w.behind_us),
    whole(w.backlog_bytes), `${whole(w.saturated_seconds)} of ${whole(w.seconds)}`, w.saturated.join(", ") || "-",
  ]), "None yet.");
  fill("runs", now.recorded.map((run) => [
    run.number, `${run.verdict}: ${run.reason}`, run.directory,
    { text: `Report of run ${run.number}`, href: `./xmpp/runs/${run.number}/report` },
  ]), "None yet.");
}

// Asking.
let timer = null, asked = 0, seconds = [];

async function ask() {
  const since = seconds.length ? seconds[seconds.length - 1].t : -1;
  try {
    const answer = await fetch(`./xmpp/live?run=${asked}&since=${since}`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const now = await answer.json();
    seconds = now.number === asked ? [...seconds, ...now.seconds].slice(-600) : now.seconds;
    asked = now.number;
    part("trouble").hidden = true;
    show(now, seconds);
  } catch (error) {
    part("trouble").textContent = `No figures from the load generator: ${error.message}.`;
    part("trouble").hidden = false;
  }
  if (timer !== null) timer = setTimeout(ask, PERIOD);
}

function poll(on) {
  if (on === (timer !== null)) return;
  clearTimeout(timer);
  timer = null;
  if (on) {
    timer = 0;
    ask();
  }
}

// Being part of Locust's page, which knows tables as the content of a further tab and nothing else.
function place() {
  const tabs = document.querySelector("[role=tablist]");
  const open = tabs?.querySelector("[role=tab][aria-selected=true]")?.textContent.trim() === TITLE;
  if (tabs) {
    const container = tabs.closest(".MuiContainer-root") ?? document.getElementById("root");
    if (host.parentNode !== container) container.append(host);
  }
  if (host.hidden === open) host.hidden = !open;
  const [red, green, blue] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? [255, 255, 255]).map(Number);
  const theme = 0.3 * red + 0.6 * green + 0.1 * blue < 110 ? "dark" : "light";
  if (host.dataset.theme !== theme) host.dataset.theme = theme;
  poll(open && !document.hidden);
}

build();
let due = false;
new MutationObserver(() => {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    place();
  });
}).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-selected", "class"] });
document.addEventListener("visibilitychange", place);
place();
