// A table of runs. What it shows are rows with ids; what it tells the kernel are ids: a row may move, its run does not.
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

// Text of strangers becomes text nodes, never markup, in a direction of its own.
function words(text) {
  return node("bdi", {}, text ?? "");
}

const CELLS = {
  status: (row) => node("span", { class: `dnb-status dnb-hue-${row.hue}`, "data-mark": row.mark }, row.status),
  text: (row, column) => node("span", { class: "dnb-clip", title: row[column.key] }, words(row[column.key])),
  id: (row, column) =>
    node("span", { class: "dnb-mono", title: row.id }, words(row[column.key])),
  time: (row, column) => {
    const [ago, exact] = row[column.key] || ["—", ""];
    return node("span", { title: exact && `${exact} UTC` }, ago, exact ? node("span", { class: "dnb-exact" }, exact) : "");
  },
  span: (row, column) => {
    const [spelled, share] = row[column.key] || ["—", 0];
    const bar = node("span", { class: "dnb-bar", "aria-hidden": "true" }, node("span", {}));
    bar.firstChild.style.width = `${Math.round(100 * share)}%`;
    return node("span", { class: "dnb-span" }, node("span", { class: "dnb-number" }, spelled), bar);
  },
  tags: (row, column) => {
    const all = row[column.key] || [];
    const made = node("span", { class: "dnb-tags", title: all.map(([key, value]) => `${key}: ${value}`).join("\n") });
    // Dagster's own tags say little; they are in the tooltip, and in the closer look.
    const own = all.filter(([key]) => !key.startsWith("dagster/")).slice(0, 3);
    for (const [key, value] of own) {
      made.append(node("span", { class: "dnb-tag" }, words(`${key}: ${value}`)));
    }
    if (all.length > own.length) made.append(node("span", { class: "dnb-muted" }, `+${all.length - own.length}`));
    return made;
  },
};

