"use strict";
(() => {
  const form = document.querySelector("form.filters");
  const all = [...document.querySelectorAll(".difference")];
  const texts = new Map(all.map((one) => [one, one.textContent.toLowerCase()]));
  const parts = [...document.querySelectorAll(".part")];

  function filter() {
    const text = form.elements.text.value.trim().toLowerCase();
    const must = form.elements.must.checked;
    for (const one of all) {
      one.hidden = (must && one.dataset.level !== "MUST") || !texts.get(one).includes(text);
    }
    for (const part of parts) {
      part.hidden = !part.querySelector(".difference:not([hidden])");
      for (const heading of part.querySelectorAll("h3")) {
        let one = heading.nextElementSibling;
        while (one?.matches(".difference[hidden]")) one = one.nextElementSibling;
        heading.hidden = !one?.matches(".difference");
      }
    }
    const shown = all.filter((one) => !one.hidden).length;
    form.elements.shown.value = `${shown} of ${all.length} shown`;
    document.querySelector(".empty").hidden = shown > 0 || all.length === 0;
  }

  form.hidden = all.length === 0;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
