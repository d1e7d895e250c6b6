// A policy as lines that can be compared: what a document says, and what is stored.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "authz/internal/time_budget.h"
#include "authz/policy_document.h"

namespace agentauth::internal {

// Which kinds of things a document speaks of.
struct PolicyKinds {
  bool roles = false;
  bool groups = false;
  bool grants = false;
  bool entities = false;

  static PolicyKinds of(const PolicyDocument& document);
  static PolicyKinds all() { return {true, true, true, true}; }
  bool of_principal(std::string_view principal) const;
};

struct RoleLine {
  RoleKind kind = RoleKind::role;
  std::string name;
  std::optional<std::string> about;  // absent: the document does not say
  std::string place = {};            // in the document, roles[2]; empty of what is stored
};
struct GrantLine {
  Grant grant;
  std::string place = {};
  std::vector<GrantId> ids = {};  // of what is stored, which may say the same twice
};
struct MemberLine {
  Membership membership;
  std::string place = {};
};
struct EntityLine {
  std::string type;
  std::string id;
  std::string properties;  // canonical
  std::string place = {};
};

// By what identifies each, which is in the order of the canonical document.
struct PolicyLines {
  std::map<std::string, RoleLine> roles;  // by principal
  std::map<std::string, GrantLine> grants;
  std::map<std::string, MemberLine> members;
  std::map<std::string, EntityLine> entities;
};

// Errors: conflict when there is more than a document holds; unavailable when it takes too long.
Result<PolicyLines> stored_lines(Transaction& tx, const PolicyKinds& kinds, const TimeBudget& time);
// Of what is stored, only what these lines may be compared with: what bears the same names. Takes
// as long as there are lines, however much is stored. Errors: unavailable.
Result<PolicyLines> stored_lines_like(Transaction& tx, const PolicyLines& wanted,
                                      const TimeBudget& time);
PolicyDocument document_of(const PolicyLines& lines, const PolicyKinds& kinds);

// Whatever is wrong in a document by itself is added to `errors`, with its place.
PolicyLines lines_of(const PolicyDocument& document, std::vector<FieldError>& errors);

// One line each, for people.
std::string shown(const Grant& grant);
std::string shown(const Membership& membership);
std::string shown(const EntityLine& entity);

}  // namespace agentauth::internal
