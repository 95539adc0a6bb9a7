// Report the theme, the width of the panel and the time zone to the kernel, and keep keys inside the panel.
function luminance(color) {
  const parts = (color.match(/[\d.]+/g) || []).map(Number);
  return parts.length < 3 ? 0 : (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
}

// Copy the text in a button's data-dnb-copy, and confirm this on the button.
async function copy(button) {
  const text = button.dataset.dnbCopy;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // An insecure page has no access to the clipboard, but the browser can still copy the selection.
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
  button.textContent = done ? "Copied" : "The browser blocked copying. Select the text and press Ctrl-C.";
  button.disabled = true;
  setTimeout(() => Object.assign(button, { textContent: label, disabled: false }), 2000);
}

// Hide the static output, which arrives later than the panel, and return a function that shows it again. JupyterLab and
// Notebook hide it with a style sheet (see saved_output.py), but other pages do not. Voilà uses the same classes as
// JupyterLab, but inserts empty outputs that the style sheet does not expect.
function hideSavedOutput(model, el) {
  if (el.closest(".jp-OutputArea-child") && !document.body.dataset.voila) return () => {};
  const style = document.createElement("style");
  style.textContent = `[data-dnb-saved="${model.get("saved_id")}"] { display: none; }`;
  document.head.append(style);
  return () => style.remove();
}

function render({ model, el }) {
  el.classList.add("dnb-viewport");
  if (!model.get("is_rendered")) {
    model.set("is_rendered", true);
    model.save_changes();
  }
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
  // When the theme changes, the attributes change first and the style sheet arrives later.
  const late = () => {
    soon();
    setTimeout(report, 800);
  };
  const theme = new MutationObserver(late);
  theme.observe(document.body, { attributes: true });
  requestAnimationFrame(report);
  let stopHelping = () => {};
  let showSavedOutput = () => {};
  requestAnimationFrame(() => {
    showSavedOutput = hideSavedOutput(model, el);
    const panel = el.closest(".dnb");
    if (!panel) return;
    stopHelping = makeAccessible(panel);
    if (model.get("scrolls_into_view")) panel.scrollIntoView({ block: "start", behavior: "smooth" });
  });
  // JupyterLab has shortcuts without a modifier, such as x, which cuts the cell. It ignores a key if the target itself
  // has this attribute; the attribute of a parent element has no effect. Shortcuts such as Ctrl-S still reach JupyterLab,
  // but Ctrl-Enter does not, because it would run the cell again.
  let hadFocus = false;
  const shield = (event) => {
    const { target } = event;
    // An editor has its own shortcuts, such as Ctrl-Z and Ctrl-F. Ctrl-S still saves the notebook.
    const isKept = event.key === "Enter" || (target.closest?.(".dnb-editor") && event.key !== "s");
    const isForJupyter = (event.ctrlKey || event.metaKey) && !isKept;
    if (el.closest(".dnb")?.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !isForJupyter);
    // If a focused button removes itself, the page gets the focus, and the next key would be a command for the notebook.
    else if (hadFocus && target === document.body && !isForJupyter) event.stopImmediatePropagation();
  };
  const follow = (event) => {
    hadFocus = Boolean(el.closest(".dnb")?.contains(event.target));
  };
  // HTML from the kernel has no event listeners.
  const click = (event) => {
    // A panel can be inside another panel.
    if (!event.target.closest || el.closest(".dnb") !== event.target.closest(".dnb")) return;
    const button = event.target.closest("[data-dnb-copy], [data-dnb-action], [data-dnb-focus]");
    if (button?.dataset.dnbCopy !== undefined) copy(button);
    else if (button?.dataset.dnbFocus) el.closest(".dnb").querySelector(button.dataset.dnbFocus)?.focus();
    else if (button) model.send({ action: JSON.parse(button.dataset.dnbAction) });
  };
  // Use the capture phase of the window, so that this listener runs before JupyterLab's.
  const listeners = { keydown: shield, focusin: follow, pointerdown: follow, click };
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener, true);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener, true);
    stopHelping();
    showSavedOutput();
    clearTimeout(timer);
    size.disconnect();
    theme.disconnect();
  };
}

export default { render };
