// A driver around another one, for tests that look at what reaches it or let it fail.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "store/session.h"

namespace agentauth::testing {

struct Watched {
  std::atomic<int> snapshots{0};
  // Told of each transaction that begins, and of each statement, before it runs.
  std::function<void(Access)> begin = [](Access) {};
  std::function<void(Sql, std::span<const Param>)> statement = [](Sql, std::span<const Param>) {};
  // How much was asked for, and came back.
  std::atomic<std::int64_t> statements{0};
  std::atomic<std::int64_t> rows{0};
  // Stands in for the commit of a session, which it may or may not let happen.
  std::function<Result<void>(Session& inner)> commit = [](Session& inner) {
    return inner.commit();
  };
};

class WatchedSession final : public Session {
 public:
  WatchedSession(std::unique_ptr<Session> inner, Watched& watched)
      : inner_(std::move(inner)), watched_(watched) {}

  Result<void> query(Sql sql, std::span<const Param> params, EachRow each) override {
    watched_.statement(sql, params);
    ++watched_.statements;
    return inner_->query(sql, params, [&](const Row& row) {
      ++watched_.rows;
      return each(row);
    });
  }
  Result<std::int64_t> execute(Sql sql, std::span<const Param> params) override {
    watched_.statement(sql, params);
    ++watched_.statements;
    return inner_->execute(sql, params);
  }
  Result<void> run_script(const std::string& script) override { return inner_->run_script(script); }
  Result<bool> has_table(const std::string& name) override { return inner_->has_table(name); }
  Result<void> begin(Access access) override {
    if (access == Access::snapshot) ++watched_.snapshots;
    watched_.begin(access);
    return inner_->begin(access);
  }
  Result<void> commit() override { return watched_.commit(*inner_); }
  void rollback() override { inner_->rollback(); }
  bool broken() const override { return inner_->broken(); }

 private:
  std::unique_ptr<Session> inner_;
  Watched& watched_;
};

class WatchedDriver final : public Driver {
 public:
  WatchedDriver(std::unique_ptr<Driver> inner, Watched& watched)
      : inner_(std::move(inner)), watched_(watched) {}

  Result<std::unique_ptr<Session>> connect() override {
    return std::make_unique<WatchedSession>(TRY(inner_->connect()), watched_);
  }
  const ColumnTypes& column_types() const override { return inner_->column_types(); }
  std::string_view name() const override { return inner_->name(); }

 private:
  std::unique_ptr<Driver> inner_;
  Watched& watched_;
};

}  // namespace agentauth::testing
