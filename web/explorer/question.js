// The question: what the form holds, as the body of POST /access/v1/explain.
import { by_id } from "./dom.js";
import { mark } from "./session.js";

const context_characters_max = 60_000;

const field = (id) => by_id(id);
const text_of = (id) => field(id).value.trim();

function parse_resource(text) {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) return null;
  return { type: text.slice(0, colon), id: text.slice(colon + 1) };
}

function parse_context(text) {
  if (text.length > context_characters_max) return { error: "That is too long." };
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return { value };
    return { error: 'A JSON object is needed, as in {"amount": 120}.' };
  } catch (error) {
    return { error: `This is not JSON: ${error.message.slice(0, 200)}` };
  }
}

// The body, or null after the fields that are wrong were marked and the first got the focus.
export function read_question() {
  const wrong = [];
  const check = (id, text) => {
    if (!mark(field(id), text)) wrong.push(id);
  };
  const question = {
    subject: { type: text_of("subject-type"), id: text_of("subject-id") },
    action: { name: text_of("action") },
  };
  check("subject-type", question.subject.type === "" ? "Needed." : "");
  check("subject-id", question.subject.id === "" ? "Whom is the question about?" : "");
  check("action", question.action.name === "" ? "What is to be done?" : "");

  const resource = text_of("resource");
  const parsed = resource === "" ? undefined : parse_resource(resource);
  check("resource", parsed === null ? "A type and an id are needed, as in city:berlin." : "");
  if (parsed) question.resource = parsed;

  const context = text_of("context") === "" ? {} : parse_context(text_of("context"));
  check("context", context.error ?? "");
  if (context.value) question.context = context.value;

  if (wrong.length === 0) return question;
  field(wrong[0]).focus();
  return null;
}

// Puts a principal such as "user:alice" into the form.
export function ask_about(principal) {
  const colon = principal.indexOf(":");
  field("subject-type").value = principal.slice(0, colon);
  field("subject-id").value = principal.slice(colon + 1);
  mark(field("subject-type"), "");
  mark(field("subject-id"), "");
}
