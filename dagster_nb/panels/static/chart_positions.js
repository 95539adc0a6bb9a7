// Find the marks, lines and lanes of a chart by their position. chart_layer.js includes this file.
const NEAR_MARK = 9;
const NEAR_LINE = 6;
// If a mark is this close to the pointer, choose the mark even if a line is closer.
const ON_MARK = 3;

function makeIndex(chart, marks, lines) {
  const count = marks.length / 4;
  const center = (mark, axis) => (marks[4 * mark + axis] + marks[4 * mark + axis + 2]) / 2;
  const laneAt = (y) => chart.lanes.findIndex(([, top, bottom]) => y >= top && y < bottom);
  let lanes = null;
  const laneOf = (mark) => {
    lanes ??= Int32Array.from({ length: count }, (_, one) => laneAt(center(one, 1)));
    return lanes[mark];
  };

  function nearestMark(x, y) {
    let found = { mark: -1, distance: NEAR_MARK };
    for (let mark = 0; mark < count; mark++) {
      const dx = Math.max(marks[4 * mark] - x, 0, x - marks[4 * mark + 2]);
      if (dx > found.distance) continue;
      const dy = Math.max(marks[4 * mark + 1] - y, 0, y - marks[4 * mark + 3]);
      const distance = Math.hypot(dx, dy);
      if (distance < found.distance) found = { mark, distance };
    }
    return found;
  }

  function nearestLine(x, y) {
    let found = { line: -1, distance: NEAR_LINE };
    for (let place = 0; place < lines.length; place += 3) {
      const distance = Math.hypot(lines[place] - x, lines[place + 1] - y);
      if (distance < found.distance) found = { line: lines[place + 2], distance };
    }
    return found;
  }

  // Return the mark at a position in the picture or, if there is no mark, the group of the line or lane.
  function at(x, y) {
    const [left, top, right, bottom] = chart.plot;
    const near = nearestMark(x, y);
    const line = nearestLine(x, y);
    if (near.mark >= 0 && (near.distance <= ON_MARK || near.distance <= line.distance || line.line < 0)) return { mark: near.mark };
    if (line.line >= 0) return { group: chart.lines[line.line] };
    const lane = x >= left && x <= right && y >= top && y <= bottom ? laneAt(y) : -1;
    return lane >= 0 ? { group: chart.lanes[lane][0] } : null;
  }

  // Compare positions along an axis. Order marks at the same position by their numbers.
  const compare = (one, other, axis) => center(one, axis) - center(other, axis) || one - other;

  // Return the next mark for an arrow key, or -1 at the end.
  function next(mark, axis, sign) {
    const changesLane = axis === 1 && chart.lanes.length > 0;
    let best = -1;
    for (let other = 0; other < count; other++) {
      const lane = laneOf(other) - laneOf(mark);
      if (changesLane) {
        if (sign * lane <= 0) continue;
        const isNearer = () => {
          const further = Math.abs(laneOf(best) - laneOf(mark)) - Math.abs(lane);
          return further || Math.abs(center(best, 0) - center(mark, 0)) - Math.abs(center(other, 0) - center(mark, 0));
        };
        if (best < 0 || isNearer() > 0) best = other;
      } else {
        if (axis === 0 && lane !== 0) continue;
        if (sign * compare(other, mark, axis) > 0 && (best < 0 || sign * compare(other, best, axis) < 0)) best = other;
      }
    }
    return best;
  }

  function first() {
    let best = count ? 0 : -1;
    for (let mark = 1; mark < count; mark++) {
      const lane = laneOf(mark) - laneOf(best);
      if (lane < 0 || (lane === 0 && center(mark, 0) < center(best, 0))) best = mark;
    }
    return best;
  }

  // Return the last mark of the same lane, or the first one if the sign is negative.
  function last(mark, sign) {
    let best = mark;
    for (let other = 0; other < count; other++) {
      if (laneOf(other) === laneOf(mark) && sign * compare(other, best, 0) > 0) best = other;
    }
    return best;
  }

  return { count, center, at, next, first, last, box: (mark) => marks.subarray(4 * mark, 4 * mark + 4) };
}
