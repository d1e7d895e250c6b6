// Cedar's WebAssembly build. The policies are parsed once, beforehand. The package keeps no entities: each
// question brings those that it needs and no others, made beforehand, handed over with it.
//   node cedar.js rules      a policy for each rule that grants, as Casbin has it
//   node cedar.js one        one policy for all; who may read is an attribute of what is read
import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { role_of, roles_to, serve } from "./serve.js";

const uid = (type, id) => ({ type, id });
const role = (number) => uid("Role", `group${number}`);
const read = uid("Action", "read");

const in_one = {
  all: 'permit(principal, action == Action::"read", resource) when { principal in resource.readers };',
};

function of_each(grants) {
  const policies = grants.map(([group, data], i) => [
    `p${i}`,
    `permit(principal in Role::"group${group}", action == Action::"read", resource == Data::"data${data}");`,
  ]);
  return Object.fromEntries(policies);
}

const is_one = process.argv[2] === "one";
let sets = 0;

await serve(({ grants }) => {
  const set = `set${sets++}`;
  const parsed = cedar.preparsePolicySet(set, { staticPolicies: is_one ? in_one : of_each(grants) });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));
  return {
    question(user, data) {
      const principal = uid("User", `user${user}`);
      const resource = uid("Data", `data${data}`);
      const entities = [{ uid: principal, attrs: {}, parents: [role(role_of(user))] }];
      if (is_one) {
        const readers = roles_to(data).map((number) => ({ __entity: role(number) }));
        entities.push({ uid: resource, attrs: { readers }, parents: [] });
      }
      return { principal, action: read, resource, context: {}, preparsedPolicySetId: set, entities };
    },
    allows(question) {
      const answer = cedar.statefulIsAuthorized(question);
      if (answer.type !== "success" || answer.response.diagnostics.errors.length > 0)
        throw new Error(JSON.stringify(answer));
      return answer.response.decision === "allow";
    },
  };
});
