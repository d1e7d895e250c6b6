// What is known of subjects and resources, for conditions to look at.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "policy/names.h"
#include "store/transaction.h"

namespace agentauth {

inline constexpr FieldRule entity_type_in_path{.name = "type",
                                               .max = policy::type_characters_max,
                                               .place = Place::path,
                                               .valid = policy::is_type,
                                               .rule = "must be 1 to 64 of A-Z a-z 0-9 _ . -",
                                               .example = "record"};
inline constexpr FieldRule entity_id_in_path{
    .name = "id", .max = policy::id_bytes_max, .place = Place::path, .example = "record-1"};

struct NameEntity {
  std::string type;
  std::string id;
  static constexpr auto fields() {
    return std::array{field<&NameEntity::type>(entity_type_in_path),
                      field<&NameEntity::id>(entity_id_in_path)};
  }
};

struct PutEntity {
  std::string type;
  std::string id;
  JsonObject properties;
  static constexpr auto fields() {
    return std::array{field<&PutEntity::type>(entity_type_in_path),
                      field<&PutEntity::id>(entity_id_in_path),
                      field<&PutEntity::properties>({.name = "properties", .min = 0, .max = 8192})};
  }
};

struct StoredEntity {
  std::string type;
  std::string id;
  JsonObject properties;
  Timestamp updated_at;
  static constexpr auto fields() {
    return std::array{
        field<&StoredEntity::type>({.name = "type", .max = 64, .example = "record"}),
        field<&StoredEntity::id>({.name = "id", .max = 256, .example = "record-1"}),
        field<&StoredEntity::properties>({.name = "properties", .min = 0, .max = 8192}),
        field<&StoredEntity::updated_at>({.name = "updated_at"}),
    };
  }
};

class EntityService {
 public:
  explicit EntityService(const Clock& clock) : clock_(clock) {}

  // Replaces all that was known. Errors: invalid_argument.
  Result<StoredEntity> put(Transaction& tx, const PutEntity& request);
  // Errors: not_found.
  Result<StoredEntity> find(Transaction& tx, const NameEntity& request);
  Result<void> erase(Transaction& tx, const NameEntity& request);

 private:
  const Clock& clock_;
};

}  // namespace agentauth
