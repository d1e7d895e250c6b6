// The whole API without sockets: real services on a database in memory or another, requests driven
// through the dispatcher as a connection would.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <future>
#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/dispatcher.h"
#include "api/limit_gate.h"
#include "audit/chain.h"
#include "base/json.h"
#include "crypto/bcrypt.h"
#include "directory/testing/replica.h"

namespace agentauth::api {

struct Answer {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  http::Pool pool = http::Pool::none;  // where finish() ran
  http::ShareName share{};
  std::shared_ptr<http::EventSource> events = {};  // what goes on after the body

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (http::equal_ignoring_case(key, name)) return value;
    return "";
  }
  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(),
        [&](const auto& header) { return http::equal_ignoring_case(header.first, name); }));
  }
  // A member of the JSON body that is a text; "" when there is none.
  std::string text(std::string_view name) const {
    const auto json = parse_json(body);
    const JsonValue* member = json ? json->find(name) : nullptr;
    return member == nullptr ? "" : std::string(member->text);
  }
  std::string code() const { return text("code"); }
};

struct Call {
  http::Method method = http::Method::get;
  std::string target;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string token = {};           // empty: no credentials
  std::string from = {};            // empty: the fixture's peer
  std::chrono::seconds later = {};  // how long after now it is made
  // What happens after it was let in and before its handler runs on another thread.
  std::function<void()> meanwhile = [] {};
  // Asked for when its head was there, as a body larger than others; and what happens until the
  // rest is there.
  bool has_large_body = false;
  std::function<void()> arriving = [] {};
};

class ApiFixture : public ::testing::Test {
 protected:
  explicit ApiFixture(Registration registration = Registration::open,
                      std::unique_ptr<Database> database = Replica::new_database())
      : replica(std::chrono::hours{1}, Replica::Agents::with_key, std::move(database)),
        settings{registration,
                 Secret(std::string("the registration token")),
                 "1.2.3",
                 {},
                 AuditText::of_node("test/1")} {}
  ~ApiFixture() override { std::fclose(log_file_); }

  // A connection's exchange is used again for each of its requests; so is this one.
  Answer call(const Call& call) {
    http::Exchange& exchange = *exchange_;
    exchange.reset();
    exchange.request.clear();
    exchange.response.clear();
    const std::string authorization = "Bearer " + call.token;
    http::Request& request = exchange.request;
    request.method = call.method;
    request.method_text = http::to_string(call.method);
    const std::string_view target = call.target;
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    request.query = question == target.npos ? std::string_view() : target.substr(question + 1);
    request.body = call.body;
    request.add_header("Host", "localhost");
    request.peer = call.from.empty() ? peer : *parse_ip_address(call.from);
    if (!call.body.empty()) request.add_header("Content-Type", "application/json");
    if (!call.token.empty()) request.add_header("Authorization", authorization);
    for (const auto& [name, value] : call.headers) request.add_header(name, value);
    exchange.started = std::chrono::steady_clock::now() + call.later;

    if (const auto refused = admit_body(exchange, call)) {
      exchange.response.clear();
      dispatcher.refuse(exchange, *refused);
      return read(exchange);
    }
    const http::Next next = dispatcher.begin(exchange);
    if (next.pool == http::Pool::deferred) {
      std::promise<void> resumed;
      if (dispatcher.defer(exchange, [&] { resumed.set_value(); })) {
        resumed.get_future().wait();
      } else {
        dispatcher.refuse(exchange, {Errc::unavailable, "The server is busy; try again shortly"});
      }
    } else if (next.pool != http::Pool::none) {
      call.meanwhile();
      dispatcher.finish(exchange);
    }
    Answer answer = read(exchange);
    answer.pool = next.pool == http::Pool::deferred ? http::Pool::none : next.pool;
    answer.share = next.share;
    answer.events = std::move(exchange.events);
    dispatcher.answered(exchange, std::chrono::microseconds{5});
    return answer;
  }
  Answer get(const std::string& target, const std::string& token = "") {
    return call({.method = http::Method::get, .target = target, .token = token});
  }
  Answer post(const std::string& target, const std::string& body, const std::string& token = "") {
    return call({.method = http::Method::post, .target = target, .body = body, .token = token});
  }

  static SigningKeys signing_keys(const char* secret = "jR4mX0v9Qz7Lw2Tt5Yb8Nc1Kd6Hf3Ga+") {
    return value_of(configured_signing_keys(Secret(std::string(secret))));
  }
  std::string token_of(AgentId agent) {
    return token_of(agent, FamilyId{Uuid{random.bytes<16>()}});
  }
  std::string token_of(AgentId agent, FamilyId login) {
    std::string token;
    std::uint32_t generation = 0;
    {
      const Directory::View view(replica.directory());
      if (const AgentRecord* record = view.find_agent(agent)) generation = record->token_generation;
    }
    tokens.issue({agent, generation, login, replica.any_key_of(agent)}, clock.now(), token);
    return token;
  }
  std::string token_with(std::initializer_list<std::string> held) {
    return token_of(replica.add_agent_with(held));
  }
  // An agent's key, made past the API.
  std::string key_of(AgentId agent) {
    const MintedKey minted = value_of(keys.mint());
    value_of(replica.database().write([&](Transaction& tx) {
      return keys.store(tx, minted, {agent, {}, {}});
    }));
    return std::string(minted.text.reveal());
  }

