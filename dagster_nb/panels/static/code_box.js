// Code with a Copy button.
function render({ model, el }) {
  el.classList.add("dnb-code");
  const bar = document.createElement("div");
  const name = document.createElement("strong");
  const copy = document.createElement("button");
  const said = document.createElement("span");
  const text = document.createElement("pre");
  bar.className = "dnb-code-bar";
  copy.type = "button";
  copy.className = "jupyter-button dnb-chip";
  copy.textContent = "Copy";
  said.setAttribute("role", "status");
  said.className = "dnb-muted";
  text.className = "dnb-text";
  text.tabIndex = 0;
  // Without a role, screen readers would ignore the label.
  text.setAttribute("role", "group");
  bar.append(name, copy, said);
  el.append(bar, text);

  const draw = () => {
    name.textContent = model.get("name");
    text.setAttribute("aria-label", model.get("name"));
    copy.setAttribute("aria-label", `Copy ${model.get("name")}`);
    text.textContent = model.get("text");
  };
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.get("text"));
      said.textContent = "copied";
    } catch {
      // An insecure page has no access to the clipboard, so select the text for Ctrl-C.
      const range = document.createRange();
      range.selectNodeContents(text);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      said.textContent = document.execCommand("copy") ? "copied" : "press Ctrl-C to copy the selected text";
    }
    setTimeout(() => (said.textContent = ""), 3000);
  });
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
