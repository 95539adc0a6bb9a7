// What a panel does for the keyboard, for screen readers and for readers of long logs. It is part of viewport.js.
const TOGGLES = ".widget-toggle-button, .widget-toggle-buttons > .widget-toggle-button, .jupyter-widget-toggle-button";
const CLOSES = ".dnb-close:is(:not(.widget-toggle-button), .mod-active)";

// A screen reader says which toggles are on. ipywidgets only colours them.
function markPressed(button) {
  button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
}

// Identifies a <details> element although its HTML is replaced when it changes.
function detailsKey(details) {
  const holder = details.closest("[data-dnb-key]");
  return holder && `${holder.dataset.dnbKey} ${[...holder.querySelectorAll("details")].indexOf(details)}`;
}

// Presses the nearest button that closes something.
function closeNearest(event, panel) {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("textarea, select, [contenteditable]")) return;
  for (let node = event.target; panel.contains(node); node = node.parentElement) {
    const button = [...node.querySelectorAll(CLOSES)].find((one) => one.offsetParent);
    if (!button) continue;
    event.preventDefault();
    event.stopPropagation();
    // The focus would be lost with the closed element.
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
