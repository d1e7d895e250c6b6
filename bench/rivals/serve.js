// Answers the lines that bench/micro/casbin_set.h describes, for one rival.
import { createInterface } from "node:readline";

const rules_per_role = 11;
const users_per_role = 10;
const roles_per_data = 10;

// Casbin's data set of so many rules. grants: [role, data]; members: [user, role].
function data_set(rules) {
  const grants = [];
  const members = [];
  for (let role = 0; role < rules / rules_per_role; ++role) {
    grants.push([role, Math.floor(role / roles_per_data)]);
    for (let i = 0; i < users_per_role; ++i) members.push([role * users_per_role + i, role]);
  }
  return { grants, members };
}

// The numbers of the roles that lead from a user, and to what may be read.
export const role_of = (user) => Math.floor(user / users_per_role);
export const roles_to = (data) =>
  [...Array(roles_per_data).keys()].map((i) => data * roles_per_data + i);

function nanoseconds_a_decision(allows, kept, seconds) {
  const end = performance.now() + seconds * 1000;
  const before = process.cpuUsage();
  let asked = 0;
  do {
    allows(kept.questions[kept.next]);
    if (++kept.next === kept.questions.length) kept.next = 0;
    ++asked;
  } while (performance.now() < end);
  const used = process.cpuUsage(before);
  return ((used.user + used.system) * 1000) / asked;
}

// load(data set) gives, or promises, {question, allows}: question(user, data) makes, outside of the
// time that is taken, what allows() is asked with; allows(question) decides.
export async function serve(load) {
  const loaded = new Map();
  const kept = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, rules, name, ...rest] = line.split(" ");
    if (!loaded.has(rules)) loaded.set(rules, await load(data_set(Number(rules))));
    const { question, allows } = loaded.get(rules);
    let answer = "loaded";
    if (verb === "ask") {
      const questions = rest.map((pair) => question(...pair.split(":").map(Number)));
      kept.set(`${rules} ${name}`, { questions, next: 0 });
      answer = questions.map((asked) => (allows(asked) ? "1" : "0")).join("");
    } else if (verb === "time") {
      answer = nanoseconds_a_decision(allows, kept.get(`${rules} ${name}`), Number(rest[0]));
    } else if (verb !== "load") {
      throw new Error(`not a line that is understood: ${line}`);
    }
    console.log(String(answer));
  }
}
