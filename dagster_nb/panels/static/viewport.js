// Reports to the kernel the theme, the width of the panel and the time zone, and keeps keys inside the panel.
function luminance(color) {
  const parts = (color.match(/[\d.]+/g) || []).map(Number);
  return parts.length < 3 ? 0 : (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
}

// Copies the text of a button's data-dnb-copy, and says on the button that it has.
async function copy(button) {
  const text = button.dataset.dnbCopy;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // An insecure page has no clipboard, but the text of a selected field can still be copied.
    const field = document.createElement("textarea");
    field.value = text;
    button.after(field);
    field.select();
    done = document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.textContent = done ? "Copied" : "The browser does not allow copying";
  button.disabled = true;
  setTimeout(() => Object.assign(button, { textContent: label, disabled: false }), 2000);
}

// JupyterLab and Notebook hide the static output with a style sheet (see saved_output.py). Other pages need this.
function hideSavedOutput(model, el) {
  if (el.closest(".jp-OutputArea-child")) return;
  for (const saved of document.querySelectorAll(`[data-dnb-saved="${model.get("saved_id")}"]`)) saved.hidden = true;
}

function render({ model, el }) {
  el.classList.add("dnb-viewport");
  let timer = 0;
  const report = () => {
    if (!el.isConnected || el.clientWidth === 0) return;
    const holder = el.closest(".dnb") || el;
    const dark = luminance(getComputedStyle(holder).color) > 0.5;
    const width = Math.round(el.clientWidth);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    if (zone === model.get("time_zone") && dark === model.get("dark") && Math.abs(width - model.get("width")) < 8) return;
    model.set("dark", dark);
    model.set("width", width);
    model.set("time_zone", zone);
    model.save_changes();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(report, 200);
  };
  const size = new ResizeObserver(soon);
  size.observe(el);
  // A theme arrives as attributes first and as a style sheet later.
  const late = () => {
    soon();
    setTimeout(report, 800);
  };
  const theme = new MutationObserver(late);
  theme.observe(document.body, { attributes: true });
  requestAnimationFrame(report);
  let stopHelping = () => {};
  requestAnimationFrame(() => {
    hideSavedOutput(model, el);
    const panel = el.closest(".dnb");
    if (!panel) return;
    stopHelping = makeAccessible(panel);
    if (model.get("scrolls_into_view")) panel.scrollIntoView({ block: "start", behavior: "smooth" });
  });
  // JupyterLab has shortcuts without a modifier, such as x, which cuts the cell. It ignores a key if its target has
  // this attribute; on an element around the target, the attribute would have no effect. Ctrl-S and the like still reach
  // JupyterLab, but not Ctrl-Enter, which would run the cell again.
  let hadFocus = false;
  const shield = (event) => {
    const { target } = event;
    // An editor has shortcuts of its own, such as Ctrl-Z and Ctrl-F. Ctrl-S still saves the notebook.
    const isKept = event.key === "Enter" || (target.closest?.(".dnb-editor") && event.key !== "s");
    const isForJupyter = (event.ctrlKey || event.metaKey) && !isKept;
    if (el.closest(".dnb")?.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !isForJupyter);
    // A focused button that removes itself leaves the focus to the page, where the next key would be a command.
    else if (hadFocus && target === document.body && !isForJupyter) event.stopImmediatePropagation();
  };
  const follow = (event) => {
    hadFocus = Boolean(el.closest(".dnb")?.contains(event.target));
  };
  // HTML from the kernel has no listeners of its own.
  const click = (event) => {
    // A panel may be inside another panel.
    if (!event.target.closest || el.closest(".dnb") !== event.target.closest(".dnb")) return;
    const button = event.target.closest("[data-dnb-copy], [data-dnb-action], [data-dnb-focus]");
    if (button?.dataset.dnbCopy !== undefined) copy(button);
    else if (button?.dataset.dnbFocus) el.closest(".dnb").querySelector(button.dataset.dnbFocus)?.focus();
    else if (button) model.send({ action: JSON.parse(button.dataset.dnbAction) });
  };
  // This runs in the capture phase of the window, before JupyterLab's own listener.
  const listeners = { keydown: shield, focusin: follow, pointerdown: follow, click };
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener, true);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener, true);
    stopHelping();
    clearTimeout(timer);
    size.disconnect();
    theme.disconnect();
  };
}

export default { render };
