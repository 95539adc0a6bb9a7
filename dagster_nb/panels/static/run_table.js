// A table of runs. Messages to the kernel identify rows by run id, because rows can move.
// The document contains only the visible rows and some rows around them, because more rows would make all changes slower.
const AROUND = 12;

// Insert text from users as a text node, never as markup. Isolate it, so that its writing direction affects no other text.
function words(text) {
  return node("bdi", {}, text ?? "");
}

// A value that users can click to filter. The script of the panel (viewport.js) sends the action to the kernel.
function filterButton(row, content, hint, ...action) {
  const made = node("button", { type: "button", class: "dnb-act", tabindex: "-1", title: hint }, content);
  made.dataset.dnbAction = JSON.stringify(["filter", row.id, ...action]);
  return made;
}

const CELLS = {
  status: (row) => node("span", { class: `dnb-status dnb-hue-${row.hue}`, "data-mark": row.mark }, row.state),
  text: (row, column) => {
    const value = row[column.key];
    const shown = node("span", { class: "dnb-clip", title: value }, words(value));
    return value && column.filters ? filterButton(row, shown, `Show only runs with ${value}`, column.filters, column.tag) : shown;
  },
  id: (row, column) =>
    node("span", { class: "dnb-mono", title: row.id }, words(row.short)),
  time: (row, column) => {
    const [ago, exact, utc] = row[column.key] || ["—", "", ""];
    return node("span", { title: utc && `${utc} UTC` }, ago, exact ? node("span", { class: "dnb-exact" }, exact) : "");
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
    // Dagster's own tags are less interesting. The tooltip and the details show them.
    const own = all.filter(([key]) => !key.startsWith("dagster/")).slice(0, 3);
    for (const [key, value] of own) {
      const pill = filterButton(row, words(`${key}: ${value}`), `Show only runs with ${key}: ${value}`, "tag", key);
      pill.classList.add("dnb-tag");
      made.append(pill);
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
  let rows = []; // the rows of the page
  let places = new Map(); // id -> position in rows
  let first = 0; // the first rendered row
  let rowHeight = 32;
  let anchor = null; // the start of a selection with Shift
  let focused = null; // the row that has the focus, or had the focus before it scrolled out of view
  let resets = model.get("resets");
  let measuring = 0; // the id of the animation frame that measures the height of a row
  const rendered = new Map(); // id -> {text, line, box}

  const all = node("input", { type: "checkbox", "aria-label": "Select all runs shown" });
  const headRow = node("tr");
  const head = node("thead", {}, headRow);
  const widest = node("tbody", { "aria-hidden": "true" });
  const body = node("tbody");
  const above = gap();
  const below = gap();
  const table = node("table", { class: "dnb-runs", "aria-label": "Runs" }, head, widest, body);
  const empty = node("div", { class: "dnb-empty", role: "status" });
  const frame = node("div", { class: "dnb-scroll", tabindex: "-1" }, table, empty);
  el.classList.add("dnb-table");
  el.append(frame);
  const widths = makeColumnWidths(model, table);

  function gap() {
    return node("tr", { class: "dnb-gap", "aria-hidden": "true" }, node("td", {}));
  }

  const chosen = () => new Set(model.get("selected"));
  const send = (selected, active) => {
    // Send the ids in the order of the rows, not of the clicks.
    const shown = rows.map((row) => row.id).filter((id) => selected.has(id));
    const hidden = [...selected].filter((id) => !places.has(id));
    model.set("selected", [...shown, ...hidden]);
    if (active !== undefined) model.set("active", active);
    model.save_changes();
  };

  function drawHead() {
    const sort = model.get("sort");
    headRow.replaceChildren(node("th", { scope: "col", class: "dnb-check" }, all));
    for (const column of model.get("columns")) {
      if (!column.first) {
        const name = node("span", { class: "dnb-unsorted" }, column.name);
        headRow.append(cellOf("th", column, { scope: "col", "aria-label": column.name }, name, widths.edge(column)));
        continue;
      }
      const is = sort[0] === column.key ? sort[1] : "none";
      const arrow = { ascending: " ▲", descending: " ▼", none: "" }[is];
      const button = node("button", { type: "button", class: "dnb-sort", "data-key": column.key }, column.name + arrow);
      button.addEventListener("click", () => {
        const next = { none: column.first, ascending: "descending", descending: "ascending" }[is];
        const over = is !== "none" && next === column.first;
        model.set("sort", over ? ["", "none"] : [column.key, next]);
        model.save_changes();
      });
      headRow.append(cellOf("th", column, { scope: "col", "aria-label": column.name + arrow, "aria-sort": is }, button, widths.edge(column)));
    }
    widths.draw();
  }

  function line(row, columns) {
    const label = `Select run ${row.short} of ${row.job}`;
    const box = node("input", { type: "checkbox", "aria-label": label, tabindex: "-1" });
    const made = node("tr", { "data-run": row.id, tabindex: "-1" }, node("td", { class: "dnb-check" }, box));
    for (const column of columns) {
      made.append(cellOf("td", column, {}, CELLS[column.kind](row, column)));
    }
    widths.draw(made);
    return { line: made, box };
  }

  // A hidden row with the longest cells keeps the column widths constant while the user scrolls.
  function drawWidest() {
    const made = node("tr", { class: "dnb-widest" }, node("td", { class: "dnb-check" }));
    for (const column of model.get("columns")) {
      const lengths = rows.map((row) => String(row[column.key] ?? "").length);
      const longest = rows[lengths.indexOf(Math.max(...lengths))];
      made.append(cellOf("td", column, {}, CELLS[column.kind](longest, column)));
    }
    widest.replaceChildren(made);
    widths.draw(made);
  }

  function drawEmpty() {
    empty.textContent = rows.length ? "" : model.get("empty");
  }

  // Scroll to the top if the kernel has requested it. Return whether this happened.
  function takeReset() {
    if (model.get("resets") === resets) return false;
    resets = model.get("resets");
    frame.scrollTop = 0;
    if (!body.contains(document.activeElement)) focused = null;
    return true;
  }

  function takeRows() {
    takeReset();
    const view = measureView();
    const scrolled = Math.floor(view.top / rowHeight);
    const topRow = scrolled > 0 ? rows[scrolled] : null;
    rows = model.get("rows");
    places = new Map(rows.map((row, place) => [row.id, place]));
    table.setAttribute("aria-rowcount", model.get("count") + 1);
    drawEmpty();
    if (rows.length) drawWidest();
    else widest.replaceChildren();
    drawRows(view);
    // Keep the visible rows in place when new rows arrive at the top.
    const moved = topRow && places.has(topRow.id) ? places.get(topRow.id) - scrolled : 0;
    if (moved) {
      frame.scrollTop += moved * rowHeight;
      drawRows();
    }
  }

  function measureView() {
    return { top: frame.scrollTop, height: frame.clientHeight || 600 };
  }

  // Render the visible rows and some rows around them, so that scrolling and find-in-page can reach these. Measure the
  // view before the document changes, because measuring it afterwards would cause another layout of the whole table.
  function drawRows({ top, height } = measureView()) {
    const columns = model.get("columns");
    const visible = Math.ceil(height / rowHeight);
    // The table may have fewer rows now than when the view was measured.
    const topmost = Math.min(Math.floor(top / rowHeight), Math.max(0, rows.length - visible));
    first = Math.max(0, topmost - AROUND);
    const shown = rows.slice(first, first + visible + 2 * AROUND);
    const keep = new Set(shown.map((row) => row.id));
    for (const [id, known] of rendered) {
      if (keep.has(id)) continue;
      // When the focused row scrolls out of view, give the focus to the frame, so that the notebook does not get the keys.
      if (known.line.contains(document.activeElement)) frame.focus({ preventScroll: true });
      known.line.remove();
      rendered.delete(id);
    }
    let next = above.isConnected ? above.nextSibling : null;
    if (!next) {
      body.replaceChildren(above, below);
      next = below;
    }
    let refocus = null;
    shown.forEach((row, place) => {
      const text = JSON.stringify(row);
      let known = rendered.get(row.id);
      if (!known || known.text !== text) {
        const fresh = { text, ...line(row, columns) };
        if (known) {
          if (known.line.contains(document.activeElement)) refocus = fresh.line;
          if (next === known.line) next = known.line.nextSibling;
          known.line.remove();
        }
        rendered.set(row.id, fresh);
        known = fresh;
      }
      known.line.setAttribute("aria-rowindex", first + place + 2);
      if (next === known.line) next = next.nextSibling;
      else body.insertBefore(known.line, next);
    });
    setHeight(above, first);
    setHeight(below, rows.length - first - shown.length);
    drawSelection(top);
    refocus?.focus({ preventScroll: true });
    // Wait for the next animation frame, because the browser computes the layout then anyway.
    cancelAnimationFrame(measuring);
    measuring = requestAnimationFrame(() => {
      const measured = body.querySelector("tr[data-run]")?.getBoundingClientRect().height;
      if (!measured || Math.abs(measured - rowHeight) <= 0.5) return;
      rowHeight = measured;
      setHeight(above, first);
      setHeight(below, rows.length - first - shown.length);
    });
  }

  function setHeight(row, count) {
    row.style.display = count > 0 ? "" : "none";
    row.firstChild.style.height = `${Math.max(0, count) * rowHeight}px`;
  }

  function drawSelection(top = frame.scrollTop) {
    const selected = chosen();
    const active = model.get("active");
    const count = rows.reduce((sum, row) => sum + selected.has(row.id), 0);
    for (const [id, known] of rendered) {
      const is = selected.has(id);
      known.box.checked = is;
      known.line.classList.toggle("dnb-selected", is);
      known.line.setAttribute("aria-selected", is);
      if (id === active) known.line.setAttribute("aria-current", "true");
      else known.line.removeAttribute("aria-current");
      setTabIndex(known.line, -1);
    }
    all.checked = count > 0 && count === rows.length;
    all.indeterminate = count > 0 && count < rows.length;
    all.disabled = rows.length === 0 || rows.length < model.get("count");
    const topRow = rows[Math.floor(top / rowHeight)];
    const entry = rendered.get(focused) || rendered.get(active) || rendered.get(topRow?.id);
    if (entry) setTabIndex(entry.line, 0);
  }

  // Users reach one row and its buttons with Tab, and the other rows with the arrow keys.
  function setTabIndex(line, tabIndex) {
    line.tabIndex = tabIndex;
    for (const button of line.querySelectorAll("button")) button.tabIndex = tabIndex;
  }

  // Scroll to a row, but only as far as necessary.
  function scrollTo(place) {
    if (place === undefined) return;
    const top = place * rowHeight;
    const bottom = top + rowHeight + head.offsetHeight - frame.clientHeight;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (bottom > frame.scrollTop) frame.scrollTop = bottom;
  }

  function focusRow(place) {
    const row = rows[Math.min(Math.max(place, 0), rows.length - 1)];
    if (!row) return null;
    scrollTo(places.get(row.id));
    drawRows();
    focused = row.id;
    drawSelection();
    rendered.get(row.id).line.focus({ preventScroll: true });
    return row.id;
  }

  // Scroll to the details, because users might not notice them below the table.
  const showDetails = () =>
    setTimeout(() => {
      const title = el.closest(".dnb")?.querySelector(".dnb-detail .dnb-head");
      title?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }, 600);

  const between = (from, to) => {
    const [a, b] = [places.get(from) ?? -1, places.get(to)].sort((x, y) => x - y);
    return a < 0 ? [to] : rows.slice(a, b + 1).map((row) => row.id);
  };

  function pick(id, event, toggles) {
    const selected = chosen();
    if (event.shiftKey && anchor) between(anchor, id).forEach((one) => selected.add(one));
    else if (toggles || event.ctrlKey || event.metaKey) selected.has(id) ? selected.delete(id) : selected.add(id);
    else if (selected.size < 2) {
      // Keep a selection of several runs when the user opens a run.
      selected.clear();
      selected.add(id);
    }
    anchor = id;
    send(selected, toggles ? undefined : id);
  }

  body.addEventListener("focusin", (event) => {
    focused = event.target.closest("tr[data-run]")?.dataset.run ?? focused;
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-run]");
    if (!row || event.target.closest("[data-dnb-action]")) return;
    const check = event.target.closest(".dnb-check");
    if (!check && String(window.getSelection())) return;
    if (check && event.target.tagName !== "INPUT") event.preventDefault();
    pick(row.dataset.run, event, Boolean(check));
    if (!check) showDetails();
  });
  const rowMenu = makeRowMenu(el, model, { name: nameOf, pick, showDetails });

  function nameOf(id) {
    return rows[places.get(id)]?.job;
  }

  function openMenu(id, x, y) {
    focused = id;
    drawSelection();
    rowMenu.open(id, x, y, () => rendered.get(id)?.line);
  }

  function download(name, bytes) {
    const url = URL.createObjectURL(new Blob([bytes], { type: "text/csv;charset=utf-8" }));
    const link = node("a", { href: url, download: name });
    el.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  function receive(content, buffers) {
    if (content.menu) rowMenu.receive(content);
    else if (content.download) download(content.download, buffers[0]);
  }

  body.addEventListener("contextmenu", (event) => {
    const row = event.target.closest("tr[data-run]");
    // With Shift, show the context menu of the browser.
    if (!row || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    openMenu(row.dataset.run, event.clientX, event.clientY);
  });
  frame.addEventListener("keydown", (event) => {
    const line = event.target.closest("tr[data-run]");
    if (!line || !(event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) return;
    const box = line.getBoundingClientRect();
    event.preventDefault();
    event.stopImmediatePropagation();
    openMenu(line.dataset.run, box.left + 40, box.bottom);
  });
  frame.addEventListener("keydown", (event) => {
    const isButton = Boolean(event.target.closest("button"));
    if (head.contains(event.target) || (isButton && [" ", "Enter"].includes(event.key))) return;
    const id = event.target.closest("tr[data-run]")?.dataset.run ?? focused;
    const place = places.get(id);
    if (place === undefined) return;
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      const there = focusRow(to);
      if (event.shiftKey) pick(there, { shiftKey: true }, true);
    } else if (event.key === " ") pick(id, { shiftKey: false }, true);
    else if (event.key === "Enter") {
      pick(id, { shiftKey: false }, false);
      showDetails();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  let scheduled = 0;
  frame.addEventListener("scroll", () => {
    rowMenu.close();
    const start = Math.floor(frame.scrollTop / rowHeight);
    const isNear = Math.abs(start - AROUND - first) < AROUND / 2 || (first === 0 && start < AROUND * 1.5);
    if (isNear || scheduled) return;
    scheduled = requestAnimationFrame(() => {
      scheduled = 0;
      drawRows();
    });
  });
  all.addEventListener("click", () => {
    const selected = chosen();
    for (const row of rows) all.checked ? selected.add(row.id) : selected.delete(row.id);
    send(selected);
  });

  on("rows", takeRows);
  on("columns", () => {
    rendered.forEach((known) => known.line.remove());
    rendered.clear();
    drawHead();
    takeRows();
  });
  on("resets", () => {
    if (takeReset()) drawRows();
  });
  on("sort", drawHead);
  on("widths", () => widths.draw());
  on("selected", () => drawSelection());
  on("active", () => {
    // A run that was opened in a chart can be on a row that is out of view.
    scrollTo(places.get(model.get("active")));
    drawSelection();
  });
  on("empty", drawEmpty);
  drawHead();
  takeRows();
  model.on("msg:custom", receive);
  off.push(() => model.off("msg:custom", receive));
  return () => {
    cancelAnimationFrame(scheduled);
    cancelAnimationFrame(measuring);
    off.forEach((call) => call());
  };
}

export default { render };
