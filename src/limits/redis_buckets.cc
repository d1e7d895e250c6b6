#include "limits/redis_buckets.h"

#include <hiredis/hiredis.h>

#include <array>
#include <cstdio>
#include <initializer_list>

#include "limits/internal/redis_tls.h"

namespace agentauth {
namespace {

constexpr timeval connect_timeout{0, 500'000};
// Redis answers within a millisecond, or something is wrong.
constexpr timeval answer_timeout{0, 250'000};

// Time is Redis's own, so that the clocks of nodes need not agree. Microseconds: a double holds
// those of this century exactly. What a bucket owes is gone by itself a second after it is paid.
constexpr std::string_view script = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local heard = math.floor(now / 1000)
redis.call('ZADD', KEYS[1], heard, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', heard - 3000)
redis.call('PEXPIRE', KEYS[1], 60000)
local answer = {redis.call('ZCARD', KEYS[1])}
for i = 2, #KEYS do
  local debt = tonumber(redis.call('GET', KEYS[i]) or '0')
  debt = math.max(debt, now) + tonumber(ARGV[i])
  redis.call('SET', KEYS[i], string.format('%.2f', debt), 'PX',
             math.ceil((debt - now) / 1000) + 1000)
  answer[i] = math.ceil(debt - now)
end
return answer
)lua";

struct ReplyFreed {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, ReplyFreed>;

tl::unexpected<Error> no_redis(std::string_view why) {
  return failure(Errc::unavailable, "Redis cannot be used", why);
}

// One hash slot for all, so that a cluster takes the script too.
std::string bucket_key(BucketTable::Name name) {
  std::array<char, 17> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(name));
  return "agentauth:{limits}:" + std::string(digits.data());
}

std::string microseconds(std::int64_t nanoseconds) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%lld.%03d", static_cast<long long>(nanoseconds / 1000),
                static_cast<int>(nanoseconds % 1000));
  return text.data();
}

}  // namespace

struct RedisBuckets::Connection {
  explicit Connection(redisContext* opened) : context(opened) {}
  ~Connection() { redisFree(context); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Errors: unavailable, also when Redis answers with an error.
  Result<Reply> call(const std::vector<std::string>& words);
  Result<void*> call_over_tls(int count, const char** texts, const std::size_t* sizes);

  redisContext* const context;
  std::optional<internal::TlsSession> tls;
};

Result<Reply> RedisBuckets::Connection::call(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const int count = static_cast<int>(words.size());
  Reply reply(
      static_cast<redisReply*>(tls ? TRY(call_over_tls(count, texts.data(), sizes.data()))
                                   : redisCommandArgv(context, count, texts.data(), sizes.data())));
  if (!reply) return no_redis(context->errstr);
  if (reply->type == REDIS_REPLY_ERROR) return no_redis({reply->str, reply->len});
  return reply;
}

Result<void*> RedisBuckets::Connection::call_over_tls(int count, const char** texts,
                                                      const std::size_t* sizes) {
  char* text = nullptr;
  const long long size = redisFormatCommandArgv(&text, count, texts, sizes);
  if (size < 0) return no_redis("no memory");
  const std::unique_ptr<char, void (*)(char*)> command(text, redisFreeCommand);
  TRY(tls->write({text, static_cast<std::size_t>(size)}));
  std::array<char, 4096> buffer;
  void* reply = nullptr;
  while (reply == nullptr) {
    const std::string_view bytes = TRY(tls->read(buffer));
    if (redisReaderFeed(context->reader, bytes.data(), bytes.size()) != REDIS_OK ||
        redisReaderGetReply(context->reader, &reply) != REDIS_OK)
      return no_redis(context->reader->errstr);
  }
  return reply;
}

RedisBuckets::RedisBuckets(RedisUrl url, std::unique_ptr<internal::RedisTls> tls, std::string node)
    : url_(std::move(url)), tls_(std::move(tls)), node_(std::move(node)) {}
RedisBuckets::~RedisBuckets() = default;

Result<std::unique_ptr<RedisBuckets>> RedisBuckets::create(
    RedisUrl url, const std::optional<std::filesystem::path>& ca_file, std::string node) {
  std::unique_ptr<internal::RedisTls> tls;
  if (url.is_tls)
    tls = std::make_unique<internal::RedisTls>(TRY(internal::RedisTls::create(ca_file)));
  return std::unique_ptr<RedisBuckets>(
      new RedisBuckets(std::move(url), std::move(tls), std::move(node)));
}

Result<void> RedisBuckets::connect() {
  redisContext* const context =
      redisConnectWithTimeout(url_.host.c_str(), url_.port, connect_timeout);
  if (context == nullptr) return no_redis("no memory");
  auto connection = std::make_unique<Connection>(context);
  if (context->err != 0) return no_redis(context->errstr);
  if (tls_) {
    redisSetTimeout(context, connect_timeout);
    connection->tls.emplace(TRY(tls_->connect(context->fd, url_.host)));
  }
  redisSetTimeout(context, answer_timeout);
  if (!url_.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!url_.user.empty()) words.push_back(url_.user);
    words.push_back(url_.password);
    TRY(connection->call(words));
  }
  if (url_.database != 0) TRY(connection->call({"SELECT", std::to_string(url_.database)}));
  connection_ = std::move(connection);
  return {};
}

Result<SharedBuckets::Answer> RedisBuckets::charge(std::span<const BucketTable::Charge> charges) {
  if (!connection_) TRY(connect());
  auto answer = run_script(charges);
  // Whatever it was: what is still on its way would be taken for the next answer.
  if (!answer) connection_.reset();
  return answer;
}

Result<SharedBuckets::Answer> RedisBuckets::run_script(
    std::span<const BucketTable::Charge> charges) {
  std::vector<std::string> words{"EVAL", std::string(script), std::to_string(charges.size() + 1),
                                 "agentauth:{limits}:nodes"};
  for (const auto& charge : charges) words.push_back(bucket_key(charge.name));
  words.push_back(node_);
  for (const auto& charge : charges) words.push_back(microseconds(charge.ns));
  const Reply reply = TRY(connection_->call(words));
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != charges.size() + 1)
    return no_redis("an answer of another shape");
  Answer answer;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    const redisReply& element = *reply->element[i];
    if (element.type != REDIS_REPLY_INTEGER) return no_redis("an answer of another shape");
    if (i == 0) {
      answer.nodes = element.integer;
    } else {
      answer.debts_ns.push_back(element.integer * 1000);
    }
  }
  return answer;
}

}  // namespace agentauth
