// A small layered layout: arrows go from left to right, and cross as little as a few sweeps can
// bring about. Knows nothing of the page.
//
// nodes: [{id, place}]; "first" is in the leftmost column, "last" in the rightmost, "between" as
// many columns along as the longest way that leads there.
// edges: [{from, to}]; arrows that close a circle are drawn, and have no say in the columns.

export const node_width = 192;
export const node_height = 46;
const column_gap = 60;
const row_gap = 14;
const bend_height = 8; // what an arrow takes of a column that it passes
const sweeps = 8;

function outgoing(nodes, edges) {
  const next = new Map(nodes.map((node) => [node.id, []]));
  for (const edge of edges) next.get(edge.from).push(edge.to);
  return next;
}

// Node ids such that each stands before all it leads to, but for circles. Without recursion, as a
// chain may be long.
function in_order(nodes, next) {
  const order = [];
  const seen = new Set();
  for (const node of nodes) {
    const stack = seen.has(node.id) ? [] : [[node.id, 0]];
    seen.add(node.id);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const to = next.get(top[0])[top[1]++];
      if (to === undefined) order.push(stack.pop()[0]);
      else if (!seen.has(to)) {
        seen.add(to);
        stack.push([to, 0]);
      }
    }
  }
  return order.reverse();
}

function columns_of(nodes, edges) {
  const next = outgoing(nodes, edges);
  const order = in_order(nodes, next);
  const position = new Map(order.map((id, index) => [id, index]));
  const place = new Map(nodes.map((node) => [node.id, node.place]));
  const column = new Map(nodes.map((node) => [node.id, node.place === "first" ? 0 : 1]));
  for (const id of order)
    for (const to of next.get(id))
      if (place.get(to) === "between" && position.get(to) > position.get(id))
        column.set(to, Math.max(column.get(to), column.get(id) + 1));
  let last = 0;
  for (const node of nodes) if (node.place !== "last") last = Math.max(last, column.get(node.id));
  for (const node of nodes) if (node.place === "last") column.set(node.id, last + 1);
  // Columns that nobody is in are left out.
  const used = [...new Set(column.values())].sort((a, b) => a - b);
  for (const [id, at] of column) column.set(id, used.indexOf(at));
  return column;
}

// Cells of the columns: the nodes, and a bend wherever an arrow passes a column.
function cells_of(nodes, edges, column) {
  const cells = new Map();
  const columns = [];
  const add = (cell) => {
    (columns[cell.column] ??= []).push(cell);
    return cell;
  };
  for (const node of nodes)
    cells.set(node.id, add({ column: column.get(node.id), height: node_height, before: [], after: [], y: 0 }));
  const ways = edges.map((edge) => {
    const way = [cells.get(edge.from)];
    const goal = cells.get(edge.to);
    for (let at = way[0].column + 1; at < goal.column; ++at)
      way.push(add({ column: at, height: bend_height, before: [], after: [], y: 0 }));
    way.push(goal);
    if (goal.column > way[0].column)
      for (let i = 1; i < way.length; ++i) {
        way[i - 1].after.push(way[i]);
        way[i].before.push(way[i - 1]);
      }
    return way;
  });
  return { cells, columns, ways };
}

const mean = (cells, value, otherwise) =>
  cells.length === 0 ? otherwise : cells.reduce((sum, cell) => sum + value(cell), 0) / cells.length;

function sort_columns(columns) {
  const number = (column) => column.forEach((cell, index) => (cell.index = index));
  columns.forEach(number);
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? columns : [...columns].reverse()) {
      for (const cell of column) cell.wish = mean(forth ? cell.before : cell.after, (other) => other.index, cell.index);
      column.sort((a, b) => a.wish - b.wish || a.index - b.index);
      number(column);
    }
  }
}

// As near to where its neighbours are as the cells above and below let it be.
function settle(column) {
  let floor = -Infinity;
  for (const cell of column) {
    cell.y = Math.max(cell.wish, floor + cell.height / 2);
    floor = cell.y + cell.height / 2 + row_gap;
  }
  const shift = mean(column, (cell) => cell.wish - cell.y, 0);
  for (const cell of column) cell.y += shift;
}

function place_rows(columns) {
  for (const column of columns) {
    for (const cell of column) cell.wish = 0;
    settle(column);
  }
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      for (const cell of column) cell.wish = mean([...cell.before, ...cell.after], (other) => other.y, cell.y);
      settle(column);
    }
  }
}

// {width, height, columns: [[id]], at: Map id → {x, y} of the upper left corner, ways: [path data]}
export function lay_out(nodes, edges) {
  if (nodes.length === 0) return { width: 0, height: 0, columns: [], at: new Map(), ways: [] };
  const { cells, columns, ways } = cells_of(nodes, edges, columns_of(nodes, edges));
  sort_columns(columns);
  place_rows(columns);
  const all = columns.flat();
  const top = Math.min(...all.map((cell) => cell.y - cell.height / 2));
  const bottom = Math.max(...all.map((cell) => cell.y + cell.height / 2));
  const left = (cell) => cell.column * (node_width + column_gap);
  const at = new Map();
  for (const [id, cell] of cells) at.set(id, { x: left(cell), y: cell.y - node_height / 2 - top });
  const ids = new Map([...cells].map(([id, cell]) => [cell, id]));
  return {
    width: columns.length * (node_width + column_gap) - column_gap,
    height: bottom - top,
    columns: columns.map((column) => column.filter((cell) => ids.has(cell)).map((cell) => ids.get(cell))),
    at,
    ways: ways.map((way) => curve(way.map((cell) => ({ x: left(cell), y: cell.y - top })))),
  };
}

// Out of the right side of the first cell, level through those it passes, into the left of the last.
function curve(way) {
  const n = (value) => Math.round(value * 10) / 10;
  let path = `M${n(way[0].x + node_width)} ${n(way[0].y)}`;
  for (let i = 1; i < way.length; ++i) {
    const from = { x: way[i - 1].x + node_width, y: way[i - 1].y };
    const to = way[i];
    const reach = Math.max(24, Math.abs(to.x - from.x) / 2);
    path += `C${n(from.x + reach)} ${n(from.y)} ${n(to.x - reach)} ${n(to.y)} ${n(to.x)} ${n(to.y)}`;
    if (i < way.length - 1) path += `H${n(to.x + node_width)}`;
  }
  return path;
}
