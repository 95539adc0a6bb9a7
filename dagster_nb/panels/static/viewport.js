// Reports to the kernel whether the page is dark and how wide the panel is.
function luminance(color) {
  const parts = (color.match(/[\d.]+/g) || []).map(Number);
  return parts.length < 3 ? 0 : (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
}

function render({ model, el }) {
  el.classList.add("dnb-viewport");
  let timer = 0;
  const report = () => {
    if (!el.isConnected || el.clientWidth === 0) return;
    const holder = el.closest(".dnb") || el;
    const dark = luminance(getComputedStyle(holder).color) > 0.5;
    const width = Math.round(el.clientWidth);
    if (dark === model.get("dark") && Math.abs(width - model.get("width")) < 8) return;
    model.set("dark", dark);
    model.set("width", width);
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
  return () => {
    clearTimeout(timer);
    size.disconnect();
    theme.disconnect();
  };
}

export default { render };
