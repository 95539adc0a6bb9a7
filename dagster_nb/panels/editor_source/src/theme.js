// Use the colors of the page, so that the editor looks right in light and dark themes.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": {
    border: "1px solid var(--dnb-strong-line)",
    borderRadius: "4px",
    background: "var(--dnb-raised)",
    color: "var(--dnb-ink)",
    fontSize: "13px",
    maxHeight: "520px",
  },
  "&.cm-focused": { outline: "none", borderColor: "var(--dnb-focus)", boxShadow: "0 0 0 1px var(--dnb-focus)" },
  "&.dnb-disabled": { opacity: "0.7" },
  ".cm-scroller": { fontFamily: "var(--dnb-mono)", lineHeight: "19px", minHeight: "200px" },
  ".cm-content": { caretColor: "var(--dnb-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--dnb-ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--dnb-focus) 30%, transparent)",
  },
  ".cm-gutters": { background: "var(--dnb-sunken)", color: "var(--dnb-muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--dnb-focus) 7%, transparent)" },
  ".cm-matchingBracket": { background: "color-mix(in srgb, var(--dnb-focus) 25%, transparent) !important" },
  ".cm-tooltip": {
    border: "1px solid var(--dnb-strong-line)",
    borderRadius: "4px",
    background: "var(--dnb-ground)",
    color: "var(--dnb-ink)",
    maxWidth: "420px",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--dnb-mono)", fontSize: "12px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--dnb-focus)", color: "var(--dnb-ground)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.85", marginLeft: "10px" },
  ".cm-completionInfo, .dnb-hover": { padding: "6px 10px", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
  ".dnb-hover": { maxHeight: "220px", overflow: "auto" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--dnb-red)" },
  ".cm-lintRange-error": {
    background: "none",
    textDecoration: "underline wavy var(--dnb-red)",
    textDecorationSkipInk: "none",
    textUnderlineOffset: "3px",
  },
  ".cm-panels": { background: "var(--dnb-sunken)", color: "var(--dnb-ink)" },
  ".cm-panel.cm-search label": { fontSize: "12px" },
  ".cm-textfield": { background: "var(--dnb-ground)", color: "var(--dnb-ink)", borderColor: "var(--dnb-strong-line)" },
  ".cm-button": { background: "var(--dnb-raised)", color: "var(--dnb-ink)", borderColor: "var(--dnb-strong-line)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--dnb-ink)" },
});

// Use JupyterLab's colors for code or, on other pages, the text color. Some of JupyterLab's colors have too little
// contrast on the editor's background, so they are mixed with the text color.
const code = (name) => `color-mix(in srgb, var(--jp-mirror-editor-${name}-color, currentColor) 70%, var(--dnb-ink))`;
const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: code("property"), fontWeight: "500" },
  { tag: [tags.keyword, tags.typeName], color: code("keyword"), fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: code("string") },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: code("number") },
  { tag: tags.variableName, color: code("variable") },
  { tag: tags.comment, color: code("comment"), fontStyle: "italic" },
  { tag: [tags.meta, tags.labelName], color: code("meta") },
]);

export const appearance = [theme, syntaxHighlighting(highlighting)];
