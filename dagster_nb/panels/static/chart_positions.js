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

  // Return the only mark above or below a position, or -1 if there are several or none.
  function onlyMarkAt(x) {
    let found = -1;
    for (let mark = 0; mark < count; mark++) {
      if (marks[4 * mark] > x || x >= marks[4 * mark + 2]) continue;
      if (found >= 0) return -1;
      found = mark;
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
    if (x < left || x > right || y < top || y > bottom) return null;
    const alone = chart.periods ? onlyMarkAt(x) : -1;
    if (alone >= 0) return { mark: alone };
    const lane = laneAt(y);
    return lane >= 0 ? { group: chart.lanes[lane][0] } : null;
  }

  // Compare positions along an axis. Order marks at the same position by their numbers.
  const compare = (one, other, axis) => center(one, axis) - center(other, axis) || one - other;

  // Return the mark that is nearest along an axis among those for which `fits(mark, distance)` is true, or -1. Of several
  // marks at the same distance, return the one whose height differs least.
  function nearestAlong(mark, axis, sign, fits) {
    const away = (other) => sign * (center(other, axis) - center(mark, axis));
    const height = (other) => Math.abs(center(other, 1) - center(mark, 1));
    let best = -1;
    for (let other = 0; other < count; other++) {
      if (!fits(other, away(other))) continue;
      const nearer = best < 0 ? -1 : away(other) - away(best);
      if (nearer < 0 || (nearer === 0 && height(other) < height(best))) best = other;
    }
    return best;
  }

  // In a chart of periods, the left and right arrow keys change the period, and the others move inside the period.
  function nextPeriod(mark, axis, sign) {
    const isReachable = (other) => axis === 0 || center(other, 0) === center(mark, 0);
    return nearestAlong(mark, axis, sign, (other, distance) => distance > 0 && isReachable(other));
  }

  // Return the next mark for an arrow key, or -1 at the end. The lanes of steps are in the order of their start times, so
  // each arrow key changes the lane.
  function next(mark, axis, sign) {
    if (chart.periods) return nextPeriod(mark, axis, sign);
    const changesLane = (axis === 1 || chart.steps) && chart.lanes.length > 0;
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

  // Return the nearest mark of the same lane that is at least this far away along x or, if there is none, the last one.
  function jump(mark, sign, distance) {
    const found = nearestAlong(mark, 0, sign, (other, away) => laneOf(other) === laneOf(mark) && away >= distance);
    return found >= 0 ? found : last(mark, sign);
  }

  // Return the left and right end of a mark for a range: a period or a step is never divided.
  const ends = (mark) => (chart.periods || chart.steps ? [marks[4 * mark], marks[4 * mark + 2]] : [center(mark, 0), center(mark, 0)]);

  return { count, center, ends, at, next, jump, first, last, box: (mark) => marks.subarray(4 * mark, 4 * mark + 4) };
}
