// Draws a graph, lets the keyboard walk in it, and tells the same as a list.
import { has_ended, time_text } from "./closure.js";
import { by_id, counted, element, list_of, name_of, replace, shortened_in_the_middle, svg } from "./dom.js";
import { lay_out, node_height, node_width } from "./layout.js";

const margin = 10;
const title_characters = 23;
const subtitle_characters = 25;
const smallest_scale = 0.8; // a graph that is wider yet is scrolled
let drawings = 0;

function neighbours(graph) {
  const before = new Map([...graph.nodes.keys()].map((id) => [id, []]));
  const after = new Map([...graph.nodes.keys()].map((id) => [id, []]));
  for (const { from, to } of graph.edges.values()) {
    after.get(from).push(to);
    before.get(to).push(from);
  }
  return { before, after };
}

// All that leads to a node and all that it leads to.
function connected(id, { before, after }) {
  const found = new Set([id]);
  for (const next of [before, after]) {
    const waiting = [id];
    const seen = new Set(waiting);
    while (waiting.length > 0)
      for (const other of next.get(waiting.pop()))
        if (!seen.has(other)) {
          seen.add(other);
          found.add(other);
          waiting.push(other);
        }
  }
  return found;
}

function until(edge) {
  if (!edge.expires_at) return "";
  return has_ended(edge.expires_at) ? ` (ended ${time_text(edge.expires_at)})` : ` (until ${time_text(edge.expires_at)})`;
}

function draw_node(node, at, lit) {
  const classes = ["node", `kind-${node.kind}`, node.kind === "grant" && `effect-${node.effect}`,
    node.outcome && node.outcome !== "matches" && "missed", lit.has(node.id) && "on-path"];
  const what = node.kind === "grant" ? `Grant: ${node.full}` : node.full;
  return svg("g", {
    class: classes.filter(Boolean).join(" "), transform: `translate(${at.x} ${at.y})`, tabindex: -1, role: "button",
    "aria-pressed": "false", "aria-label": node.outcome ? `${what}; ${node.outcome.replaceAll("_", " ")}` : what,
    "data-id": node.id,
  },
  svg("title", {}, node.full),
  svg("rect", { class: "box", width: node_width, height: node_height, rx: 8 }),
  svg("rect", { class: "stripe", x: 6, y: 10, width: 3, height: node_height - 20, rx: 1.5 }),
  svg("text", { class: "node-title", x: 15, y: 20 }, shortened_in_the_middle(node.title, title_characters)),
  svg("text", { class: "node-subtitle", x: 15, y: 36 }, node.subtitle.length <= subtitle_characters
    ? node.subtitle : node.subtitle.slice(0, subtitle_characters - 1) + "…"));
}

function draw(graph, laid, lit, arrow) {
  const edges = [...graph.edges.values()].map((edge, index) => svg("path", {
    class: ["edge", has_ended(edge.expires_at) && "ended", edge.missed && "missed",
      lit.has(edge.from) && lit.has(edge.to) && "on-path"].filter(Boolean).join(" "),
    d: laid.ways[index], "marker-end": `url(#${arrow})`,
  }));
  const nodes = laid.columns.flat().map((id) => draw_node(graph.nodes.get(id), laid.at.get(id), lit));
  const width = laid.width + 2 * margin;
  const height = laid.height + 2 * margin;
  const drawing = svg("svg", { class: "graph", width, height, viewBox: `${-margin} ${-margin} ${width} ${height}`,
    role: "group", "aria-label": `Graph of ${graph.nodes.size} nodes and ${graph.edges.size} arrows` },
  svg("defs", {}, svg("marker", { id: arrow, viewBox: "0 0 8 8", refX: 7.5, refY: 4, markerWidth: 7, markerHeight: 7,
    orient: "auto" }, svg("path", { class: "arrow", d: "M0 0.8L7.5 4L0 7.2z" }))),
  svg("g", { "aria-hidden": "true" }, edges), svg("g", {}, nodes));
  drawing.style.minWidth = `${Math.round(width * smallest_scale)}px`;
  return { drawing, edges, nodes };
}

// The list says what the picture says, line by line.
function text_list(graph) {
  const lines = [...graph.edges.values()].map((edge) => {
    const to = graph.nodes.get(edge.to);
    const from = name_of(edge.from, graph.nodes.get(edge.from).kind);
    if (to.kind !== "grant") return element("li", {}, from, " is a member of ", name_of(edge.to, to.kind), until(edge));
    return element("li", {}, from, " holds: ", name_of(to.full, "grant"), to.outcome && ` (${to.outcome.replaceAll("_", " ")})`);
  });
  const list = lines.length > 0 ? element("ul", {}, lines) : element("p", { class: "hint" }, "Nothing is connected.");
  return element("details", { class: "as-list" }, element("summary", {}, "The same as a list"), list);
}

