#include "base/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agentauth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum class Color { red, green };
std::string_view to_string(Color color) { return color == Color::red ? "red" : "green"; }
bool parse(std::string_view text, Color& color) {
  if (text != "red" && text != "green") return false;
  color = text == "red" ? Color::red : Color::green;
  return true;
}

bool is_lower_case(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

using PaintId = Id<struct PaintTag>;

// One field of each kind.
struct Paint {
  std::string name;
  std::optional<std::string> word;
  std::optional<std::int64_t> size;
  std::optional<bool> wet;
  std::optional<Timestamp> made_at;
  std::optional<PaintId> id;
  std::optional<Labels> labels;
  std::optional<Color> color;
  std::optional<std::string> secret;

  static constexpr auto fields() {
    return std::array{
        field<&Paint::name>({.name = "name", .max = 5}),
        field<&Paint::word>({.name = "word", .valid = is_lower_case, .rule = "must be lower case"}),
        field<&Paint::size>({.name = "size", .min = 1, .max = 10}),
        field<&Paint::wet>({.name = "wet"}),
        field<&Paint::made_at>({.name = "made_at"}),
        field<&Paint::id>({.name = "id"}),
        field<&Paint::labels>({.name = "labels", .min = 0, .max = 2}),
        field<&Paint::color>({.name = "color"}),
        field<&Paint::secret>({.name = "secret", .max = 1, .opaque = true}),
    };
  }
};

struct Question {
  PaintId id;
  std::optional<std::int64_t> limit;
  std::optional<bool> all;
  std::optional<std::string> name;

  static constexpr auto fields() {
    return std::array{
        field<&Question::id>({.name = "id", .place = Place::path}),
        field<&Question::limit>({.name = "limit", .max = 100, .place = Place::query}),
        field<&Question::all>({.name = "all", .place = Place::query}),
        field<&Question::name>({.name = "name", .place = Place::query}),
    };
  }
};

struct Shelf {
  std::vector<Paint> paints;
  static constexpr auto fields() { return std::array{field<&Shelf::paints>({.name = "paints"})}; }
};

// Lists, of texts and of objects.
struct Order {
  std::vector<Paint> paints;
  std::optional<std::vector<std::string>> words;
  static constexpr auto fields() {
    return std::array{
        field<&Order::paints>({.name = "paints", .min = 0, .max = 2}),
        field<&Order::words>(
            {.name = "words", .max = 2, .valid = is_lower_case, .rule = "must be lower case"}),
    };
  }
};

Result<Paint> read(std::string_view body) {
  return decode<Paint>({.path = {}, .query = {}, .body = body});
}

// "field: message" for each wrong field.
std::vector<std::string> complaints(std::string_view body) {
  const auto refused = read(body);
  if (refused) return {};
  EXPECT_EQ(refused.error().code, Errc::invalid_argument) << body;
  std::vector<std::string> found;
  for (const FieldError& error : refused.error().fields)
    found.push_back(error.field + ": " + error.message);
  return found;
}

TEST(DecodeBody, ReadsEveryKindOfField) {
  const auto paint = read(R"({"name":"ochre","word":"abc","size":10,"wet":false,
      "made_at":"2026-01-31T12:00:00+00:00","id":"00112233-4455-4677-8899-aabbccddeeff",
      "labels":{"a":"1","b":""},"color":"green","secret":"two\u0000"})");
  ASSERT_TRUE(paint) << paint.error().message;
  EXPECT_EQ(paint->name, "ochre");
  EXPECT_EQ(paint->word, "abc");
  EXPECT_EQ(paint->size, 10);
  EXPECT_EQ(paint->wet, false);
  EXPECT_EQ(format_rfc3339(*paint->made_at), "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(paint->id->to_string(), "00112233-4455-4677-8899-aabbccddeeff");
  EXPECT_EQ(paint->labels, (Labels{{"a", "1"}, {"b", ""}}));
  EXPECT_EQ(paint->color, Color::green);
  EXPECT_EQ(paint->secret, std::string("two\0", 4));
}

TEST(DecodeBody, OptionalFieldsMayBeAbsentOrNull) {
  const auto paint = read(R"({"name":"x","word":null,"size":null})");
  ASSERT_TRUE(paint);
  EXPECT_EQ(paint->word, std::nullopt);
  EXPECT_EQ(paint->size, std::nullopt);
  EXPECT_EQ(paint->labels, std::nullopt);
}

TEST(DecodeBody, RequiredFieldsMayNot) {
  EXPECT_THAT(complaints("{}"), ElementsAre("name: is required"));
  EXPECT_THAT(complaints(R"({"name":null})"), ElementsAre("name: must be a string"));
  EXPECT_THAT(complaints(""), ElementsAre("name: is required"));
}

TEST(DecodeBody, NamesEveryWrongFieldAtOnce) {
  EXPECT_THAT(complaints(R"({"size":0,"wet":"yes","color":"blue"})"),
              ElementsAre("size: must be a whole number from 1 to 10", "wet: must be true or false",
                          "color: has no such value", "name: is required"));
}

TEST(DecodeBody, ChecksTypesAndBounds) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("name":"")", "name: must be a string of length from 1 to 5"},
      {R"("name":"sixsix")", "name: must be a string of length from 1 to 5"},
      {R"("name":7)", "name: must be a string"},
      {R"("name":["x"])", "name: must be a string"},
      {R"("name":"a\u0000")", "name: must not contain control characters"},
      {R"("name":"a\n")", "name: must not contain control characters"},
      {R"("name":"x","word":"ABC")", "word: must be lower case"},
      {R"("name":"x","size":11)", "size: must be a whole number from 1 to 10"},
      {R"("name":"x","size":1.0)", "size: must be a whole number"},
      {R"("name":"x","size":"1")", "size: must be a whole number"},
      {R"("name":"x","size":9223372036854775808)", "size: must be a whole number"},
      {R"("name":"x","wet":1)", "wet: must be true or false"},
      {R"("name":"x","made_at":"yesterday")",
       "made_at: must be a time as in RFC 3339, 2027-01-31T12:00:00Z"},
      {R"("name":"x","id":"7")", "id: has no such value"},
      {R"("name":"x","labels":[])", "labels: must be an object of strings"},
      {R"("name":"x","labels":{"a":"","b":"","c":""})", "labels: holds more than 2 entries"},
  };
  for (const auto& [members, complaint] : cases)
    EXPECT_THAT(complaints("{" + std::string(members) + "}"), ElementsAre(complaint)) << members;
  for (const char* labels : {R"({"a":1})", R"({"":"x"})", R"({"a":"\n"})", R"({"a\t":"x"})"})
    EXPECT_THAT(complaints(R"({"name":"x","labels":)" + std::string(labels) + "}"),
                ElementsAre(HasSubstr("labels: names have 1 to 64 bytes")))
        << labels;
}

