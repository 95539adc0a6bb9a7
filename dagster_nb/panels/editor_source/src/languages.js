// The languages of the editor: YAML, and a small syntax highlighter for GraphQL.
import { yaml } from "@codemirror/lang-yaml";
import { StreamLanguage } from "@codemirror/language";

const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on"]);

const graphql = StreamLanguage.define({
  name: "graphql",
  startState: () => ({ depth: 0, inArguments: 0, isInBlock: false }),
  token(stream, state) {
    if (state.isInBlock) {
      state.isInBlock = !stream.match(/^.*?"""/);
      if (state.isInBlock) stream.skipToEnd();
      return "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match('"""')) {
      state.isInBlock = true;
      return "string";
    }
    if (stream.match(/^"(?:\\.|[^"\\])*"?/)) return "string";
    if (stream.match(/^-?\d[\d.eE+-]*/)) return "number";
    if (stream.match(/^\$\w*/)) return "variableName";
    if (stream.match(/^@\w*/)) return "meta";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word) {
      if (KEYWORDS.has(word[0])) return "keyword";
      if (/^(true|false|null)$/.test(word[0])) return "atom";
      if (/^[A-Z][A-Z0-9_]+$/.test(word[0])) return "atom";
      return /^[A-Z]/.test(word[0]) ? "typeName" : "propertyName";
    }
    const character = stream.next();
    if ("{([".includes(character)) state.depth++;
    if ("})]".includes(character)) state.depth = Math.max(0, state.depth - 1);
    return null;
  },
  indent: (state, after, context) => {
    const closes = /^\s*[})\]]/.test(after);
    return Math.max(0, state.depth - (closes ? 1 : 0)) * context.unit;
  },
  languageData: { closeBrackets: { brackets: ["(", "[", "{", '"'] }, commentTokens: { line: "#" }, indentOnInput: /^\s*[})\]]$/ },
});

export const languages = { yaml: () => yaml(), graphql: () => graphql };
