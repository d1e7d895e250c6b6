// Who is a member of what, and what that permits: read from the server, as nodes and arrows.
import { call, list, Problem } from "./api.js";
import { list_of, short } from "./dom.js";

export const nodes_max = 200;
const edges_max = 600;
const roles_read_max = 60; // each costs two calls or more

const kind_of = (principal) => principal.slice(0, Math.max(0, principal.indexOf(":")));
const id_of = (principal) => principal.slice(principal.indexOf(":") + 1);
const is_role = (principal) => /^(role|group):./.test(principal);

export function has_ended(expires_at) {
  return typeof expires_at === "string" && Date.parse(expires_at) <= Date.now();
}

// "2026-03-01 12:00 UTC"; what is no time is shown as it came.
export function time_text(text) {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?Z$/.exec(text);
  return match ? `${match[1]} ${match[2]} UTC` : short(text, 40);
}

// What a grant says beside who and what: ["on city:*", "if context.amount < 500", …]
export function terms_of(grant) {
  const terms = [];
  if (grant.resource) terms.push(`on ${short(grant.resource, 330)}`);
  if (grant.when) terms.push(`if ${short(grant.when, 1100)}`);
  if (grant.not_before) terms.push(`from ${time_text(grant.not_before)}`);
  if (grant.expires_at) terms.push(`until ${time_text(grant.expires_at)}`);
  if (grant.max_uses) terms.push(`at most ${grant.max_uses} times`);
  return terms;
}

export const action_of = (grant) => short(grant.action ?? grant.permission ?? "?", 200);

export class Graph {
  nodes = new Map();
  edges = new Map();
  cut = new Set(); // sentences about what is not shown

  // Whether the node is there afterwards.
  add(node) {
    if (this.nodes.has(node.id)) return true;
    if (this.nodes.size >= nodes_max) {
      this.cut.add(`Cut off at ${nodes_max} nodes.`);
      return false;
    }
    this.nodes.set(node.id, node);
    return true;
  }
  add_principal(principal, place = is_role(principal) ? "between" : "first") {
    const kind = kind_of(principal);
    return this.add({ id: principal, kind: is_role(principal) ? kind : "principal", title: id_of(principal),
      subtitle: kind, full: principal, place });
  }
  // One node for grants that say the same, whoever holds them.
  add_grant(grant, extra = {}) {
    const effect = short(grant.effect ?? "allow", 20);
    const terms = terms_of(grant);
    const id = extra.id ?? `grant ${effect} ${action_of(grant)} ${terms.join(" ")}`;
    const added = this.add({ id, kind: "grant", effect, title: action_of(grant), subtitle: [effect, ...terms].join(" "),
      full: [effect, action_of(grant), ...terms].join(" "), place: "last", ...extra });
    return added ? id : null;
  }
  connect(from, to, more = {}) {
    if (!this.nodes.has(from) || !this.nodes.has(to) || from === to) return;
    const key = JSON.stringify([from, to]);
    if (this.edges.has(key)) return;
    if (this.edges.size >= edges_max) this.cut.add(`Cut off at ${edges_max} arrows.`);
    else this.edges.set(key, { from, to, ...more });
  }
}

// Reads what one role or group holds and who its members are; returns the roles among these.
async function read_role(graph, principal, signal) {
  const path = `${kind_of(principal)}s/${encodeURIComponent(id_of(principal))}`;
  const [members, grants] = await Promise.all([
    list(`${path}/members`, nodes_max, signal), list(`${path}/permissions`, nodes_max, signal)]);
  if (members.more) graph.cut.add(`Only ${nodes_max} members of ${principal} were read.`);
  if (grants.more) graph.cut.add(`Only ${nodes_max} permissions of ${principal} were read.`);
  for (const grant of grants.items) {
    const id = graph.add_grant(grant);
    if (id !== null) graph.connect(principal, id);
  }
  const roles = [];
  for (const { member, expires_at } of members.items) {
    if (typeof member !== "string" || !graph.add_principal(member)) continue;
    graph.connect(member, principal, { expires_at });
    if (is_role(member)) roles.push(member);
  }
  return roles;
}

// All that leads to a role or group, and what it permits. `progress(number)` is told of each node read.
export async function closure_of(kind, name, signal, progress) {
  const graph = new Graph();
  const root = `${kind}:${name}`;
  graph.about = (await call("GET", `${kind}s/${encodeURIComponent(name)}`, undefined, signal))?.about ?? "";
  graph.add_principal(root);
  graph.root = root;
  const waiting = [root];
  const seen = new Set(waiting);
  let read = 0;
  while (waiting.length > 0) {
    if (read === roles_read_max) {
      graph.cut.add(`Only ${roles_read_max} roles and groups were read; ${waiting.length} more were not.`);
      break;
    }
    const principal = waiting.shift();
    try {
      for (const found of await read_role(graph, principal, signal))
        if (!seen.has(found)) {
          seen.add(found);
          waiting.push(found);
        }
    } catch (error) {
      // Deleted since it was listed.
      if (!(error instanceof Problem) || error.status !== 404 || principal === root) throw error;
      graph.cut.add(`${principal} is gone.`);
    }
    progress(++read);
  }
  return graph;
}

// A plain permission may have no id, so they are told apart by where they stand.
const considered_id = (index) => `considered ${index}`;

// Whom an answer is about, as it names them: an agent may have been asked about by its name.
export function subject_of(answer, asked) {
  const memberships = list_of(answer.memberships);
  const joined = new Set(memberships.map((membership) => membership?.of));
  const named = [answer, answer.nearest_miss, ...list_of(answer.considered)].map((part) => list_of(part?.path)[0]);
  const outermost = memberships.map((membership) => membership?.member).filter((member) => !joined.has(member));
  return short([...named, ...outermost].find((name) => typeof name === "string") ?? asked, 400);
}

// The memberships of an explained subject, and the grants that were considered, each at its holder.
export function graph_of_answer(answer, subject) {
  const graph = new Graph();
  graph.add_principal(subject, "first");
  graph.root = subject;
  for (const { member, of } of list_of(answer.memberships)) {
    for (const principal of [member, of])
      if (typeof principal === "string") graph.add_principal(principal, principal === subject ? "first" : "between");
  }
  for (const { member, of, expires_at } of list_of(answer.memberships)) graph.connect(member, of, { expires_at });
  list_of(answer.considered).forEach(({ grant, path, outcome }, index) => {
    if (grant === null || typeof grant !== "object") return;
    const way = [subject, ...list_of(path).filter((part) => typeof part === "string" && part !== subject)];
    way.forEach((part, at) => {
      if (at > 0 && graph.add_principal(part, "between")) graph.connect(way[at - 1], part);
    });
    const id = graph.add_grant(grant, { id: considered_id(index), outcome: short(outcome, 40) });
    if (id !== null) graph.connect(way.at(-1), id, { missed: outcome !== "matches" });
  });
  return graph;
}

// The ids along the way that led to the decision.
export function path_of_answer(answer) {
  const ids = list_of(answer.path).filter((part) => typeof part === "string");
  const decided = new Set(list_of(answer.grants).map((grant) => JSON.stringify(grant)));
  list_of(answer.considered).forEach((rule, index) => {
    if (decided.has(JSON.stringify(rule?.grant))) ids.push(considered_id(index));
  });
  return new Set(ids);
}
