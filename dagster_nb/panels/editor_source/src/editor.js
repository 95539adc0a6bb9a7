// A text editor for YAML and GraphQL. The kernel provides completion, documentation and the problems to mark.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { forEachDiagnostic, lintGutter, lintKeymap, nextDiagnostic, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorSelection, EditorState, Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { connect } from "./kernel.js";
import { languages } from "./languages.js";
import { mountPlain } from "./plain.js";
import { appearance } from "./theme.js";

// Columns are numbers of characters, as in Python. Positions in the editor are numbers of UTF-16 code units.
function position(line, column) {
  return line.from + [...line.text].slice(0, column).join("").length;
}

function diagnostics(state, problems) {
  return problems
    .filter((problem) => problem.line >= 1 && problem.line <= state.doc.lines)
    .map(({ line: number, start, end, message }) => {
      const line = state.doc.line(number);
      const indent = line.text.length - line.text.trimStart().length;
      const from = start === null ? line.from + indent : position(line, start);
      const to = end === null ? line.to : position(line, end);
      return { from, to: Math.max(from, to), severity: "error", message };
    });
}

// A new line has the indentation of the line above. Below a YAML key, it is indented one step more.
function breakLine({ state, dispatch }) {
  if (state.readOnly) return false;
  const change = state.changeByRange(({ from, to }) => {
    const line = state.doc.lineAt(from);
    const before = line.text.slice(0, from - line.from);
    const indent = before.match(/^ *(?:- +)*/)[0].length;
    const insert = `\n${" ".repeat(indent)}${before.trimEnd().endsWith(":") ? "  " : ""}`;
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + insert.length) };
  });
  dispatch(state.update(change, { scrollIntoView: true, userEvent: "input" }));
  return true;
}

// Select the next problem, show its message, and have screen readers read it.
function goToProblem(view) {
  nextDiagnostic(view);
  const { from, to } = view.state.selection.main;
  forEachDiagnostic(view.state, ({ message }, start, end) => {
    if (start === from && end === to) view.dispatch({ effects: EditorView.announce.of(message) });
  });
  return true;
}

// The line below the editor that lists its keys.
function keyHints() {
  const mod = /Mac|iP(hone|ad)/.test(navigator.platform) ? "Cmd" : "Ctrl";
  const hints = document.createElement("div");
  hints.className = "dnb-editor-keys";
  hints.id = `dnb-editor-keys-${Math.random().toString(36).slice(2)}`;
  hints.textContent = `Ctrl-Space: suggestions · F8: next problem · ${mod}-F: search · Esc, then Tab: leave the editor`;
  return hints;
}

function mountEditor({ model, el }) {
  const hints = keyHints();
  const editable = new Compartment();
  const attributes = new Compartment();
  const kernel = connect(model);
  const push = (view) => {
    const text = view.state.doc.toString();
    if (text === model.get("value")) return;
    model.set("value", text);
    model.save_changes();
  };
  const submit = (view) => {
    push(view);
    model.send({ type: "submit", value: view.state.doc.toString() });
    return true;
  };
  const isEditable = () => [EditorView.editable.of(!model.get("disabled")), EditorState.readOnly.of(model.get("disabled"))];
  const contentAttributes = () =>
    EditorView.contentAttributes.of({
      "aria-label": model.get("label"),
      "aria-describedby": hints.id,
      "aria-invalid": String(model.get("problems").length > 0),
      // JupyterLab's shortcuts ignore keys in an element with this attribute.
      "data-lm-suppress-shortcuts": "true",
      spellcheck: "false",
      // Allow scrolling a read-only text with the keyboard.
      tabindex: "0",
    });
  const view = new EditorView({
    parent: el,
    state: EditorState.create({
      doc: model.get("value"),
      extensions: [
        keymap.of([
          { key: "Mod-Enter", run: submit },
          { key: "F8", run: goToProblem },
          ...(model.get("language") === "yaml" ? [{ key: "Enter", run: breakLine }] : []),
        ]),
        lineNumbers(),
        lintGutter(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of("  "),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: true }),
        autocompletion({ override: [kernel.complete], activateOnTyping: true, icons: false }),
        hoverTooltip(kernel.hover, { hoverTime: 250 }),
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...completionKeymap,
          ...lintKeymap,
          indentWithTab,
        ]),
        languages[model.get("language")](),
        appearance,
        editable.of(isEditable()),
        attributes.of(contentAttributes()),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((one) => one.annotation(Transaction.remote))) push(update.view);
        }),
      ],
    }),
  });
  el.append(hints);
  // Do not let keys reach the notebook, because they would act on its cells.
  const keep = (event) => event.stopPropagation();
  view.dom.addEventListener("keydown", keep);

  const replace = () => {
    const text = model.get("value");
    if (text === view.state.doc.toString()) return;
    view.dispatch({
      changes: { from: 0, to: view.state.doc.length, insert: text },
      annotations: [Transaction.remote.of(true)],
    });
    mark();
  };
  const mark = () => {
    view.dispatch(setDiagnostics(view.state, diagnostics(view.state, model.get("problems"))));
    view.dispatch({ effects: attributes.reconfigure(contentAttributes()) });
  };
  const enable = () => {
    view.dom.classList.toggle("dnb-disabled", model.get("disabled"));
    view.dispatch({ effects: editable.reconfigure(isEditable()) });
  };
  const changes = { value: replace, problems: mark, label: mark, disabled: enable };
  for (const [name, handle] of Object.entries(changes)) model.on(`change:${name}`, handle);
  mark();
  enable();
  return () => {
    for (const [name, handle] of Object.entries(changes)) model.off(`change:${name}`, handle);
    kernel.close();
    view.destroy();
    hints.remove();
  };
}

function render(context) {
  const { model, el } = context;
  el.classList.add("dnb-editor");
  if (!model.get("has_started")) {
    model.set("has_started", true);
    model.save_changes();
  }
  try {
    return mountEditor(context);
  } catch (error) {
    console.warn("The editor could not start, so a plain text area is shown.", error);
    el.replaceChildren();
    return mountPlain(context);
  }
}

export default { render };
