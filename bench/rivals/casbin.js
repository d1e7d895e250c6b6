// node-casbin, with the model of its examples and the faster of its two ways to ask.
import { newEnforcer, newModelFromString } from "casbin";
import { serve } from "./serve.js";

const model = `
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`;

await serve(async ({ grants, members }) => {
  const enforcer = await newEnforcer(newModelFromString(model));
  await enforcer.addPolicies(grants.map(([role, data]) => [`group${role}`, `data${data}`, "read"]));
  await enforcer.addGroupingPolicies(
    members.map(([user, role]) => [`user${user}`, `group${role}`]));
  return {
    question: (user, data) => [`user${user}`, `data${data}`],
    allows: ([user, data]) => enforcer.enforceSync(user, data, "read"),
  };
});