function render({ model, el }) {
  const off = [];
  const on = (name, call) => {
    model.on(`change:${name}`, call);
    off.push(() => model.off(`change:${name}`, call));
  };
  const drawn = new Map(); // id -> {text, line, box}
  let anchor = null;

  const all = node("input", { type: "checkbox", "aria-label": "Select all runs shown" });
  const headRow = node("tr");
  const body = node("tbody");
  const table = node("table", { class: "dnb-runs", "aria-label": "Runs" }, node("thead", {}, headRow), body);
  const empty = node("div", { class: "dnb-empty", role: "status" });
  const frame = node("div", { class: "dnb-scroll" }, table, empty);
  el.classList.add("dnb-table");
  el.append(frame);

  const chosen = () => new Set(model.get("selected"));
  const send = (selected, active) => {
    // In the order of the rows, whatever the order of the clicks.
    const shown = model.get("rows").map((row) => row.id).filter((id) => selected.has(id));
    const hidden = [...selected].filter((id) => !drawn.has(id));
    model.set("selected", [...shown, ...hidden]);
    if (active !== undefined) model.set("active", active);
    model.save_changes();
  };

  function drawHead() {
    const sort = model.get("sort");
    headRow.replaceChildren(node("th", { scope: "col", class: "dnb-check" }, all));
    for (const column of model.get("columns")) {
      const is = sort[0] === column.key ? sort[1] : "none";
      const arrow = { ascending: " ▲", descending: " ▼", none: "" }[is];
      const button = node("button", { type: "button", class: "dnb-sort", "data-key": column.key }, column.name + arrow);
      button.addEventListener("click", () => {
        const next = { none: column.first, ascending: "descending", descending: "ascending" }[is];
        const over = is !== "none" && next === column.first;
        model.set("sort", over ? ["", "none"] : [column.key, next]);
        model.save_changes();
      });
      headRow.append(node("th", { scope: "col", class: `dnb-col-${column.key}`, "aria-sort": is }, button));
    }
  }

  function line(row, columns) {
    const box = node("input", { type: "checkbox", "aria-label": `Select run ${row.short} of ${row.job}`, tabindex: "-1" });
    const made = node("tr", { "data-run": row.id, tabindex: "-1" }, node("td", { class: "dnb-check" }, box));
    for (const column of columns) {
      made.append(node("td", { class: `dnb-col-${column.key}` }, CELLS[column.kind](row, column)));
    }
    return { line: made, box };
  }

  function drawRows() {
    const columns = model.get("columns");
    const rows = model.get("rows");
    const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.run : null;
    const keep = new Set(rows.map((row) => row.id));
    for (const [id, known] of drawn) {
      if (!keep.has(id)) {
        known.line.remove();
        drawn.delete(id);
      }
    }
    let place = body.firstChild;
    for (const row of rows) {
      const text = JSON.stringify(row);
      let known = drawn.get(row.id);
      if (!known || known.text !== text) {
        const fresh = { text, ...line(row, columns) };
        if (known) {
          if (place === known.line) place = known.line.nextSibling;
          known.line.remove();
        }
        drawn.set(row.id, fresh);
        known = fresh;
      }
      if (place === known.line) place = place.nextSibling;
      else body.insertBefore(known.line, place);
    }
    empty.textContent = rows.length ? "" : model.get("empty");
    drawSelection();
    const target = (focused && drawn.get(focused)) || null;
    if (target) target.line.focus({ preventScroll: true });
  }

  function drawSelection() {
    const selected = chosen();
    const active = model.get("active");
    let shown = 0;
    for (const [id, known] of drawn) {
      const is = selected.has(id);
      shown += is;
      known.box.checked = is;
      known.line.classList.toggle("dnb-selected", is);
      known.line.setAttribute("aria-selected", is);
      if (id === active) known.line.setAttribute("aria-current", "true");
      else known.line.removeAttribute("aria-current");
      known.line.tabIndex = -1;
      known.box.tabIndex = -1;
    }
    all.checked = shown > 0 && shown === drawn.size;
    all.indeterminate = shown > 0 && shown < drawn.size;
    all.disabled = drawn.size === 0;
    const entry = drawn.get(active)?.line || body.firstElementChild;
    if (entry) entry.tabIndex = 0;
  }

  // The closer look is below the table, where one might not notice it.
  const showDetail = () =>
    setTimeout(() => {
      const title = el.closest(".dnb")?.querySelector(".dnb-detail .dnb-head");
      title?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }, 600);

  const between = (from, to) => {
    const ids = model.get("rows").map((row) => row.id);
    const [a, b] = [ids.indexOf(from), ids.indexOf(to)].sort((x, y) => x - y);
    return a < 0 ? [to] : ids.slice(a, b + 1);
  };

  function pick(id, event, toggles) {
    const selected = chosen();
    if (event.shiftKey && anchor) between(anchor, id).forEach((one) => selected.add(one));
    else if (toggles || event.ctrlKey || event.metaKey) selected.has(id) ? selected.delete(id) : selected.add(id);
    else if (selected.size < 2) {
      // A look at one run does not undo a selection of several.
      selected.clear();
      selected.add(id);
    }
    anchor = id;
    send(selected, toggles ? undefined : id);
  }

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    const check = event.target.closest(".dnb-check");
    if (!check && String(window.getSelection())) return;
    if (check && event.target.tagName !== "INPUT") event.preventDefault();
    pick(row.dataset.run, event, Boolean(check));
    if (!check) showDetail();
  });
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    const to = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling,
                 Home: body.firstElementChild, End: body.lastElementChild }[event.key];
    if (to) {
      row.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
      if (event.shiftKey) pick(to.dataset.run, { shiftKey: true }, true);
    } else if (event.key === " ") pick(row.dataset.run, { shiftKey: false }, true);
    else if (event.key === "Enter") {
      pick(row.dataset.run, { shiftKey: false }, false);
      showDetail();
    } else return;
    event.preventDefault();
    // Jupyter has shortcuts of its own on these keys.
    event.stopPropagation();
  });
  all.addEventListener("click", () => {
    const selected = chosen();
    for (const id of drawn.keys()) all.checked ? selected.add(id) : selected.delete(id);
    send(selected);
  });

  on("rows", drawRows);
  on("columns", () => {
    drawn.forEach((known) => known.line.remove());
    drawn.clear();
    drawHead();
    drawRows();
  });
  on("sort", drawHead);
  on("selected", drawSelection);
  on("active", drawSelection);
  on("empty", drawRows);
  drawHead();
  drawRows();
  return () => off.forEach((call) => call());
}

export default { render };
