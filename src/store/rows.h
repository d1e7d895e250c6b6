// One statement for many rows. On PostgreSQL a statement is a round trip, which is what a row costs
// most there; whoever writes thousands while others wait writes them so.
//
//   using InsertRoles = RowsSql<"INSERT INTO roles (principal, about) VALUES ", 2>;
//   TRY(execute_rows<InsertRoles>(session, roles, [](const Role& role, Params& out) {
//     out.insert(out.end(), {role.principal, role.about});
//   }));
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/session.h"

namespace agentauth {

using Params = std::vector<Param>;

// A part of a statement, as a literal that a template takes.
template <std::size_t Size>
struct SqlPart {
  consteval SqlPart(const char (&literal)[Size]) { std::copy_n(literal, Size, text); }
  constexpr std::string_view view() const { return {text, Size - 1}; }
  char text[Size];
};

namespace detail {

// Puts a statement together in room for so many characters.
template <std::size_t Room>
struct SqlText {
  constexpr void put(std::string_view part) {
    for (const char c : part) text[at++] = c;
  }
  constexpr void put_parameter(std::size_t number) {
    put("$");
    for (std::size_t unit = 1000; unit > 0; unit /= 10)
      if (number >= unit) text[at++] = static_cast<char>('0' + number / unit % 10);
  }
  std::array<char, Room> text{};
  std::size_t at = 0;
};

}  // namespace detail

// `Head`, a row of as many parameters as there are columns for each, and `Tail`. Rows of several
// columns are written ($1, $2), ($3, $4), those of one $1, $2: what stands behind VALUES, or in the
// brackets of an IN. Parameters that are not of a row come before all others: there are `Before`,
// and the first row's are numbered from there on.
template <SqlPart Head, std::size_t Columns, SqlPart Tail = "", std::size_t Before = 0>
class RowsSql {
 public:
  static constexpr std::size_t columns = Columns;

  template <std::size_t Rows>
  static consteval Sql of() {
    return Sql(text<Rows>.data());
  }

 private:
  template <std::size_t Rows>
  static consteval auto put_together() {
    constexpr std::size_t characters_each = 8;  // ",($1234)"
    detail::SqlText<Head.view().size() + Rows * Columns * characters_each + Tail.view().size() + 1>
        out;
    out.put(Head.view());
    for (std::size_t i = 0; i < Rows * Columns; ++i) {
      if (i > 0) out.put(",");
      if (Columns > 1 && i % Columns == 0) out.put("(");
      out.put_parameter(Before + i + 1);
      if (Columns > 1 && i % Columns == Columns - 1) out.put(")");
    }
    out.put(Tail.view());
    return out.text;
  }
  // One place for each, by which sessions know what they have prepared.
  template <std::size_t Rows>
  static constexpr auto text = put_together<Rows>();
};

namespace detail {

// How many rows a statement takes: the most there are left.
inline constexpr std::array<std::size_t, 5> rows_together = {64, 16, 4, 2, 1};

template <class Text, std::size_t Rows, class T, class Append, class Run>
Result<void> run_rows_of(std::span<T>& rest, std::initializer_list<Param> before, Append& append,
                         Run& run) {
  Params params;
  for (; rest.size() >= Rows; rest = rest.subspan(Rows)) {
    params.assign(before);
    params.reserve(before.size() + Rows * Text::columns);
    for (T& row : rest.first(Rows)) append(row, params);
    TRY(run(Text::template of<Rows>(), std::span<const Param>(params)));
  }
  return {};
}

template <class Text, class T, class Append, class Run>
Result<void> run_rows(std::span<T> rows, std::initializer_list<Param> before, Append& append,
                      Run run) {
  Result<void> done;
  const auto run_each = [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((done = run_rows_of<Text, rows_together[I]>(rows, before, append, run)) && ...);
  };
  run_each(std::make_index_sequence<rows_together.size()>{});
  return done;
}

}  // namespace detail

// Of rows of one column.
inline constexpr auto append_one = [](const auto& value, Params& out) { out.emplace_back(value); };

// Runs the statement for all of `rows`, in their order, some dozens at a time; returns how many
// rows of the database changed. `append(row, params)` adds the parameters of one, which may be
// views of it.
template <class Text, class Rows, class Append>
Result<std::int64_t> execute_rows(Session& session, const Rows& rows, Append append,
                                  std::initializer_list<Param> before = {}) {
  std::int64_t changed = 0;
  TRY(detail::run_rows<Text>(std::span(rows), before, append,
                             [&](Sql sql, std::span<const Param> params) -> Result<void> {
                               changed += TRY(session.execute(sql, params));
                               return {};
                             }));
  return changed;
}

// The same for what it answers, in no order.
template <class Text, class Rows, class Append>
Result<void> query_rows(Session& session, const Rows& rows, Append append, Session::EachRow each,
                        std::initializer_list<Param> before = {}) {
  return detail::run_rows<Text>(
      std::span(rows), before, append,
      [&](Sql sql, std::span<const Param> params) { return session.query(sql, params, each); });
}

}  // namespace agentauth