// A name that turns the terminal's colours, or reads "admin" from right to left, is no name.
TEST(DecodeBody, RefusesControlCharactersOfAnyKind) {
  for (const char* name :
       {"a\\u0001",        "a\\u001b", "a\\u007f", "a\\u0080", "a\\u009b", "a\\u009f",
        "a\\u2028",        "a\\u2029", "a\\u202a", "a\\u202e", "a\\u2066", "a\\u2069",
        "a\\u200e",        "a\\u200f", "a\\u061c", "a\\u00ad", "a\\u2062", "a\\u3164",
        "a\\udb40\\udc41", "a\\u200b", "a\\u2060", "\\ufeffa", "a\xC2\x9B"})
    EXPECT_THAT(complaints(R"({"name":")" + std::string(name) + "\"}"),
                ElementsAre("name: must not contain control characters"))
        << name;
  // No-break space, joiners (scripts and emoji need them), an arrow, the last of all.
  for (const char* name : {"\\u00a0a", "a\\u200d", "a\\u200c", "\\u2192", "\\udbff\\udffd"})
    EXPECT_THAT(complaints(R"({"name":")" + std::string(name) + "\"}"), ElementsAre()) << name;
}

TEST(DecodeBody, CountsCharactersNotBytes) {
  EXPECT_TRUE(read(R"({"name":"äöü☂𝄞"})"));
  EXPECT_FALSE(read(R"({"name":"äöü☂𝄞x"})"));
}

