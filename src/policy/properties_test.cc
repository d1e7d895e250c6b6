#include "policy/properties.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace agentauth::policy {
namespace {

std::string canonical(std::string_view json) { return Properties::parse(json)->text(); }

std::string message_of(std::string_view json) {
  const auto properties = Properties::parse(json);
  if (properties) return "";
  EXPECT_EQ(properties.error().code, Errc::invalid_argument);
  return properties.error().message;
}

TEST(Properties, AreAnObject) {
  for (const char* wrong : {"[]", "5", "null", "\"a\""})
    EXPECT_EQ(message_of(wrong), "Properties are a JSON object") << wrong;
  for (const char* wrong : {"", "{", "{\"a\":1}x"})
    EXPECT_EQ(message_of(wrong), "Properties are not valid JSON") << wrong;
  EXPECT_EQ(Properties().text(), "{}");
  EXPECT_EQ(Properties().value().type, JsonValue::Type::object);
}

TEST(Properties, HaveOneCanonicalText) {
  EXPECT_EQ(canonical(R"( { "b" : [ 1 , 2.50, true, null ], "a" : { "d": "x", "c": {} } } )"),
            R"({"a":{"c":{},"d":"x"},"b":[1,2.5,true,null]})");
  EXPECT_EQ(canonical(R"({"\u0061": "\u00e4\/\n"})"), "{\"a\":\"\xC3\xA4/\\n\"}");
  EXPECT_EQ(*Properties::parse(R"({"a":1,"b":2})"), *Properties::parse(R"({"b":2, "a":1})"));
}

TEST(Properties, KeepAnIntAnIntAndADoubleADouble) {
  EXPECT_EQ(canonical(R"({"a":1.0,"b":1,"c":-0.0,"d":1e300})"),
            R"({"a":1.0,"b":1,"c":-0.0,"d":1e+300})");
}

TEST(Properties, OutliveTheNextParse) {
  const auto first = *Properties::parse(R"({"name":"the first of two","list":["one","two"]})");
  const auto second = *Properties::parse(R"({"NAME":"another of those","LIST":["ONE","TWO"]})");
  EXPECT_EQ(first.value().find("name")->text, "the first of two");
  EXPECT_EQ(first.value().find("list")->items[1].text, "two");
}

TEST(Properties, StayWhereTheyAreWhenMoved) {
  auto first = *Properties::parse(R"({"a":"short"})");
  const JsonValue* value = &first.value();
  std::vector<Properties> many(10);
  many.push_back(std::move(first));
  many.resize(1000);
  first = Properties();
  EXPECT_EQ(&many[10].value(), value);
  EXPECT_EQ(value->find("a")->text, "short");
}

TEST(Properties, AreBoundedAsTheyComeAndAsTheyAreKept) {
  const auto of_length = [](std::size_t length) {
    return R"({"a":")" + std::string(length - 8, 'x') + R"("})";
  };
  EXPECT_EQ(message_of(of_length(properties_bytes_max)), "");
  EXPECT_EQ(message_of(of_length(properties_bytes_max + 1)), "Properties have at most 8192 bytes");
  // One byte, and six when it is escaped.
  EXPECT_EQ(message_of(R"({"a":")" + std::string(2'000, '\x7F') + R"("})"),
            "Properties have at most 8192 bytes");
}

// Of all types; names in no particular order.
rc::Gen<std::string> json(int depth) {
  auto leaf =
      rc::gen::oneOf(rc::gen::element<std::string>("null", "true", "false", "\"\"",
                                                   "\"a\\u00e4\\\"\"", "0.1", "1e20", "-1.0"),
                     rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                  [](std::int64_t number) { return std::to_string(number); }));
  if (depth == 0) return leaf;
  const auto list = rc::gen::map(
      rc::gen::scale(0.2, rc::gen::container<std::vector<std::string>>(json(depth - 1))),
      [](const std::vector<std::string>& items) {
        std::string text = "[";
        for (const std::string& item : items) text += (text.size() > 1 ? "," : "") + item;
        return text + "]";
      });
  const auto map = rc::gen::map(
      rc::gen::scale(0.2, rc::gen::container<std::vector<std::string>>(json(depth - 1))),
      [](const std::vector<std::string>& items) {
        std::string text = "{";
        for (std::size_t i = 0; i < items.size(); ++i)
          text += (i == 0 ? "\"" : ",\"") + std::to_string(items.size() - i) + "\":" + items[i];
        return text + "}";
      });
  return rc::gen::oneOf(leaf, list, map);
}

bool same(const JsonValue& left, const JsonValue& right) {
  if (left.type != right.type || left.boolean != right.boolean || left.integer != right.integer ||
      left.real != right.real || left.text != right.text ||
      left.items.size() != right.items.size() || left.members.size() != right.members.size())
    return false;
  for (std::size_t i = 0; i < left.items.size(); ++i)
    if (!same(left.items[i], right.items[i])) return false;
  for (const JsonMember& member : left.members) {
    const JsonValue* other = right.find(member.name);
    if (other == nullptr || !same(member.value, *other)) return false;
  }
  return true;
}

RC_GTEST_PROP(Properties, AreWhatWasParsed, ()) {
  const std::string text = "{\"a\":" + *json(3) + ",\"\":" + *json(1) + "}";
  RC_PRE(text.size() < properties_bytes_max / 2);
  const auto properties = *Properties::parse(text);
  const std::string& canonical_text = properties.text();
  const auto again = *Properties::parse(canonical_text);
  RC_ASSERT(again.text() == canonical_text);
  RC_ASSERT(same(again.value(), properties.value()));
  RC_ASSERT(same(*parse_json(text), properties.value()));
}

}  // namespace
}  // namespace agentauth::policy
