#include "app/casbin_import.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "app/casbin_model.h"
#include "app/policy_commands.h"
#include "authz/policy_document.h"

namespace agentauth::app {
namespace {

struct Row {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

tl::unexpected<Error> refuse(const Row& row, const std::string& what) {
  return failure(Errc::invalid_argument, "line " + std::to_string(row.line) + ": " + what);
}

std::string_view trimmed(std::string_view text) {
  static constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

// RFC 4180, without line ends inside quotes.
Result<std::vector<std::string>> split_cells(std::string_view rest, const Row& row) {
  std::vector<std::string> cells;
  for (;;) {
    rest = trimmed(rest);
    std::string cell;
    if (rest.starts_with('"')) {
      std::size_t at = 1;
      for (; at < rest.size() && (rest[at] != '"' || rest.substr(at).starts_with("\"\"")); ++at) {
        cell += rest[at];
        if (rest[at] == '"') ++at;
      }
      if (at >= rest.size()) return refuse(row, "a quote is not closed");
      rest = trimmed(rest.substr(at + 1));
      if (!rest.empty() && rest.front() != ',') return refuse(row, "text follows a closed quote");
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      cell = trimmed(rest.substr(0, comma));
      rest.remove_prefix(comma);
    }
    cells.push_back(std::move(cell));
    if (rest.empty()) return cells;
    rest.remove_prefix(1);
  }
}

Result<std::vector<Row>> read_rows(const std::string& text) {
  std::vector<Row> rows;
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    Row row{number, {}};
    row.cells = TRY(split_cells(line, row));
    rows.push_back(std::move(row));
  }
  return rows;
}

// A name from the file, as it may stand in an error.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  if (text.size() <= shown_max) return '"' + std::string(text) + '"';
  std::size_t end = shown_max;  // where a character begins
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return '"' + std::string(text.substr(0, end)) + "...\"";
}

// Which role is a member of which, by number.
struct Nesting {
  std::size_t member = 0;
  std::size_t of = 0;
};

// Whether somebody is left when whoever has no members is taken away, again and again.
bool has_cycle(std::span<const Nesting> nestings, std::size_t role_count) {
  std::vector<std::vector<std::size_t>> above(role_count);
  std::vector<std::size_t> members(role_count);
  for (const Nesting& each : nestings) {
    above[each.member].push_back(each.of);
    ++members[each.of];
  }
  std::vector<std::size_t> gone;
  for (std::size_t role = 0; role < role_count; ++role)
    if (members[role] == 0) gone.push_back(role);
  for (std::size_t i = 0; i < gone.size(); ++i)
    for (const std::size_t of : above[gone[i]])
      if (--members[of] == 0) gone.push_back(of);
  return gone.size() < role_count;
}

class Conversion {
 public:
  explicit Conversion(const CasbinModel& model) : model_(model) {}

  Result<std::string> convert(const std::vector<Row>& rows) {
    for (const Row& row : rows) TRY(check_shape(row));
    for (const Row& row : rows)
      if (row.cells[0] == "g") TRY(add_role(row));
    TRY(refuse_cycle(rows));
    for (const Row& row : rows) TRY(row.cells[0] == "g" ? add_member(row) : add_rule(row));
    PolicyDocument document;
    if (model_.has_roles) document.roles.emplace();
    for (auto& [name, role] : roles_) document.roles->push_back(std::move(role));
    document.grants = std::move(grants_);
    std::string text;
    JsonWriter out(text);
    write_policy(document, out);
    return pretty_policy(text);
  }

 private:
  Result<void> check_shape(const Row& row) const {
    const std::string& kind = row.cells[0];
    const std::size_t count = row.cells.size();
    if (kind == "g" && model_.has_roles) {
      if (count != 3) return refuse(row, "must be g, user, role");
    } else if (kind == "p") {
      const bool may_have_effect = model_.has_effect && count == 5;
      if (count != 4 && !may_have_effect)
        return refuse(
            row, model_.has_effect ? "must be p, sub, obj, act, eft" : "must be p, sub, obj, act");
    } else {
      return refuse(row, in_quotes(kind) + " is not a kind of line that the model defines");
    }
    for (const std::string& cell : row.cells)
      if (cell.empty()) return refuse(row, "has an empty field");
    return {};
  }

  Result<void> add_role(const Row& row) {
    const std::string& name = row.cells[2];
    if (!policy::is_type(name))
      return refuse(row,
                    in_quotes(name) + " cannot be a role's name: 1 to 64 of A-Z a-z 0-9 _ . -");
    PolicyRole& role = roles_[name];
    role.name = name;
    role.permissions.emplace();
    role.members.emplace();
    return {};
  }

