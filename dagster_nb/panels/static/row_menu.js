// The context menu of a row. run_table.js includes this file.
async function copyText(text, el) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // An insecure page has no access to the clipboard, but the browser can still copy the selection.
    const field = node("textarea");
    field.value = text;
    el.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

// The kernel knows which actions are available for the run. Until it responds, the menu contains only the other entries.
function makeRowMenu(el, model, { name, pick, showDetails }) {
  const menu = makeMenu(el);
  let asked = "";

  // An entry is {label, reason, run}. If it is disabled, the reason says why.
  function entries(id, actions) {
    const job = name(id);
    const isSelected = model.get("selected").includes(id);
    return [
      { label: "Open details", run: () => openDetails(id) },
      { label: isSelected ? "Deselect" : "Select", run: () => pick(id, { shiftKey: false }, true) },
      ...actions.map(([act, label, reason]) => ({ label, reason, run: () => model.send({ act, run_id: id }) })),
      { label: "Copy run id", run: () => copyText(id, el) },
      {
        label: job ? `Show only runs of ${job}` : "Show only runs of this job",
        reason: job ? null : "this run has no job name",
        run: () => model.send({ filter: "job", run_id: id }),
      },
    ];
  }

  function openDetails(id) {
    model.set("active", id);
    model.save_changes();
    showDetails();
  }

  return {
    close: menu.close,
    open(id, x, y, findOwner) {
      asked = id;
      model.send({ menu: id });
      const waiting = [["", "Actions", "waiting for the kernel"]];
      menu.open(`Actions for run ${id.slice(0, 8)}`, entries(id, waiting), x, y, findOwner);
    },
    receive({ menu: id, actions }) {
      if (id === asked && menu.isOpen()) menu.fill(entries(id, actions));
    },
  };
}

function makeMenu(el) {
  const menu = node("div", { class: "dnb-menu", role: "menu", popover: "auto" });
  let findOwner = () => null; // returns the element that gets the focus back when the menu closes
  let corner = [0, 0];
  el.append(menu);

  const items = () => [...menu.querySelectorAll('[role="menuitem"]')];
  const close = () => {
    if (menu.matches(":popover-open")) menu.hidePopover();
  };
  const closeAndRefocus = () => {
    close();
    findOwner()?.focus({ preventScroll: true });
  };

  function fill(entries) {
    const focused = items().indexOf(document.activeElement);
    const made = entries.map(({ label, reason, run }) => {
      const item = node("button", { type: "button", role: "menuitem", tabindex: "-1", "aria-disabled": Boolean(reason) && "true" }, label);
      if (reason) item.append(node("span", { class: "dnb-muted" }, ` (${reason})`));
      item.addEventListener("click", () => {
        if (reason) return;
        closeAndRefocus();
        run();
      });
      return item;
    });
    menu.replaceChildren(...made);
    if (menu.matches(":popover-open")) place();
    if (focused >= 0) items()[Math.min(focused, made.length - 1)]?.focus();
  }

  // Keep the menu inside the window.
  function place() {
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(0, Math.min(corner[0], window.innerWidth - width - 4))}px`;
    menu.style.top = `${Math.max(0, Math.min(corner[1], window.innerHeight - height - 4))}px`;
  }

  function open(label, entries, x, y, find) {
    findOwner = find;
    corner = [x, y];
    menu.setAttribute("aria-label", label);
    fill(entries);
    menu.showPopover();
    place();
    items()[0]?.focus({ preventScroll: true });
  }

  menu.addEventListener("keydown", (event) => {
    const all = items();
    const now = all.indexOf(document.activeElement);
    const to = {
      ArrowDown: (now + 1) % all.length, ArrowUp: (now - 1 + all.length) % all.length, Home: 0, End: all.length - 1,
    }[event.key];
    // Keys that are pressed in the menu must not reach the table or the panel.
    event.stopPropagation();
    if (to !== undefined) all[to].focus();
    else if (event.key === "Escape" || event.key === "Tab") closeAndRefocus();
    else return;
    event.preventDefault();
  });
  menu.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    event.stopPropagation();
  });
  return { open, fill, close, isOpen: () => menu.matches(":popover-open") };
}
