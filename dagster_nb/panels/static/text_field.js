// A text field, with or without suggestions. Changes from the kernel do not overwrite what the user is typing.
let count = 0;

function render({ model, el }) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  const input = document.createElement("input");
  const list = document.createElement("datalist");
  list.id = `dnb-suggestions-${++count}`;
  input.setAttribute("list", list.id);
  input.type = "text";
  input.autocomplete = "off";
  input.spellcheck = false;
  label.className = "dnb-text-field";
  name.className = "dnb-muted";
  label.append(name, input, list);
  el.append(label);

  const draw = () => {
    name.textContent = model.get("name");
    input.placeholder = model.get("placeholder");
    input.style.width = model.get("width");
  };
  const offer = () => {
    list.replaceChildren(
      ...model.get("options").map((text) => {
        const option = document.createElement("option");
        option.value = text;
        return option;
      })
    );
  };
  let isTyping = false; // whether the user has typed something that the kernel does not have yet
  const take = () => {
    if (!isTyping) input.value = model.get("value");
  };
  const send = () => {
    isTyping = false;
    if (input.value === model.get("value")) return;
    model.set("value", input.value);
    model.save_changes();
  };
  for (const name of ["change", "blur"]) input.addEventListener(name, send);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") send();
    // Prevent Jupyter from handling the key as a shortcut.
    event.stopPropagation();
  });
  input.addEventListener("input", (event) => {
    isTyping = true;
    // When the user clicks a suggestion, its whole text arrives at once instead of key by key.
    if (!event.inputType || event.inputType === "insertReplacementText") send();
  });
  const events = [["name", draw], ["placeholder", draw], ["width", draw], ["options", offer], ["value", take]];
  for (const [trait, call] of events) model.on(`change:${trait}`, call);
  draw();
  offer();
  take();
  return () => events.forEach(([trait, call]) => model.off(`change:${trait}`, call));
}

export default { render };
