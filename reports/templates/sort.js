"use strict";
// A table is sorted by the column whose heading is pressed: rising, falling, then as it was.
// Cells carry their value in data-value; what is not known stays at the end.
(() => {
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  const value = (row, column) => {
    const text = row.cells[column].dataset.value;
    return text === undefined ? row.cells[column].textContent : text === "" ? null : Number(text);
  };

  function compare(a, b, sign) {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  }

  function sort(heading, rows) {
    const order = NEXT[heading.getAttribute("aria-sort")];
    for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", order);
    const sorted = rows.map((row) => [value(row, heading.cellIndex), row]);
    const sign = order === "ascending" ? 1 : -1;
    if (order !== "none") sorted.sort(([a], [b]) => compare(a, b, sign));
    rows[0].parentElement.append(...sorted.map(([, row]) => row));
  }

  document.querySelectorAll("table").forEach((table) => {
    const asked = [...table.tBodies[0].rows];
    table.querySelectorAll("th[aria-sort] button").forEach((button) => {
      button.addEventListener("click", () => sort(button.closest("th"), asked));
    });
  });
})();