TEST(DecodeBody, RefusesFieldsThatNobodyDescribed) {
  for (const char* body :
       {R"({"name":"x","admin":true})", R"({"name":"x","Name":"y"})", R"({"name":"x","":0})"}) {
    const auto refused = read(body);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().code, Errc::malformed_request);
    EXPECT_THAT(refused.error().message, HasSubstr("Unknown field"));
  }
  // A field of the path has no place in the body.
  const RequestInput::Pair id{"id", "00112233-4455-4677-8899-aabbccddeeff"};
  EXPECT_EQ(
      decode<Question>({.path = {&id, 1}, .query = {}, .body = R"({"limit":1})"}).error().code,
      Errc::malformed_request);
}

TEST(DecodeBody, RefusesWhatIsNoObject) {
  for (const char* body : {"[]", "1", "\"x\"", "null", "{", "{\"name\":\"x\",\"name\":\"y\"}"})
    EXPECT_EQ(read(body).error().code, Errc::malformed_request) << body;
}

class DecodeUrl : public ::testing::Test {
 protected:
  Result<Question> read(std::vector<RequestInput::Pair> query,
                        std::string_view id = "00112233-4455-4677-8899-aabbccddeeff") {
    const RequestInput::Pair path{"id", id};
    return decode<Question>({.path = {&path, 1}, .query = query, .body = {}});
  }
};

TEST_F(DecodeUrl, ReadsPathAndQuery) {
  const auto question = read({{"limit", "100"}, {"all", "true"}, {"name", "Bot"}});
  ASSERT_TRUE(question);
  EXPECT_EQ(question->limit, 100);
  EXPECT_EQ(question->all, true);
  EXPECT_EQ(question->name, "Bot");
  EXPECT_EQ(read({})->limit, std::nullopt);
}

TEST_F(DecodeUrl, RefusesUnknownAndRepeatedParameters) {
  EXPECT_EQ(read({{"lim", "1"}}).error().code, Errc::malformed_request);
  EXPECT_EQ(read({{"limit", "1"}, {"limit", "2"}}).error().code, Errc::malformed_request);
}

TEST_F(DecodeUrl, RefusesWrongValues) {
  for (const char* limit : {"", "0", "101", "1x", " 1", "+1", "1.0", "99999999999999999999"})
    EXPECT_EQ(read({{"limit", limit}}).error().code, Errc::invalid_argument) << limit;
  EXPECT_EQ(read({{"name", "Bot\xE9"}}).error().code, Errc::invalid_argument);
  for (const char* all : {"", "1", "TRUE", "yes"})
    EXPECT_EQ(read({{"all", all}}).error().code, Errc::invalid_argument) << all;
}

TEST_F(DecodeUrl, APathThatCannotExistIsNotFound) {
  EXPECT_EQ(read({}, "nope").error().code, Errc::not_found);
  EXPECT_EQ(read({}, "").error().code, Errc::not_found);
}

TEST(WriteFields, WritesEveryFieldAndNullForTheAbsent) {
  Paint paint;
  paint.name = "o\"";
  paint.size = 3;
  paint.labels = Labels{{"b", "2"}, {"a", "1"}};
  paint.color = Color::red;
  std::string text;
  JsonWriter out(text);
  write_fields(Shelf{{paint}}, out);
  EXPECT_EQ(text, R"({"paints":[{"name":"o\"","word":null,"size":3,"wet":null,"made_at":null,)"
                  R"("id":null,"labels":{"a":"1","b":"2"},"color":"red","secret":null}]})");
}

