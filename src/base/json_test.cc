#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace agentauth {
namespace {

using namespace std::string_view_literals;
using Type = JsonValue::Type;

bool accepts(std::string_view text) { return parse_json(text).has_value(); }

TEST(JsonReader, ReadsEveryKindOfValue) {
  const auto document = parse_json(
      R"({"null":null,"yes":true,"no":false,"int":-42,"real":1.5,"text":"a\u00e4\n","list":[1,[]]})");
  ASSERT_TRUE(document);
  ASSERT_EQ(document->type, Type::object);
  EXPECT_EQ(document->find("null")->type, Type::null);
  EXPECT_TRUE(document->find("yes")->boolean);
  EXPECT_FALSE(document->find("no")->boolean);
  EXPECT_EQ(document->find("int")->type, Type::integer);
  EXPECT_EQ(document->find("int")->integer, -42);
  EXPECT_EQ(document->find("real")->type, Type::real);
  EXPECT_EQ(document->find("real")->real, 1.5);
  EXPECT_EQ(document->find("text")->text, "aä\n");
  ASSERT_EQ(document->find("list")->items.size(), 2U);
  EXPECT_EQ(document->find("list")->items[1].type, Type::array);
  EXPECT_EQ(document->find("missing"), nullptr);
}

TEST(JsonReader, KeepsIntegersWholeToTheirLastDigit) {
  EXPECT_EQ(parse_json("9223372036854775807")->integer, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_json("-9223372036854775808")->integer, std::numeric_limits<std::int64_t>::min());
  // One more is no integer of ours, and does not wrap around.
  EXPECT_EQ(parse_json("9223372036854775808")->type, Type::real);
  EXPECT_EQ(parse_json("1.0")->type, Type::real);
}

TEST(JsonReader, TakesAnyOtherNumberForTheNearestDouble) {
  for (const auto& [text, real] : std::initializer_list<std::pair<std::string, double>>{
           {"18446744073709551615", 18446744073709551615.0},
           {"18446744073709551616", 18446744073709551616.0},
           {"-9223372036854775809", -9223372036854775809.0},
           {"-18446744073709551616", -18446744073709551616.0},
           {"123456789012345678901234567890", 123456789012345678901234567890.0},
           {"9007199254740993" + std::string(20, '0'), 9007199254740993e20},
           {"1" + std::string(308, '0'), 1e308}}) {
    const auto number = parse_json(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->type, Type::real) << text;
    EXPECT_EQ(number->real, real) << text;
  }
  const auto many = parse_json(
      "{\"18446744073709551616\":[18446744073709551616,-99999999999999999999 ,1],"
      "\"a\":\"18446744073709551616\",\"b\":\"\\\"18446744073709551616\"}");
  ASSERT_TRUE(many);
  const JsonValue& items = many->members[0].value;
  EXPECT_EQ(many->members[0].name, "18446744073709551616");
  EXPECT_EQ(items.items[0].real, 18446744073709551616.0);
  EXPECT_EQ(items.items[1].real, -1e20);
  EXPECT_EQ(items.items[2].integer, 1);
  EXPECT_EQ(many->find("a")->text, "18446744073709551616");
  EXPECT_EQ(many->find("b")->text, "\"18446744073709551616");
  for (const std::string& refused :
       {"1" + std::string(309, '0'), std::string("1e400"), std::string("-1e400"),
        std::string("018446744073709551616"), std::string("18446744073709551616x"),
        std::string("[18446744073709551616,]"), std::string("[18446744073709551616,1e400]")})
    EXPECT_FALSE(accepts(refused)) << refused;
}

// After JSONTestSuite's must-reject files.
TEST(JsonReader, RefusesWhatIsNotJson) {
  for (const char* wrong : {
           "",
           " ",
           "{",
           "}",
           "[",
           "]",
           "{\"a\":1",
           "{\"a\"}",
           "{\"a\":}",
           "{a:1}",
           "{'a':1}",
           "[1,]",
           "{\"a\":1,}",
           "[,1]",
           "[1 2]",
           "{\"a\" 1}",
           "nul",
           "True",
           "NaN",
           "Infinity",
           "-",
           "+1",
           "01",
           "-01",
           "1.",
           ".5",
           "1e",
           "0x10",
           "\"",
           "\"\\x\"",
           "\"\\u12\"",
           "\"\\ud800\"",
           "\"a\nb\"",
           "\"\t\"",
           "1 2",
           "{} {}",
           "[] x",
           "//a\n1",
           "/**/1",
           "\xEF\xBB\xBF{}",
           "\"\xFF\"",
           "\"\xC0\x80\"",
           "\"\xED\xA0\x80\"",
           "\"\xF4\x90\x80\x80\"",
           "{1:1}",
           "{\"a\":1 \"b\":2}",
           "[\"a\",",
           "*",
           "<null>",
       })
    EXPECT_FALSE(accepts(wrong)) << wrong;
  EXPECT_FALSE(accepts("1\0"sv));
  EXPECT_FALSE(accepts("\"a\0b\""sv));
  EXPECT_EQ(parse_json("nope").error().code, Errc::malformed_request);
}

TEST(JsonReader, SaysWhereATextIsNotJson) {
  const auto refusal = [](std::string_view text) {
    const auto document = parse_json(text);
    return document ? "" : document.error().message;
  };
  const std::string begin = "The body is not valid JSON: ";
  EXPECT_EQ(refusal(""), begin + "it is empty");
  EXPECT_EQ(refusal(" \n"), begin + "line 2, column 1: a value was expected");
  EXPECT_EQ(refusal("{\n  \"ä\": x\n}"), begin + "line 2, column 8: a value was expected");
  EXPECT_EQ(refusal(R"({"a":1,})"),
            begin + "line 1, column 8: a name in double quotes was expected");
  EXPECT_EQ(refusal(R"({"a" 1})"), begin + "line 1, column 6: a colon was expected");
  EXPECT_EQ(refusal("[1\n2]"), begin + "line 2, column 1: a comma or ] was expected");
  EXPECT_EQ(refusal(R"({"a":1)"), begin + "line 1, column 7: a comma or } was expected");
  EXPECT_EQ(refusal("{} {}"), begin + "line 1, column 4: nothing more was expected");
  EXPECT_EQ(refusal("1\0"sv), begin + "line 1, column 2: nothing more was expected");
  EXPECT_EQ(refusal("[nul]"), begin + "line 1, column 2: a value was expected");
  EXPECT_EQ(refusal("[1.]"), begin + "line 1, column 4: a digit was expected");
  EXPECT_EQ(refusal("[\"secret"), begin + "line 1, column 9: the text ends within a string");
  EXPECT_EQ(refusal(R"(["ab\x"])"), begin + "line 1, column 5: there is no such escape");
  EXPECT_EQ(refusal(R"(["\ud800\u0041"])"), begin + "line 1, column 3: there is no such escape");
  EXPECT_EQ(refusal("[\"a\xFF\"]"), begin + "line 1, column 4: this is not UTF-8");
  EXPECT_EQ(refusal("[\"a\n\"]"),
            begin + "line 1, column 4: a string holds a control character, which must be escaped");
  for (const char* large : {"[1,1e999]", "[1,-1e400]", "[1,1e309,18446744073709551616]"})
    EXPECT_EQ(refusal(large), begin + "line 1, column 4: the number is too large") << large;
}

TEST(JsonReader, SaysWhatItHoldsTooOftenOrTooDeep) {
  const auto refusal = [](const std::string& text) { return parse_json(text).error().message; };
  EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "The JSON holds the member \"a\" twice");
  EXPECT_EQ(refusal(R"({"roles":[1,{"b":{"x":1,"x":2}}]})"),
            "The JSON holds the member \"x\" twice, in roles[1].b");
  EXPECT_EQ(refusal("[{\"\\n\\u202e\\\"\":1,\"\\n\\u202e\\\"\":2}]"),
            "The JSON holds the member \"?????\" twice, in [0]");
  const std::string name(5000, 'n');
  const std::string once = "{\"" + name + "\":1,\"" + name + "\":2}";
  const std::string within = "{\"" + name + "\":";
  EXPECT_LT(refusal(within + within + within + within + within + once + "}}}}}").size(), 320U);
  const std::string deep = refusal(std::string(25, '[') + std::string(25, ']'));
  EXPECT_EQ(deep, "The JSON is nested too deeply: line 1, column 25");
  EXPECT_EQ(refusal(std::string(100'000, '[')), deep);
  EXPECT_EQ(refusal(std::string(25, '[') + "x"), deep) << "nobody looks further";
}

// Whatever one of the two readers refuses, so does the other.
RC_GTEST_PROP(JsonReader, FindsAMistakeInWhatItRefuses, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(
      std::string(R"({}[],:::"""\u00d8001eE.-+ truefalsnl)") + "\n\t\xC3\xA4\xFF"));
  for (const std::string& tried : {text, "[\"" + text + "\"]", "[1" + text + "]"}) {
    const auto document = parse_json(tried);
    // RC_ASSERT looks at all that stands in it.
    const std::string message = document || tried.empty() ? "line" : document.error().message;
    RC_ASSERT(message.find(" twice") != message.npos || message.find("line") != message.npos);
  }
}

TEST(JsonReader, RefusesANameThatComesTwice) {
  EXPECT_FALSE(accepts(R"({"a":1,"a":2})"));
  // The same name in another spelling.
  EXPECT_FALSE(accepts(R"({"a":1,"\u0061":2})"));
  EXPECT_FALSE(accepts(R"([{"b":{"a":1,"a":2}}])"));
  EXPECT_TRUE(accepts(R"({"a":{"a":1}})"));
}

TEST(JsonReader, BoundsDepthAndMembers) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(accepts(nested(json_depth_max - 1)));
  EXPECT_FALSE(accepts(nested(json_depth_max + 1)));
  EXPECT_FALSE(accepts(nested(100'000)));
  // A large document before it must not loosen the bound.
  EXPECT_TRUE(accepts("\"" + std::string(100'000, 'x') + "\""));
  EXPECT_FALSE(accepts(nested(json_depth_max + 1)));

  const auto wide = [](std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i)
      text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_TRUE(accepts(wide(json_members_max)));
  EXPECT_FALSE(accepts(wide(json_members_max + 1)));
}

RC_GTEST_PROP(JsonReader, ReadsAnythingWithoutHarm, (const std::string& text)) {
  (void)parse_json(text);
}

TEST(JsonWriter, PlacesCommasAndNames) {
  std::string text;
  JsonWriter out(text);
  out.open();
  out.member("a", "x");
  out.member("b", std::int64_t{-7});
  out.member_flag("c", true);
  out.name("d");
  out.open_array();
  out.integer(1);
  out.null();
  out.open();
  out.close();
  out.open_array();
  out.close_array();
  out.close_array();
  out.name("e");
  out.raw("{\"f\":0}");
  out.close();
  EXPECT_EQ(text, R"({"a":"x","b":-7,"c":true,"d":[1,null,{},[]],"e":{"f":0}})");
}

TEST(JsonWriter, EscapesWhatTextMustNotHold) {
  std::string text;
  append_json_text("\"\\\n\r\t\0\x1F\x7F</ä☂𝄞"sv, text);
  EXPECT_EQ(text, "\"\\\"\\\\\\n\\r\\t\\u0000\\u001f\\u007f</ä☂𝄞\"");
}

// Plain text is taken eight bytes at a time.
TEST(JsonWriter, EscapesAtEveryPlaceOfALongText) {
  const std::string plain(24, 'x');
  for (std::size_t at = 0; at < plain.size(); ++at) {
    std::string text;
    append_json_text(plain.substr(0, at) + '"' + plain.substr(at + 1), text);
    EXPECT_EQ(text, '"' + plain.substr(0, at) + "\\\"" + plain.substr(at + 1) + '"') << at;
  }
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
  for (const char* wrong : {"\xFF", "\xC3", "\xE2\x98", "\xF0\x9D\x84", "\x80", "\xC0"}) {
    std::string text;
    append_json_text(std::string("a") + wrong + "b", text);
    EXPECT_TRUE(accepts(text)) << text;
    EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos);
    EXPECT_TRUE(text.ends_with("b\""));
  }
}

// Code points as UTF-8, so that a good part is not ASCII.
rc::Gen<std::string> utf8_text() {
  const auto code_point =
      rc::gen::suchThat(rc::gen::oneOf(rc::gen::inRange(0, 0x80), rc::gen::inRange(0, 0x800),
                                       rc::gen::inRange(0, 0x110000)),
                        [](int code) { return code < 0xD800 || code > 0xDFFF; });
  return rc::gen::map(rc::gen::container<std::vector<int>>(code_point), [](const auto& codes) {
    std::string text;
    const auto add = [&](int byte) { text += static_cast<char>(byte); };
    for (const int code : codes) {
      if (code < 0x80) {
        add(code);
      } else if (code < 0x800) {
        add(0xC0 | code >> 6);
        add(0x80 | (code & 63));
      } else if (code < 0x10000) {
        add(0xE0 | code >> 12);
        add(0x80 | (code >> 6 & 63));
        add(0x80 | (code & 63));
      } else {
        add(0xF0 | code >> 18);
        add(0x80 | (code >> 12 & 63));
        add(0x80 | (code >> 6 & 63));
        add(0x80 | (code & 63));
      }
    }
    return text;
  });
}

RC_GTEST_PROP(JsonWriter, WritesWhatTheReaderReads, ()) {
  const auto name = *utf8_text();
  const auto value = *utf8_text();
  const auto number = *rc::gen::arbitrary<std::int64_t>();
  std::string text;
  JsonWriter out(text);
  out.open();
  out.member(name, value);
  out.name("the other");
  out.open_array();
  out.integer(number);
  out.text(value);
  out.close_array();
  out.close();

  const auto document = parse_json(text);
  RC_ASSERT(document.has_value());
  RC_ASSERT(document->members.size() == 2U);
  RC_ASSERT(document->members[0].name == name);
  RC_ASSERT(document->members[0].value.text == value);
  const auto& items = document->members[1].value.items;
  RC_ASSERT(items[0].integer == number);
  RC_ASSERT(items[1].text == value);
}

RC_GTEST_PROP(JsonWriter, NeverWritesWhatTheReaderRefuses, (const std::string& any_bytes)) {
  std::string text;
  append_json_text(any_bytes, text);
  RC_ASSERT(accepts(text));
}

}  // namespace
}  // namespace agentauth
