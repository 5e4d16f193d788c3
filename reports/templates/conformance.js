"use strict";
(() => {
  const { matrix, closes, signs, replayNote } = JSON.parse(document.getElementById("data").textContent);
  const { servers, rows, cases } = matrix;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Text goes in as text only: what a server said is never markup.
  function make(tag, options = {}, ...children) {
    const element = document.createElement(tag);
    const { data = {}, aria = {}, ...own } = options;
    Object.assign(element, own);
    Object.assign(element.dataset, data);
    Object.entries(aria).forEach(([name, value]) => element.setAttribute(`aria-${name}`, value));
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function word(verdict) {
    const sign = make("span", { className: "sign", aria: { hidden: "true" } }, signs[verdict]);
    return make("span", { className: "word" }, sign, verdict);
  }

  // ---- filters

  const form = one(".filters");
  const lines = all("tr.row");
  const haystacks = rows.map((row) => {
    const parts = [row.id, row.summary, `${row.document} ${row.section}`];
    row.cells.forEach((cell, server) => {
      if (!cell) return;
      parts.push(cell.observed, cell.deviation, cell.unexpected);
      cell.cases.forEach((index) => {
        const found = cases[server][index];
        parts.push(found.case, found.expected, found.observed, found.reason);
      });
    });
    return parts.join("\n").toLowerCase();
  });
  const verdictsOf = (row) => row.cells.map((cell) => cell && cell.verdict).filter(Boolean);
  const only = {
    differs: (row) => new Set(verdictsOf(row)).size > 1,
    unexpected: (row) => row.cells.some((cell) => cell && cell.unexpected),
  };
  const within = (section, wanted) => section === wanted || section.startsWith(`${wanted}.`);
  const checked = (name) => all(`input[name=${name}]:checked`, form).map((input) => input.value);

  function offer(select, values) {
    const kept = select.value;
    select.replaceChildren(select.options[0]);
    values.forEach(([value, text]) => select.add(new Option(text, value)));
    select.value = values.some(([value]) => value === kept) ? kept : "";
  }

  // Each section with the ones above it, so that 4 means all of 4.x.
  function offerSections() {
    const wanted = form.elements.document.value;
    const found = new Map();
    rows.filter((row) => !wanted || row.document === wanted).forEach((row) => {
      const numbers = row.section ? row.section.split(".") : [];
      numbers.forEach((_, depth) => {
        const section = numbers.slice(0, depth + 1).join(".");
        const text = "\u00a0\u00a0".repeat(depth) + (wanted ? section : `${row.document}: ${section}`);
        found.set(`${row.document}\n${section}`, text);
      });
    });
    offer(form.elements.section, [...found]);
  }

  function filter() {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wantedDocument = form.elements.document.value;
    const [sectionDocument, section] = form.elements.section.value.split("\n");
    const levels = checked("level"), verdicts = checked("verdict"), rules = checked("only");
    let shown = 0;
    rows.forEach((row, index) => {
      const fits =
        (!wantedDocument || row.document === wantedDocument) &&
        (!section || (row.document === sectionDocument && within(row.section, section))) &&
        (!levels.length || levels.includes(row.level)) &&
        (!verdicts.length || verdictsOf(row).some((verdict) => verdicts.includes(verdict))) &&
        rules.every((rule) => only[rule](row)) &&
        words.every((text) => haystacks[index].includes(text));
      lines[index].hidden = !fits;
      shown += fits;
    });
    all(".matrix tbody").forEach((group) => {
      const left = all("tr.row:not([hidden])", group).length;
      group.hidden = !left;
      one(".group span", group).textContent = `${left} requirement${left === 1 ? "" : "s"}`;
    });
    one(".empty").hidden = shown > 0;
    one(".matrix").hidden = shown === 0;
    const chosen = [
      wantedDocument, section && `section ${section}`, levels.join(" or "), verdicts.join(" or "),
      rules.map((rule) => (rule === "differs" ? "differing" : rule)).join(" and "),
      words.length && `“${words.join(" ")}”`,
    ].filter(Boolean);
    const total = `${shown} of ${rows.length} requirements`;
    form.elements.shown.value = chosen.length ? `${total}: ${chosen.join(", ")}` : total;
    one("[data-everything]").hidden = !chosen.length;
  }

  offer(form.elements.document, [...new Set(rows.map((row) => row.document))].map((d) => [d, d]));
  offerSections();
  form.elements.document.addEventListener("change", offerSections);
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  one("[data-everything]").addEventListener("click", () => {
    form.reset();
    offerSections();
    filter();
    form.elements.text.focus();
  });
  form.hidden = false;
  filter();
  new ResizeObserver(() => {
    const sticky = getComputedStyle(form).position === "sticky";
    one(".matrix").style.setProperty("--below", `${sticky ? form.offsetHeight : 0}px`);
  }).observe(form);

  // ---- the case behind a cell

  const dialog = one("#detail");
  const at = { row: 0, server: 0, moved: false };
  const fields = (pairs) =>
    make("dl", {}, ...pairs.filter(([, text]) => text).map(([name, text]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, text))));

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No permission, or no clipboard for a page from a file: the old way.
      const area = make("textarea", { value: text, className: "away" });
      dialog.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    one("#detail-status").textContent = "The command is in the clipboard.";
    setTimeout(() => {
      button.textContent = "Copy";
      one("#detail-status").textContent = "";
    }, 2000);
  }

  // As reports/conformance/matrix.py packs it.
  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  }

  function later(text) {
    const place = make("div", {}, make("p", { className: "note" }, "Unpacking the transcript."));
    unpacked(text).then(
      (plain) => place.replaceChildren(transcript(plain)),
      () => place.replaceChildren(make("p", { className: "note" }, "This browser cannot unpack the transcript; it is in the evidence above.")),
    );
    return place;
  }

  function transcript(text) {
    const kinds = { ">": "sent", "<": "got", "*": "ours" };
    let kind = "ours";
    const spans = text.replace(/\n$/, "").split("\n").map((line) => {
      const sign = line.match(/^\s*[\d.]+ \d+ ([<>*]) /);
      if (sign) kind = kinds[sign[1]];
      return make("span", { className: kind }, (sign ? line.trimStart() : line) || "\u00a0");
    });
    const title = make("h4", {}, "Transcript", make("span", { className: "note" }, "> sent, < received, * noted"));
    const box = make("pre", { className: "transcript", tabIndex: 0, aria: { label: "Transcript" } }, ...spans);
    box.setAttribute("role", "region");
    return make("div", {}, title, box);
  }

  function replay(command) {
    const button = make("button", { type: "button", className: "plain" }, "Copy");
    button.addEventListener("click", () => copy(command, button));
    return make("div", {},
      make("h4", {}, "Replay"),
      make("div", { className: "command" }, make("pre", {}, make("code", {}, command)), button),
      make("p", { className: "note" }, replayNote));
  }

  function inside(found) {
    const close = found.close && `${found.close}: ${closes[found.close]}`;
    return make("div", { className: "inside" },
      fields([
        ["Expected", found.expected], ["Observed", found.observed], ["Reason", found.reason],
        ["Close", close], ["Examples", found.examples && String(found.examples)],
        ["Time", `${found.seconds.toFixed(3)} s`], ["Evidence", found.evidence],
      ]),
      found.transcript === null
        ? make("p", { className: "note" }, found.evidence ? "Its transcript is not in the run directory." : "No transcript: one is kept of cases that are not as they should be.")
        : later(found.transcript),
      found.replay && replay(found.replay));
  }

  // Built when it is opened: a requirement may have many cases with long transcripts.
  function caseOf(found, open) {
    const details = make("details", { className: `case ${found.verdict.toLowerCase()}` },
      make("summary", {}, word(found.verdict), make("span", { className: "id" }, found.case)));
    const fill = () => details.childElementCount > 1 || details.append(inside(found));
    details.addEventListener("toggle", () => details.open && fill());
    if (open) fill();
    details.open = open;
    return details;
  }

  const box = (kind, title, text) =>
    text && make("p", { className: `box ${kind}` }, make("strong", {}, title), text);

  function body(row, cell, server) {
    if (!cell) return [make("p", { className: "note" }, "No case ran.")];
    const severity = ["FAIL", "UNKNOWN", "NON-STRICT", "ABSENT", "PASS"];
    const found = cell.cases.map((index) => cases[server][index])
      .sort((a, b) => severity.indexOf(a.verdict) - severity.indexOf(b.verdict));
    const wrong = found.filter((item) => item.verdict !== "PASS").length;
    const number = `${found.length} case${found.length === 1 ? "" : "s"}`;
    return [
      row.summary && make("p", {}, row.summary),
      box("fail", "Unexpected", cell.unexpected),
      box("", "Known deviation", cell.deviation),
      make("div", { className: "cases" },
        make("h3", {}, wrong ? `${number}, ${wrong} not PASS` : number),
        ...found.map((item, index) => caseOf(item, index === 0))),
    ];
  }

  function show(row, server) {
    Object.assign(at, { row, server, moved: dialog.open });
    const { id, document: from, section, level, cells } = rows[row];
    one("#detail-where").textContent =
      [from, section && `section ${section}`, level].filter(Boolean).join(" · ");
    one("#detail-title").textContent = id;
    one("#detail-servers").replaceChildren(...servers.map((name, index) => {
      const cell = cells[index];
      const verdict = cell && cell.verdict;
      return make("button", {
        type: "button", className: `plain ${(verdict || "").toLowerCase()}`,
        data: { choose: index }, aria: { pressed: index === server },
      }, `${name} `, verdict ? word(verdict) : "no case ran");
    }));
    one("#detail-body").replaceChildren(...body(rows[row], cells[server], server).filter(Boolean));
    all("[data-step]", dialog).forEach((button) => {
      button.disabled = neighbour(Number(button.dataset.step)) === undefined;
    });
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    history.replaceState(null, "", `#${encodeURIComponent(id)}/${server + 1}`);
  }

  // The next requirement that the filters leave, in either direction.
  function neighbour(step) {
    for (let index = at.row + step; index in rows; index += step) {
      if (!lines[index].hidden) return index;
    }
    return undefined;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const { row, choose, step } = button ? button.dataset : {};
    const beside = event.target === dialog && event.clientX < dialog.getBoundingClientRect().left;
    if (beside || (button && "close" in button.dataset)) dialog.close();
    else if (row !== undefined) show(Number(row), Number(button.dataset.server));
    else if (choose !== undefined) {
      show(at.row, Number(choose));
      one(`[data-choose="${choose}"]`).focus();
    } else if (step !== undefined) {
      show(neighbour(Number(step)), at.server);
      if (button.disabled) one("#detail-title").focus();
    }
  });
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", location.href.split("#")[0]);
    const cell = one(`.cell[data-row="${at.row}"][data-server="${at.server}"]`);
    if (at.moved && cell) cell.focus();  // otherwise the browser goes back to where it was opened
  });

  function follow() {
    const [id, server] = location.hash.slice(1).split("/");
    const row = rows.findIndex((item) => encodeURIComponent(item.id) === id);
    const index = Number(server || 1) - 1;
    if (row >= 0 && index in servers) show(row, index);
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
