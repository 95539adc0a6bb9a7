// Support for keyboards, screen readers and long logs. viewport.js includes this file.
const TOGGLES = ".widget-toggle-button, .widget-toggle-buttons > .widget-toggle-button, .jupyter-widget-toggle-button";
const CLOSES = ".dnb-close:is(:not(.widget-toggle-button), .mod-active)";

// Tell screen readers which toggles are on, because ipywidgets only changes their color.
function markPressed(button) {
  button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
}

// Return a key for a <details> element that stays the same when the HTML around it is replaced.
function detailsKey(details) {
  const holder = details.closest("[data-dnb-key]");
  return holder && `${holder.dataset.dnbKey} ${[...holder.querySelectorAll("details")].indexOf(details)}`;
}

// Click the nearest button that closes something.
function closeNearest(event, panel) {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("textarea, select, [contenteditable]")) return;
  for (let node = event.target; panel.contains(node); node = node.parentElement) {
    const button = [...node.querySelectorAll(CLOSES)].find((one) => one.offsetParent);
    if (!button) continue;
    event.preventDefault();
    event.stopPropagation();
    // Move the focus, because it would be lost with the closed element.
    if (button.parentElement.parentElement.contains(event.target)) panel.querySelector('tr[tabindex="0"], button')?.focus();
    button.click();
    return;
  }
}

function makeAccessible(panel) {
  const open = new Map(); // the key of a <details> element -> whether the user has opened it
  const take = (node) => {
    if (!node.querySelectorAll) return;
    node.querySelectorAll(TOGGLES).forEach(markPressed);
    if (node.matches(TOGGLES)) markPressed(node);
    for (const details of node.querySelectorAll("[data-dnb-key] details, details[data-dnb-key]")) {
      const known = open.get(detailsKey(details));
      if (known !== undefined && details.open !== known) details.open = known;
    }
  };
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "childList") addedNodes.forEach(take);
      else if (target.matches(TOGGLES)) markPressed(target);
    }
  });
  observer.observe(panel, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  take(panel);
  const remember = ({ target }) => {
    const key = target.tagName === "DETAILS" && target.isConnected && detailsKey(target);
    if (key) open.set(key, target.open);
  };
  const close = (event) => closeNearest(event, panel);
  panel.addEventListener("toggle", remember, true);
  panel.addEventListener("keydown", close);
  return () => {
    observer.disconnect();
    panel.removeEventListener("toggle", remember, true);
    panel.removeEventListener("keydown", close);
  };
}
