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

  // `query` names the operation, the path and the filters: a cursor fits no other.
  std::string seal(const PageStart& start, std::string_view query) const;
  // Errors: malformed_request.
  Result<PageStart> open(std::string_view cursor, std::string_view query) const;

 private:
  HmacSha256 key_;
};

}  // namespace agentauth::api