TEST(WriteFields, AnObjectReadsBackWhatItWrote) {
  const std::string_view body =
      R"({"name":"x","word":"y","size":2,"wet":true,"made_at":"2026-01-31T12:00:00.123Z",)"
      R"("id":"00112233-4455-4677-8899-aabbccddeeff","labels":{},"color":"green","secret":"s"})";
  std::string text;
  JsonWriter out(text);
  write_fields(*read(body), out);
  EXPECT_EQ(text, body);
}

Result<Order> order(std::string_view body) {
  return decode<Order>({.path = {}, .query = {}, .body = body});
}

TEST(DecodeList, ReadsTextsAndObjects) {
  const auto read = order(R"({"paints":[{"name":"a"},{"name":"b","size":2}],"words":["x","y"]})");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->paints.size(), 2U);
  EXPECT_EQ(read->paints[0].name, "a");
  EXPECT_EQ(read->paints[1].size, 2);
  EXPECT_THAT(*read->words, ElementsAre("x", "y"));
  EXPECT_TRUE(order(R"({"paints":[]})")->paints.empty());
  EXPECT_FALSE(order(R"({"paints":[]})")->words);
}

TEST(DecodeList, NamesWhatIsWrongInWhichElement) {
  const auto refused =
      order(R"({"paints":[{"name":"a"},{"size":11,"color":"blue"}],"words":["UP"]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  std::vector<std::string> fields;
  for (const FieldError& error : refused.error().fields) fields.push_back(error.field);
  EXPECT_THAT(fields, ElementsAre("paints[1].size", "paints[1].color", "paints[1].name", "words"));
}

TEST(DecodeList, RefusesWhatIsNotSuchAListOrOutOfBounds) {
  for (const char* body :
       {R"({})", R"({"paints":null})", R"({"paints":{}})", R"({"paints":[1]})",
        R"({"paints":[[]]})", R"({"paints":[{"name":"a"},{"name":"a"},{"name":"a"}]})",
        R"({"paints":[],"words":[]})", R"({"paints":[],"words":["a","b","c"]})",
        R"({"paints":[],"words":[1]})", R"({"paints":[],"words":[""]})",
        R"({"paints":[],"words":"a"})", R"({"paints":[],"words":["a\u0007"]})"}) {
    const auto refused = order(body);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().code, Errc::invalid_argument) << body;
  }
}

TEST(DecodeList, RefusesAnUnknownFieldInsideAnElement) {
  const auto refused = order(R"({"paints":[{"name":"a"},{"name":"b","more":1}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::malformed_request);
  EXPECT_THAT(refused.error().message, HasSubstr("paints[1].more"));
}

TEST(Fields, KnowTheirKindAndWhetherTheyAreRequired) {
  const auto fields = fields_of<Paint>();
  EXPECT_TRUE(fields[0].required);
  EXPECT_EQ(fields[0].kind, FieldKind::text);
  EXPECT_FALSE(fields[2].required);
  EXPECT_EQ(fields[2].kind, FieldKind::integer);
  EXPECT_EQ(fields_of<Shelf>()[0].kind, FieldKind::list);
  EXPECT_EQ(fields_of<Shelf>()[0].element().size(), fields.size());
}

struct Stated {
  std::optional<std::string> permission;
  static constexpr auto fields() {
    return std::array{field<&Stated::permission>({.name = "permission", .stated = true})};
  }
};

// Where null means something, leaving it out must not mean the same.
TEST(DecodeBody, WhatIsToBeStatedIsSentIfOnlyAsNull) {
  const auto null = decode<Stated>({{}, {}, R"({"permission":null})"});
  ASSERT_TRUE(null);
  EXPECT_FALSE(null->permission);
  EXPECT_EQ(decode<Stated>({{}, {}, R"({"permission":"a"})"})->permission, "a");
  const auto without = decode<Stated>({{}, {}, "{}"});
  ASSERT_FALSE(without);
  ASSERT_EQ(without.error().fields.size(), 1U);
  EXPECT_EQ(without.error().fields[0].message, "is required");
}

}  // namespace
}  // namespace agentauth