  // By the line that closes the first one.
  Result<void> refuse_cycle(const std::vector<Row>& rows) const {
    std::map<std::string_view, std::size_t> numbers;
    for (const auto& [name, role] : roles_) numbers.emplace(name, numbers.size());
    std::vector<const Row*> nesting_rows;
    std::vector<Nesting> nestings;
    for (const Row& row : rows) {
      if (row.cells[0] != "g") continue;
      const auto member = numbers.find(row.cells[1]);
      if (member == numbers.end()) continue;
      if (row.cells[1] == row.cells[2]) return refuse(row, "a role cannot be its own member");
      nesting_rows.push_back(&row);
      nestings.push_back({member->second, numbers.at(row.cells[2])});
    }
    if (!has_cycle(nestings, numbers.size())) return {};
    const auto closes = std::partition_point(nestings.begin(), nestings.end(), [&](Nesting& each) {
      const auto up_to_it = static_cast<std::size_t>(&each - nestings.data()) + 1;
      return !has_cycle(std::span(nestings).first(up_to_it), numbers.size());
    });
    const Row& row = *nesting_rows[static_cast<std::size_t>(closes - nestings.begin())];
    return refuse(row, in_quotes(row.cells[2]) + " is a member of " + in_quotes(row.cells[1]) +
                           " already: a cycle");
  }

  Result<std::string> subject_of(const std::string& name, const Row& row) const {
    std::string subject = (roles_.contains(name) ? "role:" : "user:") + name;
    if (!policy::is_principal(subject))
      return refuse(row, in_quotes(name) + " cannot be a subject");
    return subject;
  }

  Result<void> add_member(const Row& row) {
    const std::string member = TRY(subject_of(row.cells[1], row));
    if (!is_new(row)) return {};
    roles_[row.cells[2]].members->push_back({member, {}});
    return {};
  }

  Result<Terms> terms_of(const Row& row) const {
    Terms terms;
    terms.resource = "object:" + row.cells[2];
    const auto pattern = policy::parse_resource_pattern(*terms.resource);
    if (!pattern) return refuse(row, in_quotes(row.cells[2]) + " cannot be the id of a resource");
    if (pattern->kind != policy::ResourcePattern::Kind::exact)
      return refuse(row, "the object ends with *, which would stand for more here");
    const std::string eft = row.cells.size() == 5 ? row.cells[4] : "allow";
    if (eft != "allow" && eft != "deny") return refuse(row, "eft must be allow or deny");
    if (eft == "deny" && !model_.denies)
      return refuse(row, "a deny has no effect under the model's policy effect, and would here");
    if (eft == "deny") terms.effect = Effect::deny;
    return terms;
  }

  Result<void> add_rule(const Row& row) {
    const std::string& action = row.cells[3];
    if (!is_concrete_permission(action))
      return refuse(row, "the action " + in_quotes(action) + " " + std::string(permission_rule) +
                             " and no * here");
    const Terms terms = TRY(terms_of(row));
    const std::string subject = TRY(subject_of(row.cells[1], row));
    if (!is_new(row)) return {};
    const auto role = roles_.find(row.cells[1]);
    if (role != roles_.end()) {
      PolicyPermission& permission = role->second.permissions->emplace_back();
      static_cast<Terms&>(permission) = terms;
      permission.permission = action;
    } else {
      PolicyGrant& grant = grants_.emplace_back();
      static_cast<Terms&>(grant) = terms;
      grant.subject = subject;
      grant.action = action;
    }
    return {};
  }

  // A line that says again what one before it said, says nothing; an eft that is left out is allow.
  bool is_new(const Row& row) {
    std::vector<std::string> said = row.cells;
    if (said[0] == "p" && said.size() == 4) said.emplace_back("allow");
    return said_.insert(std::move(said)).second;
  }

  const CasbinModel model_;
  std::map<std::string, PolicyRole> roles_;
  std::vector<PolicyGrant> grants_;
  std::set<std::vector<std::string>> said_;
};

}  // namespace

Result<std::string> convert_casbin(const std::string& model, const std::string& policy) {
  const CasbinModel parsed = TRY(parse_casbin_model(model));
  const auto rows = TRY(read_rows(policy));
  return Conversion(parsed).convert(rows);
}

}  // namespace agentauth::app