  // Everything a refused call must leave alone.
  std::vector<std::int64_t> everything() {
    return {replica.revision(),
            replica.number("SELECT COUNT(*) FROM agents"),
            replica.number("SELECT COUNT(*) FROM agents WHERE status = 'active'"),
            replica.number("SELECT COUNT(*) FROM agents WHERE updated_at <> created_at"),
            replica.number("SELECT COUNT(*) FROM api_keys"),
            replica.number("SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NULL"),
            replica.number("SELECT COUNT(*) FROM permissions"),
            replica.number("SELECT COUNT(*) FROM change_log"),
            replica.number("SELECT COUNT(*) FROM settings"),
            replica.number("SELECT COUNT(*) FROM idempotency_keys"),
            replica.number("SELECT COUNT(*) FROM token_families")};
  }
  // Every event there is, oldest first, when `count` of them have come: refusals are not waited
  // for.
  std::vector<AuditEvent> audit_events(std::size_t count) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    for (;;) {
      auto events = value_of(
          replica.database().read([](Transaction& tx) { return tx.audit().after(0, 10'000); }));
      if (events.size() >= count || std::chrono::steady_clock::now() > limit) return events;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  std::string log_text() {
    std::string text(1 << 20, '\0');
    std::rewind(log_file_);
    text.resize(std::fread(text.data(), 1, text.size(), log_file_));
    return text;
  }

 private:
  // The error if the body is not let in.
  std::optional<Error> admit_body(http::Exchange& exchange, const Call& call) {
    if (!call.has_large_body) return std::nullopt;
    const auto sender = dispatcher.admit_large_body(exchange);
    if (!sender) return sender.error();
    large_body_senders.push_back(*sender);
    call.arriving();
    return std::nullopt;
  }
  static Database& audited(Database& database) {
    database.append_audit_by(audit::append);
    return database;
  }
  static Answer read(const http::Exchange& exchange) {
    std::string text;
    const auto rest = exchange.response.serialize(text, "now", http::Response::Body::send);
    text += rest;
    const std::size_t end = text.find("\r\n\r\n");
    Answer answer;
    answer.status = exchange.response.status();
    answer.body = text.substr(end + 4);
    std::size_t at = text.find("\r\n") + 2;
    while (at < end + 2) {
      const std::size_t next = text.find("\r\n", at);
      const std::string line = text.substr(at, next - at);
      const std::size_t colon = line.find(": ");
      answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      at = next + 2;
    }
    return answer;
  }

  std::FILE* log_file_ = std::tmpfile();

 protected:
  Replica replica;
  ManualClock clock{
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  SystemRandom random;
  MasterKey master_key{Bytes(32, 7)};
  AgentService agents{clock};
  KeyService keys{replica.database(), replica.directory(), master_key, clock, random,
                  {bcrypt_cost_min}};
  TokenService tokens{signing_keys(), {}, random};
  RefreshService refresh_tokens{
      replica.database(), replica.directory(), master_key, clock, random, {}};
  PermissionService permissions{clock};
  RoleService roles;
  EntityService entities{clock};
  GrantUses grant_uses;
  Limiter limiter{limited_routes(Registration::open), {}};
  LimitService limits{replica.database(), limiter};
  GatewayRouteService gateway_routes{replica.database()};
  CursorCodec cursors{master_key};
  WriteQueue write_queue{audited(replica.database())};
  audit::Recorder recorder{replica.database(), write_queue, clock};
  audit::AuditService audit{master_key, clock};
  Metrics metrics{1};
  Log log{clock, LogFormat::json, LogLevel::debug, fileno(log_file_)};
  IpAddress peer = *parse_ip_address("192.0.2.7");        // of the next call
  std::vector<http::LargeBodySender> large_body_senders;  // whose were let in
  Settings settings;  // tests may change it until the first call
  audit::Keeper keeper{replica.database(), audit.signer(), clock, log, {}};
  Services services{replica.database(),
                    replica.directory(),
                    agents,
                    keys,
                    tokens,
                    refresh_tokens,
                    permissions,
                    roles,
                    entities,
                    grant_uses,
                    limits,
                    limiter,
                    gateway_routes,
                    cursors,
                    write_queue,
                    recorder,
                    audit,
                    keeper,
                    metrics,
                    clock,
                    random,
                    log,
                    settings};
  Dispatcher dispatcher{services, 1};

 private:
  std::unique_ptr<http::Exchange> exchange_ = dispatcher.new_exchange(0);
};

}  // namespace agentauth::api
