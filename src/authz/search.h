// What a search looks at: the subjects, resources and actions that the directory knows of. Which of
// them are allowed is for decide() to say, one by one, so that a search says what a decision would.
//
// In the order of their names' bytes, so many after a given one; the tables are in the order of
// hashes, so each page costs a look at all that is known: a million of it take some 0.1 s.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "directory/directory.h"

namespace agentauth {

struct Stretch {
  std::string_view after;  // the last name that was looked at before; empty: from the beginning
  std::size_t size = 0;    // how many names at most
};

// The ids of subjects of that type: agents, or what grants, roles and groups mention.
std::vector<std::string> known_subjects(const Directory::View& view, std::string_view type,
                                        const Stretch& stretch);
// The ids of resources of that type: those with stored attributes, and those a grant names exactly.
std::vector<std::string> known_resources(const Directory::View& view, std::string_view type,
                                         const Stretch& stretch);
// Concrete permissions that grants name, or routes.
std::vector<std::string> known_actions(const Directory::View& view, const Stretch& stretch);

}  // namespace agentauth
