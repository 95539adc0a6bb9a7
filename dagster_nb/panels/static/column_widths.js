// Resizable columns of the table. run_table.js includes this file. Its model contains the widths.
const MIN_WIDTH = 40;
const MAX_WIDTH = 1200;
const WIDTH_STEP = 16;

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// A cell of a column: the header or the value of a run.
function cellOf(tag, column, attributes, ...children) {
  const made = node(tag, { "data-column": column.key, ...attributes }, ...children);
  // A narrow table has no room for the run id, unless the user has chosen other columns.
  made.classList.toggle("dnb-narrow-hides", column.optional);
  return made;
}

function makeColumnWidths(model, table) {
  let reachable = null; // the column whose edge users reach with Tab

  // Users reach one edge with Tab, and the edges of the other columns with the up and down arrow keys.
  function setTabIndexes() {
    const edges = [...table.querySelectorAll(".dnb-resize")];
    const chosen = edges.find((one) => one.parentElement.dataset.column === reachable) ?? edges[0];
    for (const one of edges) one.tabIndex = one === chosen ? 0 : -1;
  }

  function focusNext(made, step) {
    const edges = [...table.querySelectorAll(".dnb-resize")].filter((one) => one.offsetParent);
    edges[edges.indexOf(made) + step]?.focus();
  }

  // The edge of a column header. Users drag it or move it with the arrow keys. Home restores the default width.
  function edge(column) {
    const made = node("span", {
      class: "dnb-resize", role: "separator", tabindex: "-1", "aria-orientation": "vertical",
      "aria-label": `Width of ${column.name}`, "aria-valuemin": MIN_WIDTH, "aria-valuemax": MAX_WIDTH,
      title: "Drag to resize the column, or use the left and right arrow keys. Double-click or press Home to restore the default width. Press the up or down arrow key to choose another column.",
    });
    const widthNow = () => made.parentElement.getBoundingClientRect().width;
    let stopDragging = null;
    made.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      made.focus();
      const [from, before] = [event.clientX, widthNow()];
      const move = (moved) => set(column.key, before + moved.clientX - from);
      made.setPointerCapture(event.pointerId);
      made.classList.add("dnb-dragged");
      made.addEventListener("pointermove", move);
      stopDragging = () => {
        made.removeEventListener("pointermove", move);
        made.classList.remove("dnb-dragged");
        model.save_changes();
      };
      made.addEventListener("lostpointercapture", stopDragging, { once: true });
    });
    const restore = () => {
      set(column.key, null);
      model.save_changes();
    };
    made.addEventListener("focus", () => {
      reachable = column.key;
      setTabIndexes();
    });
    made.addEventListener("dblclick", restore);
    made.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -WIDTH_STEP, ArrowRight: WIDTH_STEP }[event.key];
      if (step) set(column.key, widthNow() + step);
      if (step) model.save_changes();
      else if (event.key === "Home") restore();
      else if (event.key === "ArrowDown") focusNext(made, 1);
      else if (event.key === "ArrowUp") focusNext(made, -1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return made;
  }

  function set(key, width) {
    const widths = { ...model.get("widths") };
    if (width === null) delete widths[key];
    else widths[key] = Math.round(Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH));
    model.set("widths", widths);
  }

  function draw(part = table) {
    const widths = model.get("widths");
    for (const cell of part.querySelectorAll("[data-column]")) {
      const width = widths[cell.dataset.column];
      if (!width && !cell.classList.contains("dnb-sized")) continue;
      cell.classList.toggle("dnb-sized", Boolean(width));
      for (const name of ["width", "minWidth", "maxWidth"]) cell.style[name] = width ? `${width}px` : "";
    }
    for (const shown of part.querySelectorAll(".dnb-resize")) {
      const width = widths[shown.parentElement.dataset.column];
      shown.setAttribute("aria-valuenow", width || MIN_WIDTH);
      shown.setAttribute("aria-valuetext", width ? `${width} pixels` : "default width");
    }
    if (part === table) setTabIndexes();
  }

  return { edge, draw };
}
