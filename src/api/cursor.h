// Where the next page starts, in a form that cannot be forged into another query.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/master_key.h"
#include "store/agents.h"

namespace agentauth::api {

// base64url of: time and id of the last row (8 + 16 bytes) ‖ HMAC-SHA-256 over them and the query
// (16 bytes). The same on every node of a deployment.
class CursorCodec {
 public:
  explicit CursorCodec(const MasterKey& master_key);

  // For a place that is a name, which not everybody who turns pages may know: sealed (AES-256-GCM).
  std::string conceal(std::string_view place, std::string_view query, Random& random) const;
  // Errors: malformed_request.
  Result<std::string> reveal(std::string_view cursor, std::string_view query) const;

  // `query` names the operation, the path and the filters: a cursor fits no other.
  std::string seal(const PageStart& start, std::string_view query) const;
  // Errors: malformed_request.
  Result<PageStart> open(std::string_view cursor, std::string_view query) const;

 private:
  HmacSha256 key_;
  Sealer sealer_;
};

}  // namespace agentauth::api
