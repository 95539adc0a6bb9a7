// A text area for YAML with line numbers and marked lines. Tab indents, Ctrl-Enter or Cmd-Enter submits.
const UNIT = "  ";

function insert(area, text) {
  // Only execCommand keeps the browser's undo history.
  if (!document.execCommand("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
}

function indent(area, back) {
  const { value, selectionStart: start, selectionEnd: end } = area;
  if (!back && start === end) return insert(area, UNIT.slice((start - value.lastIndexOf("\n", start - 1) - 1) % UNIT.length));
  const from = value.lastIndexOf("\n", start - 1) + 1;
  const lines = value.slice(from, end).split("\n");
  const changed = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : UNIT + line));
  area.setSelectionRange(from, end);
  insert(area, changed.join("\n"));
  const first = Math.max(from, start + changed[0].length - lines[0].length);
  area.setSelectionRange(first, from + changed.join("\n").length);
}

function breakLine(area) {
  const { value, selectionStart: start } = area;
  const line = value.slice(value.lastIndexOf("\n", start - 1) + 1, start);
  insert(area, "\n" + line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? UNIT : ""));
}

function render({ model, el }) {
  // Otherwise JupyterLab handles Ctrl-Enter itself and runs the cell.
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  el.classList.add("dnb-editor");
  const gutter = document.createElement("div");
  gutter.className = "dnb-gutter";
  gutter.setAttribute("aria-hidden", "true");
  const area = document.createElement("textarea");
  Object.assign(area, { spellcheck: false, wrap: "off", autocapitalize: "off", autocomplete: "off" });
  el.append(gutter, area);
  let leaving = false;

  const number = () => {
    const wrong = model.get("marks");
    const count = area.value.split("\n").length;
    const rows = [];
    for (let line = 1; line <= count; line++) {
      const row = document.createElement("div");
      row.textContent = wrong[line] ? `✖ ${line}` : `${line}`;
      if (wrong[line]) Object.assign(row, { className: "dnb-wrong", title: wrong[line] });
      rows.push(row);
    }
    gutter.replaceChildren(...rows);
    gutter.scrollTop = area.scrollTop;
    area.rows = Math.min(Math.max(count + 1, 10), 26);
    area.setAttribute("aria-invalid", String(model.get("invalid")));
  };
  const show = () => {
    if (area.value !== model.get("value")) area.value = model.get("value");
    area.disabled = model.get("disabled");
    area.setAttribute("aria-label", model.get("label"));
    number();
  };
  const push = () => {
    if (area.value === model.get("value")) return;
    model.set("value", area.value);
    model.save_changes();
  };
  area.addEventListener("input", () => (push(), number()));
  area.addEventListener("scroll", () => (gutter.scrollTop = area.scrollTop));
  area.addEventListener("focus", () => (leaving = false));
  area.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      push();
      model.send({ type: "submit", value: area.value });
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) breakLine(area);
    else if (event.key === "Tab" && !leaving) indent(area, event.shiftKey);
    else {
      // After Escape, Tab moves to the next field, so that the keyboard can leave the editor.
      if (event.key === "Escape") leaving = true;
      return;
    }
    event.preventDefault();
  });
  const names = ["value", "marks", "invalid", "disabled", "label"];
  names.forEach((name) => model.on(`change:${name}`, show));
  show();
  return () => names.forEach((name) => model.off(`change:${name}`, show));
}

export default { render };
