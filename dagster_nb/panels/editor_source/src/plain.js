// A plain text area, for pages on which the editor cannot start.
export function mountPlain({ model, el }) {
  const area = document.createElement("textarea");
  area.className = "dnb-plain-editor";
  Object.assign(area, { spellcheck: false, wrap: "off", rows: 14 });
  el.append(area);
  const show = () => {
    if (area.value !== model.get("value")) area.value = model.get("value");
    area.disabled = model.get("disabled");
    area.setAttribute("aria-label", model.get("label"));
    area.setAttribute("aria-invalid", String(model.get("problems").length > 0));
  };
  const push = () => {
    model.set("value", area.value);
    model.save_changes();
  };
  area.addEventListener("input", push);
  area.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    push();
    model.send({ type: "submit", value: area.value });
  });
  const names = ["value", "problems", "disabled", "label"];
  names.forEach((name) => model.on(`change:${name}`, show));
  show();
  return () => names.forEach((name) => model.off(`change:${name}`, show));
}
