// Shows an answer of POST /access/v1/explain: the decision, its path, the nearest miss, the rest.
import { action_of, graph_of_answer, path_of_answer, subject_of, terms_of } from "./closure.js";
import { bounded, counted, element, icon, list_of, name_of, short } from "./dom.js";
import { figure } from "./graph.js";

const rows_max = 100;
const parts_max = 40;
const grants_max = 10;
const raw_characters_max = 100_000;

const reasons = {
  granted: "A grant allows it.",
  not_granted: "Nothing that the subject holds allows it.",
  denied: "A grant denies it, and a deny wins over all that allow.",
  outside_key: "The agent may, but the key it acts through was narrowed to less.",
  uses_spent: "What would allow it has been used as often as it may be.",
  too_many_memberships: "The subject is in more roles and groups than are looked at.",
  too_costly: "More rules and conditions would have to be looked at than a decision may.",
  agent_suspended: "The agent is suspended.",
  agent_unknown: "There is no such agent.",
};

const outcomes = {
  matches: "matches",
  other_resource: "other resource",
  not_yet: "not yet",
  expired: "expired",
  condition_false: "condition false",
  condition_error: "condition failed",
  membership_expired: "membership ended",
  uses_spent: "uses spent",
  audit_only: "audit only",
};

const kind_of = (principal) => (/^(role|group):/.exec(principal)?.[1] ?? "principal");

// A grant in one line: effect, action, terms.
function grant_line(grant) {
  const effect = short(grant?.effect ?? "allow", 20);
  return [element("span", { class: `effect effect-${effect}` }, effect), " ",
    name_of(action_of(grant ?? {}), "action"),
    terms_of(grant ?? {}).map((term) => [" ", element("span", { class: "term" }, term)])];
}

function path_list(path, grants, label) {
  const [parts, cut] = bounded(list_of(path), parts_max, "steps");
  const ends = list_of(grants).slice(0, grants_max);
  return [element("ol", { class: "path", "aria-label": label },
    parts.map((part) => element("li", {}, name_of(part, kind_of(part)))),
    ends.map((grant) => element("li", { class: "grant-step" }, grant_line(grant)))), cut];
}

function question_line({ subject, action, resource }) {
  return element("p", { class: "asked" }, name_of(`${subject.type}:${subject.id}`), " asks to ", name_of(action.name),
    resource && [" on ", name_of(`${resource.type}:${resource.id}`)]);
}

function decision(answer, question) {
  const allowed = answer.decision;
  const reason = short(answer.reason, 60);
  return element("section", { class: `decision ${allowed ? "allowed" : "denied"}`, "aria-labelledby": "decision-title" },
    element("div", { class: "seal" }, icon(allowed ? "allowed" : "denied")),
    element("div", {},
      element("h2", { id: "decision-title" }, allowed ? "Allowed" : "Denied"),
      element("p", { class: "why" }, reasons[reason] ?? "The server gives the reason as a word only."),
      question_line(question),
      element("p", { class: "facts" }, element("code", { id: "reason" }, reason),
        answer.revision !== undefined && ["revision ", short(answer.revision, 24)])));
}

function way_there(answer) {
  const path = list_of(answer.path);
  if (path.length === 0 && list_of(answer.grants).length === 0) return null;
  return element("section", { class: "card", id: "path" },
    element("h2", {}, answer.decision ? "The path that allows it" : "The path that leads to it"),
    path_list(path, answer.grants, "From the subject to the grant"));
}

function nearest_miss(miss) {
  if (miss === null || typeof miss !== "object") return null;
  return element("section", { class: "card miss", id: "nearest-miss" },
    element("h2", {}, "The nearest miss"),
    element("p", {}, short(miss.message, 600)),
    path_list(miss.path, miss.grant ? [miss.grant] : [], "From the subject to the grant that nearly held"));
}

function considered_row({ grant, path, outcome, detail }) {
  const word = short(outcome, 40);
  const through = list_of(path).slice(1, parts_max); // the first is the subject, in every row
  const cell = (label, ...content) => element("td", { "data-label": label }, ...content);
  return element("tr", {},
    cell("Outcome", element("span", { class: `outcome ${word === "matches" ? "hit" : "no-hit"}` }, outcomes[word] ?? word)),
    cell("Grant", element("div", {}, grant_line(grant))),
    cell("Through", element("div", {}, through.length === 0 ? "held directly" : through.map((part, index) =>
      [index > 0 && element("span", { class: "then" }, " → "), name_of(part, kind_of(part))]))),
    cell("Detail", element("div", { class: "detail" }, short(detail, 600) || "–")));
}

function considered(answer) {
  const [rows, cut] = bounded(list_of(answer.considered).filter((row) => row !== null && typeof row === "object"),
    rows_max, "grants");
  const head = element("h2", { id: "considered-title" }, "What was considered");
  if (rows.length === 0)
    return element("section", { class: "card", id: "considered" }, head,
      element("p", { class: "empty" }, "No grant of this action reaches the subject."));
  return element("section", { class: "card", id: "considered" }, head,
    element("div", { class: "scroll", role: "region", tabindex: 0, "aria-labelledby": "considered-title" },
      element("table", {},
        element("thead", {}, element("tr", {}, ["Outcome", "Grant", "Through", "Detail"].map((title) =>
          element("th", { scope: "col" }, title)))),
        element("tbody", {}, rows.map(considered_row)))), cut);
}

function raw(answer) {
  const text = JSON.stringify(answer, null, 2);
  return element("details", { class: "raw" }, element("summary", {}, "The answer as JSON"),
    element("pre", { tabindex: 0, "aria-label": "The answer as JSON" }, text.length <= raw_characters_max ? text
      : `${text.slice(0, raw_characters_max)}\n… cut off after ${raw_characters_max} characters`));
}

// In one sentence, for a reader who does not see the page.
export function spoken(answer) {
  const reason = short(answer.reason, 60);
  return `${answer.decision ? "Allowed" : "Denied"}. ${reasons[reason] ?? reason} ` +
    `Considered: ${counted(list_of(answer.considered).length, "grant")}.`;
}

export const is_answer = (answer) => answer !== null && typeof answer === "object" && typeof answer.decision === "boolean";

// All sections of the answer; `actions` are those of the graph's nodes.
export function sections(answer, question, actions) {
  const graph = graph_of_answer(answer, subject_of(answer, `${question.subject.type}:${question.subject.id}`));
  return [
    decision(answer, question),
    way_there(answer),
    nearest_miss(answer.nearest_miss),
    considered(answer),
    graph.nodes.size > 1
      ? figure(graph, "Memberships and what they hold", { lit: path_of_answer(answer), actions })
      : element("section", { class: "card" }, element("h2", {}, "Memberships"),
        element("p", { class: "empty" }, "The subject is in no role and no group.")),
    raw(answer),
  ].filter(Boolean);
}
