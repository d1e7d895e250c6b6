// The form to sign in, who is signed in, and how a problem is shown.
import * as api from "./api.js";
import { by_id, element, replace } from "./dom.js";

const texts = {
  key: ["API key", "Exchanged once for a short-lived token. Neither is stored: both are gone when this page is closed."],
  token: ["Access token", "Kept in this page's memory only. Signing out forgets it and does not revoke it."],
};

// The problem of a call, as a note. Where the token has ended, the way back is to sign in again.
export function problem_note(error) {
  const known = error instanceof api.Problem;
  const title = known ? error.title : "The page failed";
  const detail = known ? error.detail : String(error?.message ?? error).slice(0, 300);
  return element("div", { class: "problem" },
    element("p", { class: "problem-title" }, known && error.status ? `${error.status} · ${title}` : title),
    detail && detail !== title && element("p", {}, detail),
    known && error.needed && element("p", {}, "Needed: ", element("code", {}, error.needed)),
    known && error.fields.length > 0 && element("ul", {}, error.fields.map(({ field, message }) =>
      element("li", {}, element("code", {}, field), " ", message))),
    known && error.status === 401 && api.is_signed_in() &&
      element("p", {}, "The token may have ended. Sign out, and in again."),
    known && error.request_id && element("p", { class: "hint" }, "Request id ", element("code", {}, error.request_id)));
}

// Says what is wrong with a field, beside it; an empty text takes that back.
export function mark(input, text) {
  const note = by_id(`${input.id}-error`);
  note.textContent = text;
  note.hidden = text === "";
  if (text === "") input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
  return text === "";
}

// Runs `act` while the form's button is held back; a second press while it runs does nothing.
export function on_submit(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    try {
      await act();
    } finally {
      form.removeAttribute("aria-busy");
    }
  });
}

// Calls `entered(agent)` after each sign-in and `left()` after each sign-out.
export function start_session(entered, left) {
  const form = by_id("sign-in-form");
  const secret = by_id("secret");
  const kind = () => new FormData(form).get("kind");

  const describe = () => {
    const [label, hint] = texts[kind()];
    by_id("secret-label").textContent = label;
    by_id("secret-hint").textContent = hint;
  };
  const show = (signed_in) => {
    by_id("sign-in").hidden = signed_in;
    by_id("workspace").hidden = !signed_in;
    by_id("signed-in").hidden = !signed_in;
  };

  form.addEventListener("change", describe);
  describe(); // browsers bring choices back when a page is reloaded

  on_submit(form, async () => {
    const value = secret.value.trim();
    replace(by_id("sign-in-problem"));
    if (!mark(secret, value === "" ? "Paste one to sign in." : "")) return secret.focus();
    try {
      const agent = await (kind() === "key" ? api.sign_in_with_key(value) : api.sign_in_with_token(value));
      secret.value = "";
      by_id("who-name").textContent = agent.agent_name ?? agent.agent_id;
      by_id("who-name").title = agent.agent_id ?? "";
      show(true);
      entered(agent);
    } catch (error) {
      replace(by_id("sign-in-problem"), problem_note(error));
      secret.focus();
    }
  });

  by_id("sign-out").addEventListener("click", async () => {
    const ended = api.sign_out();
    show(false);
    left();
    secret.focus();
    await ended;
  });
}
