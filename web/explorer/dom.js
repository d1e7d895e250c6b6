// Builds what is shown. Text enters as text nodes only, so nothing the server says becomes markup.

const svg_space = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

// element("p", {class: "note", on: {click: …}}, "text", other_node, null, [more])
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(svg_space, tag), attributes, children);
}

export function by_id(id) {
  return document.getElementById(id);
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child instanceof Node));
}

// Text for people, never longer than `most`: a string, or what JSON makes of anything else.
export function short(value, most = 400) {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= most ? text : text.slice(0, most - 1) + "…";
}

// Keeps both ends: ids often differ in the last characters only.
export function shortened_in_the_middle(text, most) {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return text.slice(0, most - 1 - tail) + "…" + text.slice(text.length - tail);
}

// A name of a principal, a resource or an action; a long one wraps at its punctuation.
export function name_of(text, kind = "") {
  const name = short(text);
  const parts = name.length > 28 ? name.split(/(?<=[:/_.-])/) : [name];
  return element("code", { class: `name ${kind}`.trim() },
    parts.map((part, index) => [index > 0 && element("wbr"), part]));
}

// "1 grant", "2 grants"
export function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function list_of(value) {
  return Array.isArray(value) ? value : [];
}

// The first `most` of a list, and a sentence about the rest, if there is one.
export function bounded(list, most, what) {
  const rest = list.length - most;
  if (rest <= 0) return [list, null];
  const note = `The first ${most} of ${list.length} ${what} are shown.`;
  return [list.slice(0, most), element("p", { class: "hint cut" }, note)];
}

// Icons are drawn, so that the page needs no font and no picture.
export function icon(name) {
  const paths = {
    allowed: "M5 12.5l4.5 4.5L19 7.5",
    denied: "M7 7l10 10M17 7L7 17",
    unknown: "M12 6.5v7M12 17.2v.3",
  };
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: paths[name] }));
}
