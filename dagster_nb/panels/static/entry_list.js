// A list box. A click or Enter chooses an entry. The arrow keys, Home and End move between entries.
function render({ model, el }) {
  el.classList.add("dnb-entries");
  const list = document.createElement("div");
  list.setAttribute("role", "listbox");
  list.tabIndex = 0;
  el.append(list);
  let current = 0;

  const move = (place) => {
    const entries = list.children;
    if (!entries.length) return;
    entries[current]?.setAttribute("aria-selected", "false");
    current = Math.max(0, Math.min(place, entries.length - 1));
    entries[current].setAttribute("aria-selected", "true");
    entries[current].scrollIntoView({ block: "nearest" });
    list.setAttribute("aria-activedescendant", entries[current].id);
  };
  const choose = (place) => {
    move(place);
    model.send({ choose: place });
  };
  const draw = () => {
    list.setAttribute("aria-label", model.get("label"));
    list.replaceChildren(
      ...model.get("items").map((item, place) => {
        const entry = document.createElement("div");
        entry.id = `dnb-entry-${model.model_id ?? ""}-${place}`;
        entry.setAttribute("role", "option");
        entry.setAttribute("aria-selected", "false");
        for (const part of ["name", "type", "description"]) {
          if (!item[part]) continue;
          const text = document.createElement(part === "description" ? "div" : "span");
          text.className = `dnb-entry-${part}`;
          text.textContent = item[part];
          entry.append(text);
        }
        entry.addEventListener("click", () => choose(place));
        return entry;
      })
    );
    current = 0;
    list.scrollTop = 0;
  };
  list.addEventListener("keydown", (event) => {
    const page = 8;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      const isFirst = !list.hasAttribute("aria-activedescendant") && event.key === "ArrowDown";
      move(isFirst ? 0 : current + moves[event.key]);
    } else if (event.key === "Enter" || event.key === " ") choose(current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  model.on("change:items", draw);
  model.on("change:label", draw);
  draw();
  return () => {
    model.off("change:items", draw);
    model.off("change:label", draw);
  };
}

export default { render };