function tell(graph, id, { before, after }, actions) {
  const node = graph.nodes.get(id);
  const about = [];
  for (const edge of graph.edges.values())
    if (edge.from === id && graph.nodes.get(edge.to).kind !== "grant" && edge.expires_at)
      about.push(`member of ${edge.to}${until(edge)}`);
  const grants = after.get(id).filter((to) => graph.nodes.get(to).kind === "grant").length;
  const facts = node.kind === "grant" ? [`held by ${before.get(id).length}`]
    : [(node.kind !== "principal" || before.get(id).length > 0) && counted(before.get(id).length, "member"),
      counted(after.get(id).length - grants, "membership"), counted(grants, "grant")];
  return [
    element("p", { class: "chosen" }, name_of(node.full, node.kind)),
    element("p", { class: "hint" }, [...facts, node.outcome && node.outcome.replaceAll("_", " "), ...about.slice(0, 5)]
      .filter(Boolean).join(" · ")),
    node.kind !== "grant" && element("p", { class: "actions" }, list_of(actions).filter((action) => action.fits(node))
      .map((action) => element("button", { type: "button", class: "quiet", on: { click: () => action.act(node.id) } },
        action.label))),
  ];
}

const steps = { ArrowLeft: "before", ArrowRight: "after", ArrowUp: -1, ArrowDown: 1, Home: "home", End: "end" };

function next_of(id, key, laid, ways) {
  const step = steps[key];
  if (step === "before" || step === "after") return ways[step].get(id)[0];
  if (step === "home") return laid.columns[0][0];
  if (step === "end") return laid.columns.at(-1).at(-1);
  const column = laid.columns.find((ids) => ids.includes(id));
  return column[column.indexOf(id) + step];
}

// The figure. `lit` holds the ids of a way to show; `actions` are what can be done with a principal:
// [{label, fits(node), act(id)}].
export function figure(graph, title, { lit = new Set(), actions = [] } = {}) {
  const number = ++drawings;
  const ways = neighbours(graph);
  const laid = lay_out([...graph.nodes.values()], [...graph.edges.values()]);
  const { drawing, edges, nodes } = draw(graph, laid, lit, `arrow-${number}`);
  const by_node = new Map(nodes.map((node) => [node.getAttribute("data-id"), node]));
  const details = element("div", { class: "details", "aria-live": "polite" },
    element("p", { class: "hint" }, "Choose a node to see what it is connected with."));
  let chosen = null;

  const go_to = (id) => {
    const node = by_node.get(id);
    if (node === undefined) return;
    for (const other of nodes) other.setAttribute("tabindex", other === node ? 0 : -1);
    node.focus();
  };
  const choose = (id) => {
    chosen = chosen === id ? null : id;
    const kept = chosen === null ? null : connected(chosen, ways);
    drawing.classList.toggle("choosing", chosen !== null);
    for (const [other, node] of by_node) {
      node.classList.toggle("kept", kept !== null && kept.has(other));
      node.setAttribute("aria-pressed", String(other === chosen));
    }
    [...graph.edges.values()].forEach((edge, index) =>
      edges[index].classList.toggle("kept", kept !== null && kept.has(edge.from) && kept.has(edge.to)));
    replace(details, chosen === null ? element("p", { class: "hint" }, "Nothing is chosen.")
      : tell(graph, chosen, ways, actions));
  };

  const node_of = (event) => event.target.closest?.("[data-id]")?.getAttribute("data-id");
  drawing.addEventListener("click", (event) => {
    const id = node_of(event);
    if (id === undefined) return;
    go_to(id);
    choose(id);
  });
  drawing.addEventListener("keydown", (event) => {
    const id = node_of(event);
    if (id === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") choose(id);
    else if (event.key === "Escape" && chosen !== null) choose(chosen);
    else if (event.key in steps) go_to(next_of(id, event.key, laid, ways));
    else return;
    event.preventDefault();
  });
  (by_node.get(graph.root) ?? nodes[0])?.setAttribute("tabindex", 0);

  // A tall graph is scrolled in its own frame, which starts at the node it is about.
  const frame = element("div", { class: "scroll" }, drawing);
  requestAnimationFrame(() => {
    const about = by_node.get(graph.root)?.getBoundingClientRect();
    if (about) frame.scrollTop += about.top - frame.getBoundingClientRect().top - frame.clientHeight / 2;
  });
  const hint = `graph-hint-${number}`;
  drawing.setAttribute("aria-describedby", hint);
  return element("figure", { class: "card graph-card" },
    element("figcaption", {}, element("h2", {}, title), element("p", { class: "hint", id: hint },
      "Arrow keys walk along the arrows, Enter chooses, Escape lets go.",
      edges.some((edge) => edge.matches(".ended, .missed")) && " What is dashed does not hold.")),
    [...graph.cut].slice(0, 6).map((sentence) => element("p", { class: "note cut" }, sentence)),
    frame, details, text_list(graph));
}

// Brings the panel of an answer to the reader, also to one who does not see it.
export function present(panel, status, sentence, ...children) {
  replace(by_id(panel), ...children);
  by_id(status).textContent = sentence;
}
