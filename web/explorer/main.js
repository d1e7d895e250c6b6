// The page: tabs, the two forms, and what their answers are shown in.
import * as api from "./api.js";
import { is_answer, sections, spoken } from "./answer.js";
import { closure_of } from "./closure.js";
import { by_id, counted, element, replace } from "./dom.js";
import { figure, present } from "./graph.js";
import { ask_about, read_question } from "./question.js";
import { mark, on_submit, problem_note, start_session } from "./session.js";

const suggestions_max = 200;
const tabs = ["ask", "roles"];
const nothing_yet = new Map(["answer", "closure"].map((id) => [id, [...by_id(id).children]]));
let under_way = new AbortController();
let sessions = 0;

function open_tab(name) {
  for (const tab of tabs) {
    const button = by_id(`tab-${tab}`);
    button.setAttribute("aria-selected", String(tab === name));
    button.tabIndex = tab === name ? 0 : -1;
    by_id(`panel-${tab}`).hidden = tab !== name;
  }
}

for (const [index, tab] of tabs.entries()) {
  by_id(`tab-${tab}`).addEventListener("click", () => open_tab(tab));
  by_id(`tab-${tab}`).addEventListener("keydown", (event) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = tabs[(to + tabs.length) % tabs.length];
    open_tab(name);
    by_id(`tab-${name}`).focus();
  });
}

// A call of an older session, or one that a newer one replaced, has nothing to show.
function newest() {
  under_way.abort();
  under_way = new AbortController();
  return under_way.signal;
}

const actions = [
  {
    label: "Show who is in it",
    fits: (node) => node.kind === "role" || node.kind === "group",
    act: (id) => {
      by_id("closure-kind").value = id.slice(0, id.indexOf(":"));
      by_id("closure-name").value = id.slice(id.indexOf(":") + 1);
      open_tab("roles");
      show_closure();
    },
  },
  {
    label: "Ask about it",
    fits: () => true,
    act: (id) => {
      ask_about(id);
      open_tab("ask");
      by_id(by_id("action").value === "" ? "action" : "subject-id").focus();
    },
  },
];

function waiting(text) {
  return element("p", { class: "empty waiting" }, text);
}

async function explain() {
  const question = read_question();
  if (question === null) return;
  const signal = newest();
  replace(by_id("answer"), waiting("Asking …"));
  try {
    const answer = await api.call("POST", "access/v1/explain", question, signal);
    if (!is_answer(answer)) throw new api.Problem(0, "The answer is none that this page knows", "", "");
    present("answer", "answer-status", spoken(answer), sections(answer, question, actions));
    // On a narrow page the answer is below the form.
    if (by_id("answer").getBoundingClientRect().top > 0.7 * innerHeight) by_id("answer").scrollIntoView();
  } catch (error) {
    if (!signal.aborted) present("answer", "answer-status", `Not answered: ${error.message}`, problem_note(error));
  }
}

async function show_closure() {
  const kind = by_id("closure-kind").value;
  const name = by_id("closure-name").value.trim();
  if (!mark(by_id("closure-name"), name === "" ? "Which one?" : "")) return by_id("closure-name").focus();
  const signal = newest();
  const progress = waiting("Reading …");
  replace(by_id("closure"), progress);
  try {
    const graph = await closure_of(kind, name, signal, (read) => {
      progress.textContent = `Reading … ${read} done`;
    });
    const count = (fits) => [...graph.nodes.values()].filter(fits).length;
    const grants = count((node) => node.kind === "grant");
    const roles = count((node) => node.kind === "role" || node.kind === "group");
    const sentence = `${graph.root}: ${counted(graph.nodes.size - grants - roles, "principal")}, ` +
      `${counted(roles, "role or group", "roles and groups")}, ${counted(grants, "grant")}.`;
    present("closure", "closure-status", [sentence, ...graph.cut].join(" "),
      element("p", { class: "summary" }, sentence, graph.about && ` ${graph.about}`),
      figure(graph, "Members, and what they may do through it", { actions }));
  } catch (error) {
    if (!signal.aborted) present("closure", "closure-status", `Not read: ${error.message}`, problem_note(error));
  }
}

// Names for the form's suggestions; whoever may not list them types.
async function suggest_names() {
  const session = sessions;
  const kind = by_id("closure-kind").value;
  try {
    const { items } = await api.list(`${kind}s`, suggestions_max);
    if (session === sessions && kind === by_id("closure-kind").value)
      replace(by_id("closure-names"), items.map((role) => element("option", { value: role.name })));
  } catch {
    replace(by_id("closure-names"));
  }
}

function forget() {
  newest();
  ++sessions;
  for (const [id, children] of nothing_yet) replace(by_id(id), children);
  for (const id of ["answer-status", "closure-status"]) by_id(id).textContent = "";
  for (const id of ["question", "closure-form"]) by_id(id).reset();
  for (const input of document.querySelectorAll("[aria-invalid]")) mark(input, "");
  replace(by_id("closure-names"));
}

start_session((agent) => {
  ++sessions;
  open_tab("ask");
  if (by_id("subject-id").value === "") ask_about(`agent:${agent.agent_id}`);
  by_id("action").focus();
  suggest_names();
}, forget);

on_submit(by_id("question"), explain);
on_submit(by_id("closure-form"), show_closure);
by_id("closure-kind").addEventListener("change", suggest_names);
