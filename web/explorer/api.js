// Calls the server the page came from. The token is in this module's memory and nowhere else.

let token = null;
let ours = false; // we logged in for it, so we may log it out

const body_characters_max = 4_000_000;
const call_milliseconds_max = 30_000;

// What went wrong, for people: the problem+json of the answer, or what stands in its place.
export class Problem extends Error {
  constructor(status, title, detail, request_id, fields = []) {
    super(detail || title);
    Object.assign(this, { status, title, detail, request_id, fields });
  }
}

export const is_signed_in = () => token !== null;

function problem_of(response, body) {
  const said = body !== null && typeof body === "object" ? body : {};
  const text = (value, otherwise) => (typeof value === "string" ? value.slice(0, 1000) : otherwise);
  const fields = (Array.isArray(said.errors) ? said.errors : []).slice(0, 20)
    .map((error) => ({ field: text(error?.field, ""), message: text(error?.message, "") }));
  const problem = new Problem(response.status, text(said.title, response.statusText || "The call failed"),
    text(said.detail, ""), text(said.request_id, response.headers.get("X-Request-ID") ?? ""), fields);
  // RFC 6750 3: which permission would have been enough.
  problem.needed = /\bscope="([^"]{1,200})"/.exec(response.headers.get("WWW-Authenticate") ?? "")?.[1] ?? "";
  return problem;
}

async function body_of(response) {
  const text = await response.text();
  if (text.length > body_characters_max)
    throw new Problem(response.status, "The answer is too long to be shown", "", response.headers.get("X-Request-ID"));
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    if (!response.ok) return null;
    throw new Problem(response.status, "The answer is not JSON", "", response.headers.get("X-Request-ID"));
  }
}

// Paths are relative to the page, as the links in it are. `signal` ends the call early.
export async function call(method, path, body, signal) {
  const headers = { Accept: "application/json" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const ends = [AbortSignal.timeout(call_milliseconds_max)];
  const forward = new AbortController();
  const abort = () => forward.abort();
  for (const end of signal ? [...ends, signal] : ends) {
    if (end.aborted) abort();
    else end.addEventListener("abort", abort, { once: true });
  }
  let response;
  try {
    response = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: forward.signal,
      credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
    });
    const answer = await body_of(response);
    if (!response.ok) throw problem_of(response, answer);
    return answer;
  } catch (error) {
    if (error instanceof Problem || signal?.aborted) throw error;
    throw new Problem(0, forward.signal.aborted ? "The server took too long to answer" : "The server cannot be reached",
      "", "");
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

async function signed_in_as(candidate, we_made_it) {
  token = candidate;
  ours = we_made_it;
  try {
    return await call("GET", "agents/me");
  } catch (error) {
    token = null;
    throw error;
  }
}

export async function sign_in_with_key(api_key) {
  token = null;
  const login = await call("POST", "auth/login", { api_key });
  if (typeof login?.access_token !== "string") throw new Problem(0, "The server sent no token", "", "");
  return signed_in_as(login.access_token, true);
}

export function sign_in_with_token(text) {
  return signed_in_as(text, false);
}

// Ends the login that this page made. A token that was pasted is somebody's: it is only forgotten.
export async function sign_out() {
  const end = token !== null && ours ? call("POST", "auth/logout") : null;
  token = null;
  try {
    await end;
  } catch {
    // Not reached, or already ended: the token ends by itself soon.
  }
}

// All items of a list, page by page, up to `most`: {items, more}.
export async function list(path, most, signal) {
  const items = [];
  let cursor = null;
  do {
    const limit = Math.min(most - items.length + 1, 1000);
    const page = await call("GET", `${path}?limit=${limit}` + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""),
      undefined, signal);
    const got = Array.isArray(page?.items) ? page.items : [];
    items.push(...got);
    cursor = got.length > 0 && typeof page.next_cursor === "string" ? page.next_cursor : null;
  } while (cursor !== null && items.length <= most);
  return { items: items.slice(0, most), more: cursor !== null || items.length > most };
}
