// Handle the pointer and the keyboard on the picture of a chart. The kernel has sent the position of each mark and the
// text to show, so hovering needs no request to the kernel.
const MIN_DRAG = 6;
// In a chart without marks, an arrow key moves the cursor by this fraction of the x axis.
const KEY_STEP = 1 / 40;
// Page Up and Page Down move by this fraction of the x axis.
const PAGE_STEP = 1 / 10;

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  // Insert text from users as text nodes, never as markup.
  made.append(...children);
  return made;
}

function isolated(text) {
  return element("bdi", "", text);
}

function floats(bytes) {
  // A Float32Array needs an offset that is a multiple of four.
  return bytes?.byteLength ? new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) : new Float32Array();
}

function render({ model, el }) {
  const zoom = element("canvas", "dnb-chart-zoom");
  const band = element("div", "dnb-chart-band");
  const ring = element("div", "dnb-chart-ring");
  const buttons = element("div", "dnb-chart-buttons");
  const tip = element("div", "dnb-chart-tip");
  const live = element("div", "dnb-chart-live");
  const stage = element("div", "dnb-chart-stage", zoom, band, ring, buttons, tip, live);
  live.setAttribute("role", "status");
  stage.setAttribute("role", "group");
  stage.tabIndex = 0;
  el.classList.add("dnb-chart-layer");
  el.append(stage);
  let chart = {};
  let index = null;
  let box = null; // the element around the picture and this layer
  let current = -1; // the mark at the keyboard cursor, or the mark that was clicked last
  let anchor = null; // the ends of the first mark of a range that is being chosen with the keyboard
  let cursor = null; // the keyboard cursor in a chart without marks
  let pointed = null; // the position of the pointer in the picture
  let drag = null; // the start of a drag: {x, pointer, isMoving}
  let zoomed = null; // the image that the zoomed picture replaces until the kernel has drawn the range

  const send = (...action) => model.send({ action, number: chart.number });
  const percent = (value, place) => `${(100 * value) / chart.size[place]}%`;
  const inPlot = (x) => Math.min(Math.max(x, chart.plot[0]), chart.plot[2]);

  function place(shown, [left, top, right, bottom]) {
    Object.assign(shown.style, {
      left: percent(left, 0),
      top: percent(top, 1),
      width: percent(right - left, 0),
      height: percent(bottom - top, 1),
      display: "block",
    });
  }

  // Place the stage exactly over the image. A narrow page can make the image smaller.
  function align() {
    const image = box?.querySelector("img");
    // If no run is left after a drag, Escape must still undo the drag.
    const isShown = Boolean(image && (index || model.get("can_go_back")));
    stage.style.display = isShown ? "" : "none";
    if (!isShown) return;
    const outer = el.getBoundingClientRect();
    const inner = image.getBoundingClientRect();
    Object.assign(stage.style, {
      left: `${inner.left - outer.left}px`,
      top: `${inner.top - outer.top}px`,
      width: `${inner.width}px`,
      height: `${inner.height}px`,
    });
    image.draggable = false;
  }

  function position(event) {
    const rect = stage.getBoundingClientRect();
    return [((event.clientX - rect.left) * chart.size[0]) / rect.width, ((event.clientY - rect.top) * chart.size[1]) / rect.height];
  }

  // Return the content of the tooltip for a mark or a group: title, status, lines, and the effect of a click.
  function describe(target) {
    if (target.mark === undefined) {
      return { title: target.group, lines: [], hint: isClickable(target) ? `Click: ${chart.hints.group} ${target.group}` : "" };
    }
    const lines = chart.fields.map(([name, values]) => [name, values[target.mark]]).filter(([, value]) => value);
    const hint = chart.hints.mark ? `Click: ${chart.hints.mark}` : "";
    return { title: chart.names[target.mark], status: chart.statuses[chart.codes[target.mark]], lines, hint };
  }

  function isClickable(target) {
    return target.mark === undefined ? chart.groups.includes(target.group) : Boolean(chart.hints.mark);
  }

  function showTip(target, x, y) {
    const { title, status, lines, hint } = describe(target);
    const head = element("div", "dnb-chart-title", isolated(title));
    if (status) {
      const [name, hue, symbol] = status;
      const shown = element("span", `dnb-status dnb-hue-${hue}`, name);
      shown.dataset.mark = symbol;
      head.append(" ", shown);
    }
    const rows = lines.map(([name, value]) => element("div", "", element("span", "dnb-muted", `${name} `), isolated(value)));
    tip.replaceChildren(head, ...rows, ...(hint ? [element("div", "dnb-muted", hint)] : []));
    moveTip(x, y);
  }

  // Place the tooltip on the side of the pointer that has more room.
  function moveTip(x, y) {
    const isRight = x > chart.size[0] / 2;
    const isLow = y > chart.size[1] / 2;
    Object.assign(tip.style, {
      display: "block",
      left: isRight ? "auto" : `calc(${percent(x, 0)} + 14px)`,
      right: isRight ? `calc(${percent(chart.size[0] - x, 0)} + 14px)` : "auto",
      top: isLow ? "auto" : `calc(${percent(y, 1)} + 14px)`,
      bottom: isLow ? `calc(${percent(chart.size[1] - y, 1)} + 14px)` : "auto",
    });
  }

  function showRing(mark) {
    if (mark < 0) {
      ring.style.display = "none";
      return;
    }
    const [left, top, right, bottom] = index.box(mark);
    place(ring, [left - 5, top - 5, right + 5, bottom + 5]);
  }

  let hovered = null;
  function hover(target, x, y) {
    const isSame = target && hovered && target.mark === hovered.mark && target.group === hovered.group;
    hovered = target;
    if (!target) {
      tip.style.display = "none";
      showRing(current);
    } else if (isSame) moveTip(x, y);
    else {
      showTip(target, x, y);
      showRing(target.mark ?? current);
    }
    const isDraggable = chart.draggable && x >= chart.plot[0] && x <= chart.plot[2];
    box.style.cursor = target && isClickable(target) ? "pointer" : isDraggable ? "crosshair" : "";
  }

  function showBand(from, to) {
    const [left, right] = [inPlot(Math.min(from, to)), inPlot(Math.max(from, to))];
    place(band, [left, chart.plot[1], right, chart.plot[3]]);
  }

  function endRange() {
    drag = anchor = cursor = null;
    band.style.display = "none";
  }

  // Show the range at once: stretch this part of the picture over the x axis until the kernel has drawn a new picture.
  function showZoom(from, to) {
    zoomed = box.querySelector("img");
    const [left, top, right, bottom] = chart.plot.map((value) => (value * zoomed.naturalWidth) / chart.size[0]);
    const [first, last] = [from, to].map((x) => (x * zoomed.naturalWidth) / chart.size[0]);
    Object.assign(zoom, { width: zoomed.naturalWidth, height: zoomed.naturalHeight });
    const context = zoom.getContext("2d");
    // The lane names remain. The numbers on the other axes do not match the new range.
    context.drawImage(zoomed, 0, top, left, bottom - top, 0, top, left, bottom - top);
    context.drawImage(zoomed, first, top, Math.max(1, last - first), bottom - top, left, top, right - left, bottom - top);
    zoom.style.display = "block";
    zoomed.style.visibility = "hidden";
    ring.style.display = "none";
  }

  function endZoom() {
    if (!zoomed) return;
    zoomed.style.visibility = "";
    zoomed = null;
    zoom.style.display = "none";
  }

  function sendRange(from, to) {
    send("range", from, to);
    endRange();
    if (to > from) showZoom(from, to);
  }

  function activate(target) {
    if (!isClickable(target)) return;
    if (target.mark === undefined) send("group", target.group);
    else {
      current = target.mark;
      send(chart.periods ? "period" : "mark", chart.ids[current]);
    }
  }

  function moveTo(mark, extends_) {
    if (mark < 0) return;
    anchor = extends_ ? (anchor ?? index.ends(current < 0 ? mark : current)) : null;
    current = mark;
    const [x, y] = [index.center(mark, 0), index.center(mark, 1)];
    if (anchor === null) band.style.display = "none";
    else showBand(...range());
    hovered = { mark };
    showTip(hovered, x, y);
    showRing(mark);
    const { title, status, lines } = describe(hovered);
    live.textContent = [title, status?.[0], ...lines.map((line) => line.join(" "))].filter(Boolean).join(", ");
  }

  // Return the ends of the range from the first mark to the current mark or the cursor.
  function range() {
    const all = [...anchor, ...(index.count ? index.ends(current) : [cursor])];
    return [Math.min(...all), Math.max(...all)];
  }

  function moveCursor(sign, extends_, step) {
    const [left, , right] = chart.plot;
    const from = cursor ?? (sign > 0 ? left : right);
    cursor = inPlot(from + sign * step * (right - left));
    anchor = extends_ ? (anchor ?? [from]) : null;
    showBand(...(anchor ? range() : [cursor, cursor]));
  }

  function press(event) {
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 1], ArrowUp: [1, -1] };
    if (event.key === "Escape") {
      const isHidden = tip.style.display !== "block";
      // The kernel may be busy for a long time, and the chart answers again only after the zoom.
      endZoom();
      if (drag || anchor !== null || cursor !== null) endRange();
      else if (model.get("can_go_back")) send("back");
      else if (isHidden) return;
      if (index) hover(null, 0, 0);
    } else if (!index || zoomed || event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key in moves) {
      const [axis, sign] = moves[event.key];
      const extends_ = event.shiftKey && chart.draggable && axis === 0;
      if (!index.count && chart.draggable && axis === 0) moveCursor(sign, extends_, KEY_STEP);
      else moveTo(current < 0 ? index.first() : index.next(current, axis, sign), extends_);
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      const sign = event.key === "PageDown" ? 1 : -1;
      const extends_ = event.shiftKey && chart.draggable;
      const width = chart.plot[2] - chart.plot[0];
      if (index.count) moveTo(current < 0 ? index.first() : index.jump(current, sign, PAGE_STEP * width), extends_);
      else if (chart.draggable) moveCursor(sign, extends_, PAGE_STEP);
    } else if (event.key === "Home" || event.key === "End") {
      if (current < 0) current = index.first();
      if (current >= 0) moveTo(index.last(current, event.key === "End" ? 1 : -1), event.shiftKey && chart.draggable);
    } else if (event.key === "Enter" && anchor !== null) sendRange(...range());
    else if ((event.key === "Enter" || event.key === " ") && current >= 0) activate({ mark: current });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const isElsewhere = (event) => !index || zoomed || Boolean(event.target.closest?.(".dnb-chart-button"));
  let pressed = null; // the position at which a mouse button was pressed
  const pointer = {
    // Keep the focus on the stage, and prevent the browser from dragging the image or selecting text.
    mousedown(event) {
      if (!isElsewhere(event) && event.button === 0) event.preventDefault();
    },
    pointermove(event) {
      if (!index || zoomed) return;
      if (!drag && isElsewhere(event)) {
        hover(null, 0, 0);
        return;
      }
      const [x, y] = position(event);
      pointed = event.pointerType === "touch" ? null : [x, y];
      if (drag && (drag.isMoving || Math.abs(x - drag.x) >= MIN_DRAG)) {
        if (!drag.isMoving) box.setPointerCapture?.(drag.pointer);
        drag.isMoving = true;
        hover(null, x, y);
        showBand(drag.x, x);
      } else if (pointed) hover(index.at(x, y), x, y);
    },
    pointerdown(event) {
      if (isElsewhere(event) || event.button !== 0) return;
      const [x, y] = position(event);
      const [left, top, right, bottom] = chart.plot;
      const isInside = x >= left && x <= right && y >= top && y <= bottom;
      endRange();
      pressed = [x, y];
      stage.focus({ preventScroll: true });
      if (chart.draggable && isInside) drag = { x, pointer: event.pointerId, isMoving: false };
    },
    pointerup(event) {
      if (!index || !pressed) return;
      const [x, y] = position(event);
      const began = pressed;
      pressed = null;
      const from = drag?.isMoving ? drag.x : null;
      endRange();
      if (from === null && Math.hypot(x - began[0], y - began[1]) >= MIN_DRAG) return;
      if (from !== null) sendRange(Math.min(from, inPlot(x)), Math.max(from, inPlot(x)));
      else {
        const target = index.at(x, y);
        if (target) activate(target);
        hover(target, x, y);
      }
    },
    pointercancel() {
      pressed = null;
      endRange();
    },
    pointerleave() {
      pointed = null;
      if (index && !drag?.isMoving) hover(null, 0, 0);
    },
  };

  function drawButtons() {
    const focused = buttons.contains(document.activeElement) ? document.activeElement.title : null;
    buttons.replaceChildren(
      ...chart.buttons.map(({ action, box: area, hint }) => {
        const made = element("button", "dnb-chart-button");
        made.type = "button";
        made.title = hint;
        made.setAttribute("aria-label", hint);
        place(made, area);
        made.addEventListener("click", () => {
          // Move the focus, because the button can disappear with the next picture.
          stage.focus({ preventScroll: true });
          send(...action);
        });
        return made;
      })
    );
    if (focused !== null) ([...buttons.children].find((one) => one.title === focused) ?? stage).focus({ preventScroll: true });
  }

  function draw() {
    const hadFocus = stage.contains(document.activeElement);
    const id = current >= 0 ? chart.ids?.[current] : undefined;
    const isEmpty = !model.get("chart").size;
    endRange();
    endZoom();
    pressed = hovered = null;
    tip.style.display = "none";
    live.textContent = "";
    chart = model.get("chart");
    index = isEmpty ? null : makeIndex(chart, floats(model.get("marks")), floats(model.get("lines")));
    current = index && id !== undefined ? chart.ids.indexOf(id) : -1;
    ring.style.display = "none";
    buttons.hidden = isEmpty;
    if (index) {
      stage.setAttribute("aria-label", chart.label);
      stage.dataset.number = chart.number;
      drawButtons();
      showRing(current);
    }
    if (box) box.style.cursor = "";
    align();
    // A click can replace the chart, for example by a log. Move the focus to the tab that is open then.
    if (hadFocus && stage.style.display === "none") box?.parentElement.querySelector(".mod-active")?.focus();
    // The picture of a run in progress is redrawn every few seconds, even while the pointer is on it.
    if (index && pointed && box) hover(index.at(...pointed), ...pointed);
  }

  // The layer has no size until it is part of the page, which is after this function returns.
  const resized = new ResizeObserver(() => {
    if (!box) attach();
    align();
  });
  // The image arrives in a separate message.
  const replaced = new MutationObserver((records) => {
    if (!records.some(({ target }) => !el.contains(target))) return;
    endZoom();
    align();
  });
  function attach() {
    box = el.closest(".dnb-chart");
    if (!box) return;
    for (const [name, call] of Object.entries(pointer)) box.addEventListener(name, call);
    replaced.observe(box, { childList: true, subtree: true });
  }
  resized.observe(el);
  stage.addEventListener("keydown", press);
  stage.addEventListener("blur", () => {
    if (!drag) endRange();
    if (hovered && index) hover(null, 0, 0);
  });
  model.on("change:chart", draw);
  model.on("change:can_go_back", align);
  // If the range does not change the filters, there is no new picture.
  model.on("msg:custom", endZoom);
  draw();
  attach();
  return () => {
    for (const [name, call] of Object.entries(pointer)) box?.removeEventListener(name, call);
    resized.disconnect();
    replaced.disconnect();
    model.off("change:chart", draw);
    model.off("change:can_go_back", align);
    model.off("msg:custom", endZoom);
  };
}

export default { render };
