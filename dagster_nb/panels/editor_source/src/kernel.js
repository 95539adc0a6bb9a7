// Request suggestions at the cursor and documentation under the pointer from the kernel, because it has the schema.
const MAX_MILLISECONDS = 3000;

export function connect(model) {
  const waiting = new Map();
  let last = 0;
  const receive = (content) => {
    waiting.get(content?.id)?.(content);
    waiting.delete(content?.id);
  };
  model.on("msg:custom", receive);

  const ask = (type, state, position) =>
    new Promise((resolve) => {
      const id = ++last;
      const text = state.doc.toString();
      waiting.set(id, resolve);
      // If the kernel is busy with a cell, its response would be too late.
      setTimeout(() => resolve(waiting.delete(id) ? null : undefined), MAX_MILLISECONDS);
      // Convert the position. JavaScript counts two code units for some characters, but Python counts one.
      model.send({ type, id, text, cursor: [...text.slice(0, position)].length });
    });

  const complete = async (context) => {
    const word = context.matchBefore(/[\w$@.\-]*$/);
    if (!context.explicit && !word?.text && !/[\n{(,:[ ]$/.test(context.state.sliceDoc(0, context.pos))) return null;
    const answer = await ask("complete", context.state, context.pos);
    if (!answer?.candidates?.length || context.aborted) return null;
    return {
      from: context.pos - answer.word.length,
      options: answer.candidates.map(({ text, label, kind, detail, info }, place) => ({
        label: label ?? text,
        apply: text,
        type: kind,
        detail,
        info: info || undefined,
        boost: -place / 10,
      })),
      filter: true,
      validFor: /^[\w$@]*$/,
    };
  };

  const hover = async (view, position) => {
    const answer = await ask("hover", view.state, position);
    if (!answer?.text) return null;
    return {
      pos: position,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "dnb-hover";
        dom.textContent = answer.text;
        return { dom };
      },
    };
  };
  return { complete, hover, close: () => model.off("msg:custom", receive) };
}
