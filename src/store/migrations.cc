#include "store/migrations.h"

#include <array>
#include <iterator>
#include <string>
#include <string_view>

namespace agentauth {
namespace {

struct Migration {
  int version;
  std::string_view name;
  std::string_view script;
  std::string_view also_on_sqlite{};
};

// Numbered from 1 without gaps. One that was released is never changed: write the next.
constexpr Migration migrations[] = {
    {1, "agents, keys, permissions and changes", R"sql(
CREATE TABLE agents (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  agent_name TEXT NOT NULL,
  owner_email TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  labels TEXT NOT NULL DEFAULT '{}',
  created_at {{timestamp}} NOT NULL DEFAULT {{now}},
  updated_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
-- The columns after the first keep a filtered list in the order of its pages.
CREATE INDEX agents_by_name ON agents (agent_name, created_at, id);
CREATE INDEX agents_by_owner ON agents (owner_email, created_at, id);
CREATE INDEX agents_by_age ON agents (created_at, id);

CREATE TABLE api_keys (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  agent_id {{uuid}} NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  kid TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  tag {{bytes}} NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  created_at {{timestamp}} NOT NULL DEFAULT {{now}},
  expires_at {{timestamp}},
  revoked_at {{timestamp}},
  generation BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX api_keys_by_agent ON api_keys (agent_id, created_at, id);

CREATE TABLE permissions (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  agent_id {{uuid}} NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  permission TEXT NOT NULL,
  created_at {{timestamp}} NOT NULL DEFAULT {{now}},
  UNIQUE (agent_id, permission)
);

-- One row: the number of the last change. Its lock puts writers in order.
CREATE TABLE change_counter (
  revision BIGINT NOT NULL
);
INSERT INTO change_counter (revision) VALUES (0);

CREATE TABLE change_log (
  revision BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  agent_id {{uuid}} NOT NULL,  -- the agent may be gone
  created_at {{timestamp}} NOT NULL DEFAULT {{now}}
);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  sealed_secret {{bytes}} NOT NULL,
  created_at {{timestamp}} NOT NULL DEFAULT {{now}}
);

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE idempotency_keys (
  scope TEXT PRIMARY KEY,
  request_hash {{bytes}} NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  created_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
)sql"},
    {2, "generations of tokens", R"sql(
-- A token of another generation than its agent's has been revoked.
ALTER TABLE agents ADD COLUMN token_generation BIGINT NOT NULL DEFAULT 0;
)sql"},
    {3, "the audit trail", R"sql(
CREATE TABLE audit_log (
  sequence BIGINT PRIMARY KEY,
  at {{timestamp}} NOT NULL,
  node TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  agent_id {{uuid}},  -- the agents may be gone
  kid TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL,
  client_address TEXT NOT NULL,
  operation TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  target_agent_id {{uuid}},
  detail TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX audit_log_by_agent ON audit_log (agent_id, sequence);
CREATE INDEX audit_log_by_target ON audit_log (target_agent_id, sequence)
  WHERE target_agent_id IS NOT NULL;
CREATE INDEX audit_log_by_time ON audit_log (at);

-- One row: the end of the chain. Its lock puts those who append in order; whoever also changes
-- something has locked change_counter before.
CREATE TABLE audit_head (
  sequence BIGINT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO audit_head (sequence, hash)
VALUES (0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE audit_checkpoints (
  sequence BIGINT PRIMARY KEY,
  hash TEXT NOT NULL,
  at {{timestamp}} NOT NULL,
  signature TEXT NOT NULL
);
)sql"},
    {4, "families of tokens", R"sql(
-- A login that was refreshed, or ended, or both. The agent may be gone.
CREATE TABLE token_families (
  id {{uuid}} PRIMARY KEY,
  agent_id {{uuid}} NOT NULL,
  next_number BIGINT NOT NULL,  -- of the refresh token that is to be spent next
  spent_at {{timestamp}} NOT NULL,  -- when the one before it was
  ends_at {{timestamp}} NOT NULL,
  revoked_at {{timestamp}}
);
CREATE INDEX token_families_by_end ON token_families (ends_at);
CREATE INDEX token_families_revoked ON token_families (revoked_at) WHERE revoked_at IS NOT NULL;
ALTER TABLE change_log ADD COLUMN family_id {{uuid}};
)sql"},
    {5, "constraints of keys", R"sql(
-- NULL: not constrained. Several ranges or permissions stand with a blank between them.
ALTER TABLE api_keys ADD COLUMN not_before {{timestamp}};
ALTER TABLE api_keys ADD COLUMN allowed_cidrs TEXT;
ALTER TABLE api_keys ADD COLUMN permissions TEXT;
)sql"},
    {6, "where the audit trail may begin", R"sql(
CREATE TABLE audit_starts (
  sequence BIGINT PRIMARY KEY,
  hash TEXT NOT NULL,
  at {{timestamp}} NOT NULL,
  signature TEXT NOT NULL
);
)sql"},
    {7, "the parties of audit events, indexed in the background", R"sql(
-- Each agent that acted in an event, or that it was done to.
CREATE TABLE audit_parties (
  agent_id {{uuid}} NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (agent_id, sequence)
){{keyed_table}};
-- One row: the last event whose parties are in there. Its lock puts those who add in order.
CREATE TABLE audit_parties_end (
  sequence BIGINT NOT NULL
);
INSERT INTO audit_parties_end (sequence) VALUES (0);
DROP INDEX audit_log_by_agent;
DROP INDEX audit_log_by_target;
)sql"},
    {8, "when signing keys sign", R"sql(
-- The key of before counts from now on, so that no node rotates it while others are still to be
-- upgraded; how long its tokens live nobody wrote down, but a day is the most there is.
ALTER TABLE signing_keys
  ADD COLUMN signs_from {{timestamp}} NOT NULL DEFAULT '1970-01-01T00:00:00.000Z';
ALTER TABLE signing_keys ADD COLUMN token_lifetime BIGINT NOT NULL DEFAULT 86400;  -- seconds
UPDATE signing_keys SET signs_from = {{now}};
)sql"},
    {9, "keys that were rotated", R"sql(
-- NULL: no other key is in its place.
ALTER TABLE api_keys ADD COLUMN rotated_at {{timestamp}};
)sql"},
    {10, "uses of keys", R"sql(
-- The last login with each key. Apart from the keys: whoever revokes one does not wait for those
-- who write this, and nothing that decisions read is here. The time is in milliseconds since 1970.
CREATE TABLE key_uses (
  key_id {{uuid}} PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
  used_ms BIGINT NOT NULL,
  address TEXT NOT NULL
);
)sql"},
    {11, "notice of keys that end", R"sql(
-- NULL: not yet. 'given': it is on record. 'none': nobody has to be told, because the key was
-- replaced or was made for a short time.
ALTER TABLE api_keys ADD COLUMN expiry_notice TEXT CHECK (expiry_notice IN ('given', 'none'));
CREATE INDEX api_keys_without_notice ON api_keys (expires_at)
  WHERE expiry_notice IS NULL AND revoked_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX api_keys_with_notice ON api_keys (expires_at)
  WHERE expiry_notice = 'given' AND revoked_at IS NULL;
)sql"},
    {12, "owners in any case of letters", R"sql(
-- As owner_identity() of the model makes it.
ALTER TABLE agents ADD COLUMN owner_identity TEXT
  GENERATED ALWAYS AS (LOWER(owner_email{{ascii}})) {{generated}};
DROP INDEX agents_by_owner;
CREATE INDEX agents_by_owner ON agents (owner_identity, created_at, id);
)sql"},
    {13, "how long keys may renew themselves", R"sql(
-- NULL: for ever. A key in this one's place ends by then.
ALTER TABLE api_keys ADD COLUMN renewable_until {{timestamp}};
)sql"},
    {14, "roles, groups and grants with terms", R"sql(
-- Roles and groups. The principal is role:NAME or group:NAME; one that is made again under the
-- same name is another one.
CREATE TABLE roles (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  principal TEXT NOT NULL UNIQUE,
  about TEXT NOT NULL DEFAULT '',
  created_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
CREATE TABLE memberships (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  member TEXT NOT NULL,
  role_id {{uuid}} NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  agent_id {{uuid}} REFERENCES agents (id) ON DELETE CASCADE,  -- when the member is one
  expires_at {{timestamp}},
  created_at {{timestamp}} NOT NULL DEFAULT {{now}},
  UNIQUE (member, role_id)
);
CREATE INDEX memberships_by_role ON memberships (role_id, created_at, id);
CREATE INDEX memberships_by_agent ON memberships (agent_id) WHERE agent_id IS NOT NULL;

-- What `permissions` does not hold: grants with terms, and those to others than agents.
CREATE TABLE grants (
  id {{uuid}} PRIMARY KEY DEFAULT {{new_uuid}},
  subject TEXT NOT NULL,
  agent_id {{uuid}} REFERENCES agents (id) ON DELETE CASCADE,  -- when the subject is one
  role_id {{uuid}} REFERENCES roles (id) ON DELETE CASCADE,  -- when it is a role or group
  permission TEXT NOT NULL,
  resource TEXT,
  effect TEXT NOT NULL DEFAULT 'allow' CHECK (effect IN ('allow', 'deny', 'audit')),
  condition TEXT,
  not_before {{timestamp}},
  expires_at {{timestamp}},
  max_uses BIGINT,
  used BIGINT NOT NULL DEFAULT 0,
  created_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
CREATE INDEX grants_by_subject ON grants (subject, created_at, id);
CREATE INDEX grants_by_agent ON grants (agent_id) WHERE agent_id IS NOT NULL;

-- The requests that used a grant up, so that a repeated one counts once; swept after a day.
CREATE TABLE grant_uses (
  grant_id {{uuid}} NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
  request_id TEXT NOT NULL,
  used_at {{timestamp}} NOT NULL,
  PRIMARY KEY (grant_id, request_id)
);
CREATE INDEX grant_uses_by_age ON grant_uses (used_at);

-- What conditions may look at: attributes of subjects and resources, a JSON object each.
CREATE TABLE entities (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  properties TEXT NOT NULL,
  updated_at {{timestamp}} NOT NULL DEFAULT {{now}},
  PRIMARY KEY (type, id)
);

-- Of a change of kind principal or entity: of which.
ALTER TABLE change_log ADD COLUMN name TEXT;
)sql"},
    {15, "last uses of grants", R"sql(
-- When a grant last allowed what was asked, in milliseconds since 1970, to the hour. Apart from the
-- grants, as the uses of keys are. Uses count from when this migration was applied.
CREATE TABLE permission_last_uses (
  permission_id {{uuid}} PRIMARY KEY REFERENCES permissions (id) ON DELETE CASCADE,
  used_ms BIGINT NOT NULL
);
CREATE TABLE grant_last_uses (
  grant_id {{uuid}} PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
  used_ms BIGINT NOT NULL
);
)sql"},
    {16, "audit events in order, found by time in spans",
     R"sql(
DROP INDEX audit_log_by_time;
-- So many events in a row, and between which times all of them lie: enough to find a time by, at a
-- thousandth of what an index costs. They end where audit_parties ends.
CREATE TABLE audit_spans (
  first_sequence BIGINT NOT NULL PRIMARY KEY,
  last_sequence BIGINT NOT NULL,
  earliest {{timestamp}} NOT NULL,
  latest {{timestamp}} NOT NULL
){{keyed_table}};
INSERT INTO audit_spans (first_sequence, last_sequence, earliest, latest)
  SELECT MIN(sequence), MAX(sequence), MIN(at), MAX(at) FROM audit_log
  WHERE sequence <= (SELECT sequence FROM audit_parties_end) GROUP BY sequence / 1000;
)sql",
     R"sql(
-- To SQLite a BIGINT key is one more index, and an INTEGER one the order of the table itself.
CREATE TABLE audit_log_in_order (
  sequence INTEGER PRIMARY KEY,
  at {{timestamp}} NOT NULL,
  node TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  agent_id {{uuid}},
  kid TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL,
  client_address TEXT NOT NULL,
  operation TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  target_agent_id {{uuid}},
  detail TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO audit_log_in_order SELECT * FROM audit_log ORDER BY sequence;
DROP TABLE audit_log;
ALTER TABLE audit_log_in_order RENAME TO audit_log;
)sql"},
    {17, "grants by what they are of, and what has ended", R"sql(
-- To find the same grant again, and what else was granted of the same.
CREATE INDEX grants_by_permission ON grants (subject, permission, resource);
-- To sweep what ended long ago.
CREATE INDEX grants_by_end ON grants (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memberships_by_end ON memberships (expires_at) WHERE expires_at IS NOT NULL;
)sql"},
    {18, "the parties of audit events, sorted within spans", R"sql(
-- By its first event. Sorted by agent over the whole trail, each event went to a page of its own.
CREATE TABLE audit_parties_in_spans (
  span BIGINT NOT NULL,
  agent_id {{uuid}} NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (span, agent_id, sequence)
){{keyed_table}};
INSERT INTO audit_parties_in_spans (span, agent_id, sequence)
  SELECT s.first_sequence, p.agent_id, p.sequence FROM audit_parties p JOIN audit_spans s
  ON s.first_sequence = (SELECT MAX(first_sequence) FROM audit_spans
                         WHERE first_sequence <= p.sequence)
  ORDER BY 1, 2, 3;
DROP TABLE audit_parties;
ALTER TABLE audit_parties_in_spans RENAME TO audit_parties;
)sql"},
    {19, "owners that are suspended, and grants by role", R"sql(
-- By owner_identity() of the model. An agent's status is what is in force, whoever set it.
CREATE TABLE suspended_owners (
  owner_identity TEXT PRIMARY KEY,
  suspended_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
-- 1: it was suspended by itself, and stays so when its owner is resumed.
ALTER TABLE agents ADD COLUMN suspended_alone BIGINT NOT NULL DEFAULT 0;
-- What goes with a role is looked for by it.
CREATE INDEX grants_by_role ON grants (role_id) WHERE role_id IS NOT NULL;
)sql"},
    {20, "when the last tokens of a family were spent", R"sql(
-- Those of the last few, also spent_at: the last first, each as RFC 3339 with a space behind it.
ALTER TABLE token_families ADD COLUMN spends TEXT NOT NULL DEFAULT '';
)sql"},
};

constexpr std::string_view history_script = R"sql(
CREATE TABLE IF NOT EXISTS schema_migrations (
  version BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  applied_at {{timestamp}} NOT NULL DEFAULT {{now}}
);
)sql";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string for_database(std::string_view script, const ColumnTypes& types) {
  std::string text(script);
  replace_all(text, "{{uuid}}", types.uuid);
  replace_all(text, "{{new_uuid}}", types.new_uuid);
  replace_all(text, "{{timestamp}}", types.timestamp);
  replace_all(text, "{{now}}", types.now);
  replace_all(text, "{{bytes}}", types.bytes);
  replace_all(text, "{{keyed_table}}", types.keyed_table);
  replace_all(text, "{{ascii}}", types.ascii);
  replace_all(text, "{{generated}}", types.generated);
  return text;
}

Result<void> apply(Transaction& tx, const Migration& migration, const Driver& driver) {
  const ColumnTypes& types = driver.column_types();
  TRY(tx.session().run_script(for_database(migration.script, types)));
  if (driver.name() == "sqlite" && !migration.also_on_sqlite.empty())
    TRY(tx.session().run_script(for_database(migration.also_on_sqlite, types)));
  TRY(tx.session().execute("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
                           {std::int64_t{migration.version}, migration.name}));
  return {};
}

Result<void> apply_missing(Transaction& tx, const Driver& driver, int last) {
  TRY(tx.session().run_script(for_database(history_script, driver.column_types())));
  // Read again: another server may have come first.
  const int version = TRY(find_schema_version(tx));
  TRY(refuse_newer_schema(version));
  for (const Migration& migration : migrations)
    if (migration.version > version && migration.version <= last) TRY(apply(tx, migration, driver));
  return {};
}

}  // namespace

int schema_version() { return std::rbegin(migrations)->version; }

Result<void> refuse_newer_schema(int version) {
  if (version <= schema_version()) return {};
  return failure(Errc::conflict,
                 "The database was written by a newer version of this program (schema " +
                     std::to_string(version) + ", this program knows " +
                     std::to_string(schema_version()) + ")");
}

Result<int> find_schema_version(Transaction& tx) {
  if (!TRY(tx.session().has_table("schema_migrations"))) return 0;
  std::int64_t version = 0;
  TRY(tx.session().query("SELECT COALESCE(MAX(version), 0) FROM schema_migrations", {},
                         [&](const Row& row) -> Result<void> {
                           version = row.integer(0);
                           return {};
                         }));
  return static_cast<int>(version);
}

Result<int> apply_migrations(Database& database) {
  return apply_migrations_up_to(database, schema_version());
}

Result<int> apply_migrations_up_to(Database& database, int last) {
  // The usual start finds nothing to do and waits for nobody.
  const int version = TRY(database.read(find_schema_version));
  TRY(refuse_newer_schema(version));
  if (version >= last) return version;
  TRY(database.migrate(
      [&](Transaction& tx) -> Result<void> { return apply_missing(tx, database.driver(), last); }));
  return last;
}

}  // namespace agentauth
