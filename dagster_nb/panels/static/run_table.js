// One page of the table of runs. Messages to the kernel identify rows by run id, because rows can move. The document
// contains all rows of the page, so that the browser's find-in-page finds them. A row has few elements, because the
// browser computes the styles of all elements again when the focus moves in JupyterLab.

// Insert text from users as a text node, never as markup. dir="auto" isolates it, so that its writing direction affects
// no other text.
function words(text, name, title) {
  return node("span", { class: name, dir: "auto", title }, text ?? "");
}

// A value that users can click to filter. The script of the panel (viewport.js) sends the action to the kernel.
function filterButton(row, text, name, ...action) {
  const attributes = { type: "button", class: `dnb-act ${name}`, tabindex: "-1", dir: "auto" };
  const made = node("button", { ...attributes, title: `Show only runs with ${text}` }, text);
  made.dataset.dnbAction = JSON.stringify(["filter", row.id, ...action]);
  return made;
}

const CELLS = {
  status: (row) => node("span", { class: `dnb-status dnb-hue-${row.hue}`, "data-mark": row.mark }, row.state),
  text: (row, column) => {
    const value = row[column.key];
    if (value && column.filters) return filterButton(row, value, "dnb-clip", column.filters, column.tag);
    return words(value, "dnb-clip", value);
  },
  id: (row) => words(row.short, "dnb-mono", row.id),
  time: (row, column) => {
    const [ago, exact, utc] = row[column.key] || ["—", "", ""];
    return node("span", { title: utc && `${utc} UTC` }, ago, exact ? node("span", { class: "dnb-exact" }, exact) : "");
  },
  span: (row, column) => {
    const [spelled, share] = row[column.key] || ["—", 0];
    const made = node("span", { class: "dnb-number dnb-span" }, spelled);
    made.style.setProperty("--dnb-share", `${Math.round(100 * share)}%`);
    return made;
  },
  tags: (row, column) => {
    const all = row[column.key] || [];
    const made = node("span", { class: "dnb-tags", title: all.map(([key, value]) => `${key}: ${value}`).join("\n") });
    // Dagster's own tags are less interesting. The tooltip and the details show them.
    const own = all.filter(([key]) => !key.startsWith("dagster/")).slice(0, 3);
    for (const [key, value] of own) {
      made.append(filterButton(row, `${key}: ${value}`, "dnb-tag", "tag", key));
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
  let anchor = null; // the start of a selection with Shift
  let focused = null; // the row that has the focus, or had it last
  let reachable = null; // the line that users reach with Tab
  let resets = model.get("resets");
  const rendered = new Map(); // id -> {text, line, box}

  const all = node("input", { type: "checkbox", title: "Select the runs on all pages" });
  const headRow = node("tr");
  const head = node("thead", {}, headRow);
  const body = node("tbody");
  const table = node("table", { class: "dnb-runs", "aria-label": "Runs" }, head, body);
  const empty = node("div", { class: "dnb-empty", role: "status" });
  const frame = node("div", { class: "dnb-scroll", tabindex: "-1" }, table, empty);
  el.classList.add("dnb-table");
  el.append(frame);
  const widths = makeColumnWidths(model, table);

  // Send how the selection changes, not the selected ids. The kernel handles these messages in order, so a click that comes
  // before the reply to an earlier click does not undo it. The kernel also knows the rows of the other pages.
  const select = (how, ...ids) => model.send({ select: [how, ...ids] });

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

  function drawEmpty() {
    empty.textContent = rows.length ? "" : model.get("empty");
  }

  // Scroll to the top if the kernel has requested it.
  function takeReset() {
    if (model.get("resets") === resets) return;
    resets = model.get("resets");
    frame.scrollTop = 0;
    if (!body.contains(document.activeElement)) focused = null;
  }

  function takeRows() {
    takeReset();
    const top = frame.scrollTop;
    // Measure before the document changes, because measuring it afterwards would cause another layout.
    const topRow = top > 0 ? rows.find((row) => placeOf(rendered.get(row.id).line) >= top) : null;
    const before = topRow && placeOf(rendered.get(topRow.id).line);
    rows = model.get("rows");
    places = new Map(rows.map((row, place) => [row.id, place]));
    drawEmpty();
    drawRows();
    // Keep the visible rows in place when new rows arrive at the top.
    if (places.has(topRow?.id)) frame.scrollTop = top + placeOf(rendered.get(topRow.id).line) - before;
  }

  // The position of a row below the header, in pixels.
  function placeOf(line) {
    return line.offsetTop - head.offsetHeight;
  }

  // Draw the rows. Leave unchanged rows in the document, so that they keep the focus.
  function drawRows() {
    const columns = model.get("columns");
    for (const [id, known] of rendered) {
      if (places.has(id)) continue;
      // When the focused row disappears, give the focus to the frame, so that the notebook does not get the keys.
      if (known.line.contains(document.activeElement)) frame.focus({ preventScroll: true });
      known.line.remove();
      rendered.delete(id);
    }
    let next = body.firstChild;
    let refocus = null;
    rows.forEach((row) => {
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
      if (next === known.line) next = next.nextSibling;
      else body.insertBefore(known.line, next);
    });
    drawPlaces();
    drawSelection();
    refocus?.focus({ preventScroll: true });
  }

  // Tell screen readers which rows of the whole table the page contains.
  function drawPlaces() {
    table.setAttribute("aria-rowcount", model.get("count") + 1);
    const first = model.get("start") + 2; // the header is row 1
    for (const [id, known] of rendered) known.line.setAttribute("aria-rowindex", first + places.get(id));
  }

  function drawSelection() {
    const selected = new Set(model.get("selected"));
    const active = model.get("active");
    const count = model.get("count");
    for (const [id, known] of rendered) {
      const is = selected.has(id);
      known.box.checked = is;
      known.line.classList.toggle("dnb-selected", is);
      known.line.setAttribute("aria-selected", is);
      if (id === active) known.line.setAttribute("aria-current", "true");
      else known.line.removeAttribute("aria-current");
    }
    all.setAttribute("aria-label", `Select all ${count.toLocaleString("en-US")} runs`);
    all.checked = count > 0 && selected.size === count;
    all.indeterminate = selected.size > 0 && selected.size < count;
    all.disabled = count === 0;
    setReachable();
  }

  function setReachable() {
    const entry = rendered.get(focused) || rendered.get(model.get("active")) || rendered.get(rows[0]?.id);
    if (entry?.line === reachable) return;
    if (reachable) setTabIndex(reachable, -1);
    reachable = entry?.line ?? null;
    if (reachable) setTabIndex(reachable, 0);
  }

  // Users reach one row and its buttons with Tab, and the other rows with the arrow keys.
  function setTabIndex(line, tabIndex) {
    line.tabIndex = tabIndex;
    for (const button of line.querySelectorAll("button")) button.tabIndex = tabIndex;
  }

  // Scroll to a row, but only as far as necessary.
  function scrollTo(line) {
    const top = placeOf(line);
    const bottom = line.offsetTop + line.offsetHeight - frame.clientHeight;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (bottom > frame.scrollTop) frame.scrollTop = bottom;
  }

  function focusRow(place) {
    const row = rows[Math.min(Math.max(place, 0), rows.length - 1)];
    if (!row) return null;
    const { line } = rendered.get(row.id);
    focused = row.id;
    setReachable();
    scrollTo(line);
    line.scrollIntoView({ block: "nearest" }); // in the notebook
    line.focus({ preventScroll: true });
    return row.id;
  }

  // Scroll to the details, because users might not notice them below the table.
  const showDetails = () =>
    setTimeout(() => {
      const title = el.closest(".dnb")?.querySelector(".dnb-detail .dnb-head");
      title?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }, 600);

  function pick(id, event, toggles) {
    if (event.shiftKey && anchor) select("range", anchor, id);
    else if (toggles || event.ctrlKey || event.metaKey) select("toggle", id);
    // Keep a selection of several runs when the user opens a run.
    else if (model.get("selected").length < 2) select("only", id);
    anchor = id;
    if (toggles) return;
    model.set("active", id);
    model.save_changes();
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
    else if (content.enter) focusRow(content.enter > 0 ? 0 : rows.length - 1);
    else if (rendered.has(content.reveal)) scrollTo(rendered.get(content.reveal).line);
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
    if (to < 0 || to >= rows.length) {
      // If the user presses the key several times before the new page arrives, the kernel turns only one page.
      model.send({ turn: to < 0 ? -1 : 1, start: model.get("start") });
    } else if (to !== undefined) {
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
  frame.addEventListener("scroll", () => rowMenu.close());
  all.addEventListener("click", () => select(all.checked ? "all" : "none"));

  on("rows", takeRows);
  on("columns", () => {
    for (const known of rendered.values()) known.text = null;
    drawHead();
    takeRows();
  });
  on("resets", takeReset);
  on("start", drawPlaces);
  on("count", () => {
    drawPlaces();
    drawSelection();
  });
  on("sort", drawHead);
  on("widths", () => widths.draw());
  on("selected", drawSelection);
  on("active", drawSelection);
  on("empty", drawEmpty);
  drawHead();
  takeRows();
  model.on("msg:custom", receive);
  off.push(() => model.off("msg:custom", receive));
  return () => off.forEach((call) => call());
}

export default { render };
