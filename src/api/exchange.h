// One call to the API, from the match of its route to its answer.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/decision_counts.h"
#include "base/fields.h"
#include "base/network.h"
#include "gateway/reason.h"
#include "http/application.h"
#include "http/router.h"
#include "limits/limiter.h"
#include "model/audit_event.h"
#include "model/caller.h"
#include "model/change.h"
#include "model/credential_text.h"
#include "store/transaction.h"

namespace agentauth::api {

struct Operation;

// A small write that an answer waits for and no thread does. On the write queue's thread.
class AwaitedWrite {
 public:
  virtual ~AwaitedWrite() = default;
  // As Database::write() takes it: perhaps a second time, from nothing.
  virtual Result<void> write(Transaction& tx) = 0;
  // After the commit: an error takes the place of the answer that stands.
  virtual Result<void> finish() = 0;
};

// The request that a gateway holds and asks about, as the gateway tells it: nothing of it has been
// looked at.
struct GatewayQuestion {
  std::string_view method;
  std::string_view host;  // empty: not told
  std::string_view target;
};

// The credentials of "Authorization: Bearer …"; nothing when the header is absent or of another
// scheme.
std::optional<std::string_view> bearer(std::string_view header);

class ApiExchange final : public http::Exchange {
 public:
  const Operation* operation = nullptr;  // nullptr: no route matched
  http::Captures captures;
  std::optional<Caller> caller;        // once it has been proved who calls
  std::optional<Error> error;          // what went wrong, for the log
  Revision min_revision = 0;           // what the caller has seen already, if it says so
  bool is_decided = true;              // false: the caller is known, and finish() decides
  bool holds_permission = false;       // the operation's; asked of Access::permission_or_about_self
  std::optional<Reason> admission;     // whether who calls may, once that was decided
  bool is_admission_recorded = false;  // what matched there, and it is not again on a worker
  DecisionCounts decided;              // of what it asks
  LimitReport limits;                  // what the rate limits said
  bool is_counted = false;             // by them, when its large body began to arrive
  std::string presented_kid;           // of the API key that was sent, right or wrong

  // Whose credentials the request presented, as far as that is known; they need not have worked.
  struct Subject {
    std::optional<AgentId> agent_id;
    AuditText kid;
  };
  Subject subject;
  // No newer than those that its token was verified with.
  std::uint64_t keys_generation = 0;
  // What a gateway was answered.
  struct Gateway {
    // What Envoy asked over gRPC; over HTTP gateways tell it in the request.
    std::optional<GatewayQuestion> asked;
    bool is_contradictory = false;        // it was told in two ways, which differ
    std::optional<GatewayReason> reason;  // nothing: it was no gateway that asked
    std::string permission;               // that was asked for, when it was denied
    std::string resource;                 // on what, when it was denied; empty: nothing of its own
    std::string path;                     // decoded, when it was denied without a resource
    std::optional<Error> no_caller;       // why the token that was sent proves nobody
    std::string scratch;                  // used again, so that nothing is allocated
  };
  Gateway gateway;
  // The answer is not sent before this event, or what this writes, is durable.
  std::optional<AuditEvent> before_answer;
  std::unique_ptr<AwaitedWrite> awaited;
  bool is_recorded = false;  // a refusal whose event committed with what it changed

  std::string_view request_id() const { return {request_id_.data(), request_id_size_}; }
  void set_request_id(std::string_view id);

  // Whose request it is: the peer, or whom trusted proxies name. Limits, networks of keys and
  // records of who did what all go by this one.
  const IpAddress& client_address() const { return client_address_; }
  void set_client_address(const IpAddress& address) { client_address_ = address; }

  void reset() override;

  // The agent that {id} in the path names, decoded as the handler reads it: two spellings of one id
  // must not get two decisions. Nothing when there is no {id}, or it is no id, which the handler
  // refuses. Errors: malformed_request.
  Result<std::optional<AgentId>> named_agent();

  // Reads min_revision from the query of an operation that takes it. Errors: invalid_argument,
  // malformed_request.
  Result<void> read_min_revision();

  // The input as decode() takes it, without min_revision. Views last until the next reset().
  // Errors: malformed_request (a broken escape), unsupported_media_type.
  Result<RequestInput> input();
  template <class T>
  Result<T> decode_input() {
    return decode<T>(TRY(input()));
  }

  // Answers with JSON.
  template <class T>
  void answer(int status, const T& value) {
    response.set_status(status);
    response.set_content_type("application/json");
    JsonWriter out(response.body);
    write_fields(value, out);
  }

 private:
  Result<void> require_json() const;
  Result<void> read_pairs();

  std::array<char, request_id_characters_max> request_id_{};
  std::size_t request_id_size_ = 0;
  IpAddress client_address_{};
  bool pairs_read_ = false;
  std::vector<RequestInput::Pair> path_;
  std::vector<RequestInput::Pair> query_;
  std::vector<std::string> decoded_;  // what the pairs point into
};

}  // namespace agentauth::api
