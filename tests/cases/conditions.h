// What conditions of grants mean: examples that are the language's definition in doubt. The guide
// (docs/guide/conditions.md) takes its examples from here.
#pragma once

#include <string_view>

namespace agentauth::cases {

enum class Told { no, yes, error };

// `facts` is a JSON object with, as far as the condition needs them, "subject", "resource" (each
// with "type", "id" and "properties"), "action" ("name", "properties"), "context" and "now".
struct ConditionCase {
  std::string_view condition;
  std::string_view facts;
  Told outcome;
};

// clang-format off
inline constexpr ConditionCase condition_cases[] = {
    // the examples of the guide
    {R"(resource.properties.status == "active" && context.amount < 500)", R"({"resource": {"type": "account", "id": "1", "properties": {"status": "active"}}, "context": {"amount": 499.99}})", Told::yes},
    {R"(resource.properties.status == "active" && context.amount < 500)", R"({"resource": {"type": "account", "id": "1", "properties": {"status": "active"}}, "context": {"amount": 700}})", Told::no},
    {R"(resource.properties.status == "active" && context.amount < 500)", R"({"resource": {"type": "account", "id": "1", "properties": {"status": "closed"}}})", Told::no},
    {R"(resource.properties.status == "active" && context.amount < 500)", R"({"resource": {"type": "account", "id": "1", "properties": {"status": "active"}}})", Told::error},
    {R"(resource.properties.owner == subject.id)", R"({"subject": {"type": "user", "id": "alice"}, "resource": {"type": "doc", "id": "7", "properties": {"owner": "alice"}}})", Told::yes},
    {R"(inNetwork(context.address, "10.0.0.0/8"))", R"({"context": {"address": "10.1.2.3"}})", Told::yes},
    {R"(inNetwork(context.address, "10.0.0.0/8"))", R"({"context": {"address": "192.0.2.1"}})", Told::no},
    {R"(subject.properties.department in ["finance", "audit"])", R"({"subject": {"type": "agent", "id": "a", "properties": {"department": "audit"}}})", Told::yes},
    {R"("admin" in subject.properties.roles)", R"({"subject": {"type": "agent", "id": "a", "properties": {"roles": ["reader", "admin"]}}})", Told::yes},
    {R"(timestamp(resource.properties.expires) > now)", R"({"resource": {"type": "doc", "id": "7", "properties": {"expires": "2026-01-31T12:00:00Z"}}, "now": "2026-01-31T11:59:59Z"})", Told::yes},
    {R"(now - timestamp(context.signed_in_at) < duration("15m"))", R"({"context": {"signed_in_at": "2026-01-31T11:50:00+00:00"}, "now": "2026-01-31T12:00:00Z"})", Told::yes},
    {R"(now - timestamp(context.signed_in_at) < duration("15m"))", R"({"context": {"signed_in_at": "2026-01-31T11:40:00Z"}, "now": "2026-01-31T12:00:00Z"})", Told::no},
    {R"(!has(context.amount) || context.amount <= 1000)", R"({"context": {}})", Told::yes},
    {R"(!has(context.amount) || context.amount <= 1000)", R"({"context": {"amount": 1001}})", Told::no},
    {R"(resource.id.startsWith("public/") && !resource.id.endsWith(".key"))", R"({"resource": {"type": "file", "id": "public/readme"}})", Told::yes},
    {R"(context["user-agent"].contains("Bot"))", R"({"context": {"user-agent": "WeatherBot/1"}})", Told::yes},
    {R"(size(context.recipients) <= 2)", R"({"context": {"recipients": ["a", "b"]}})", Told::yes},

    // an attribute that is absent is an error, and has() asks for it without one
    {R"(context.a == 1)", R"({})", Told::error},
    {R"(context.a != 1)", R"({})", Told::error},
    {R"(!(context.a == 1))", R"({})", Told::error},
    {R"(context.a == null)", R"({})", Told::error},
    {R"(context.a == null)", R"({"context": {"a": null}})", Told::yes},
    {R"(has(context.a))", R"({"context": {"a": null}})", Told::yes},
    {R"(has(context.a))", R"({"context": {}})", Told::no},
    {R"(has(context.a.b.c))", R"({"context": {"a": {"b": {"c": 1}}}})", Told::yes},
    {R"(has(context.a.b.c))", R"({"context": {"a": {"b": {}}}})", Told::no},
    {R"(has(context.a.b.c))", R"({"context": {"a": 5}})", Told::no},
    {R"(has(context.a[1]))", R"({"context": {"a": [1, 2]}})", Told::yes},
    {R"(has(context.a[2]))", R"({"context": {"a": [1, 2]}})", Told::no},
    {R"(has(resource.id))", R"({})", Told::no},
    {R"(has(resource.id))", R"({"resource": {"type": "doc", "id": "7"}})", Told::yes},
    {R"(resource.type == "doc")", R"({})", Told::error},
    {R"(context.a.b == 1)", R"({"context": {"a": 5}})", Told::error},
    {R"(context.a[0] == 1)", R"({"context": {"a": [1, 2]}})", Told::yes},
    {R"(context.a[2] == 1)", R"({"context": {"a": [1, 2]}})", Told::error},
    {R"(context.a[0] == 1)", R"({"context": {"a": {"0": 1}}})", Told::error},
    {R"(context["a b"]["c.d"] == 1)", R"({"context": {"a b": {"c.d": 1}}})", Told::yes},
    {R"(context["a"].b[0]['c'] == 1)", R"({"context": {"a": {"b": [{"c": 1}]}}})", Told::yes},

    // where the attributes are
    {R"(subject.type == "agent" && subject["id"] == "a" && subject.properties.x == 1)", R"({"subject": {"type": "agent", "id": "a", "properties": {"x": 1}}})", Told::yes},
    {R"(action.name == "read" && action.properties.x == 1)", R"({"action": {"name": "read", "properties": {"x": 1}}})", Told::yes},
    {R"(now == timestamp("2026-01-31T12:00:00Z"))", R"({"now": "2026-01-31T12:00:00Z"})", Told::yes},

    // && and ||: the side that decides, decides, wherever it stands
    {R"(false && context.a == 1)", R"({})", Told::no},
    {R"(context.a == 1 && false)", R"({})", Told::no},
    {R"(true && context.a == 1)", R"({})", Told::error},
    {R"(context.a == 1 && true)", R"({})", Told::error},
    {R"(true || context.a == 1)", R"({})", Told::yes},
    {R"(context.a == 1 || true)", R"({})", Told::yes},
    {R"(context.a == 1 || false)", R"({})", Told::error},
    {R"(context.a == 1 || context.b == 2 || context.c == 3)", R"({"context": {"c": 3}})", Told::yes},
    {R"(context.a || true)", R"({"context": {"a": 5}})", Told::yes},
    {R"(context.a && true)", R"({"context": {"a": 5}})", Told::error},
    {R"(true || false && false)", R"({})", Told::yes},
    {R"((true || false) && false)", R"({})", Told::no},
    {R"(context.flag)", R"({"context": {"flag": true}})", Told::yes},
    {R"(!context.flag)", R"({"context": {"flag": true}})", Told::no},
    {R"(context.flag)", R"({"context": {"flag": "true"}})", Told::error},
    {R"(!context.flag)", R"({"context": {"flag": 0}})", Told::error},
    {R"(!!true)", R"({})", Told::yes},
    {R"(!true == false)", R"({})", Told::yes},

    // equality: of different types, no; of numbers, by their values
    {R"(context.a == "1")", R"({"context": {"a": 1}})", Told::no},
    {R"(context.a != "1")", R"({"context": {"a": 1}})", Told::yes},
    {R"(context.a == false)", R"({"context": {"a": null}})", Told::no},
    {R"(context.a == 1)", R"({"context": {"a": 1.0}})", Told::yes},
    {R"(context.a == 1.0)", R"({"context": {"a": 1}})", Told::yes},
    {R"(context.a == 9007199254740993)", R"({"context": {"a": 9007199254740992.0}})", Told::no},
    {R"(9007199254740993 == 9007199254740993.0)", R"({})", Told::no},
    {R"(context.a == 0)", R"({"context": {"a": -0.0}})", Told::yes},
    {R"(context.a == context.b)", R"({"context": {"a": [1, {"x": "y", "z": null}], "b": [1.0, {"z": null, "x": "y"}]}})", Told::yes},
    {R"(context.a == context.b)", R"({"context": {"a": {"x": 1}, "b": {"y": 1}}})", Told::no},
    {R"(context.a == context.b)", R"({"context": {"a": {"x": 1}, "b": {"x": 1, "y": 1}}})", Told::no},
    {R"(context.a == ["x", "y"])", R"({"context": {"a": ["x", "y"]}})", Told::yes},
    {R"(context.a == ["x", "y"])", R"({"context": {"a": ["y", "x"]}})", Told::no},
    {R"([1, 2] == [1.0, 2.0])", R"({})", Told::yes},
    {R"([] == [1])", R"({})", Told::no},
    {R"("a" == 'a')", R"({})", Told::yes},

    // order: of numbers, strings, timestamps and durations among themselves; an error otherwise
    {R"(context.a < 500)", R"({"context": {"a": 499.99}})", Told::yes},
    {R"(context.a < 500)", R"({"context": {"a": "499"}})", Told::error},
    {R"(context.a < 500)", R"({"context": {"a": true}})", Told::error},
    {R"(context.a < 500)", R"({"context": {"a": null}})", Told::error},
    {R"(context.a < context.b)", R"({"context": {"a": [1], "b": [2]}})", Told::error},
    {R"(context.a < context.b)", R"({"context": {"a": false, "b": true}})", Told::error},
    {R"(9007199254740992.0 < 9007199254740993)", R"({})", Told::yes},
    {R"(9223372036854775807 < 9223372036854775808.0)", R"({})", Told::yes},
    {R"(-9223372036854775808 >= -9223372036854775808.0)", R"({})", Told::yes},
    {R"(-9223372036854775808 > -1e300)", R"({})", Told::yes},
    {R"(-1 > -1.5)", R"({})", Told::yes},
    {R"(-2 < -1.5)", R"({})", Told::yes},
    {R"("a" < "b" && "a" < "aa" && "Z" < "a")", R"({})", Told::yes},
    {R"("z" < "ä" && "ä" <= "ä")", R"({})", Told::yes},
    {R"(-context.a < 0)", R"({"context": {"a": 1}})", Told::yes},
    {R"(-context.a < 0)", R"({"context": {"a": "1"}})", Told::error},
    {R"(-context.a > 0)", R"({"context": {"a": -9223372036854775808}})", Told::error},

    // in: a value in a list, a name in a map
    {R"(context.a in [1, 2, 3])", R"({"context": {"a": 2.0}})", Told::yes},
    {R"(context.a in [1, 2, 3])", R"({"context": {"a": "2"}})", Told::no},
    {R"(context.a in [])", R"({"context": {"a": 1}})", Told::no},
    {R"(context.a in [context.b, 2])", R"({"context": {"a": 2, "b": 1}})", Told::yes},
    {R"(context.a in [2, context.b])", R"({"context": {"a": 2}})", Told::error},
    {R"([1] in context.a)", R"({"context": {"a": [[2], [1]]}})", Told::yes},
    {R"(null in context.a)", R"({"context": {"a": [1, null]}})", Told::yes},
    {R"("x" in context.a)", R"({"context": {"a": {"x": null}}})", Told::yes},
    {R"("y" in context.a)", R"({"context": {"a": {"x": null}}})", Told::no},
    {R"("x" in context)", R"({"context": {"x": 1}})", Told::yes},
    {R"("x" in resource.properties)", R"({"resource": {"type": "t", "id": "i"}})", Told::no},
    {R"(context.x in context)", R"({"context": {"x": 1}})", Told::error},
    {R"(1 in context.a)", R"({"context": {"a": {"1": 1}}})", Told::error},
    {R"("x" in context.a)", R"({"context": {"a": "xyz"}})", Told::error},

    // strings
    {R"("abc".contains("bc") && "abc".contains("") && !"abc".contains("cb"))", R"({})", Told::yes},
    {R"("abc".startsWith("abc") && !"abc".startsWith("abcd"))", R"({})", Told::yes},
    {R"("abc".endsWith("bc") && "abc".endsWith(""))", R"({})", Told::yes},
    {R"(context.a.startsWith("1"))", R"({"context": {"a": 1}})", Told::error},
    {R"("1a".startsWith(context.a))", R"({"context": {"a": 1}})", Told::error},
    {R"("\x41\u00e4\U0001F600\101" == "Aä😀A")", R"({})", Told::yes},
    {R"('it\'s' == "it's" && "\a\b\f\n\r\t\v\\\?\"\`".size() == 11)", R"({})", Told::yes},
    {R"(size("äöü") == 3 && "äöü".size() == 3)", R"({})", Told::yes},
    {R"(size(context.a) == 2)", R"({"context": {"a": {"x": 1, "y": 2}}})", Told::yes},
    {R"(context.a.size() == 0)", R"({"context": {"a": []}})", Told::yes},
    {R"(size(context.a) == 1)", R"({"context": {"a": 5}})", Told::error},
    {R"(size([1, context.a]) == 2)", R"({"context": {"a": [3, 4]}})", Told::yes},

    // times, in whole milliseconds
    {R"(timestamp("2026-01-31T13:00:00+01:00") == timestamp("2026-01-31T12:00:00.000Z"))", R"({})", Told::yes},
    {R"(timestamp("2026-01-31T12:00:00Z") + duration("1h30m") == timestamp("2026-01-31T13:30:00Z"))", R"({})", Told::yes},
    {R"(duration("24h") + timestamp("2026-01-31T00:00:00Z") == timestamp("2026-02-01T00:00:00Z"))", R"({})", Told::yes},
    {R"(timestamp("2026-01-31T12:00:00Z") - duration("0.5s") == timestamp("2026-01-31T11:59:59.5Z"))", R"({})", Told::yes},
    {R"(timestamp("2026-01-31T12:00:00Z") - timestamp("2026-01-31T13:00:00Z") == duration("-60m"))", R"({})", Told::yes},
    {R"(duration("1.5h") == duration("90m") && duration("1s") > duration("999ms"))", R"({})", Told::yes},
    {R"(duration("1h1m1s1ms") == duration("3661001ms") && duration("0") == duration("0s"))", R"({})", Told::yes},
    {R"(duration("2000us") == duration("2ms") && duration("+3000000ns") == duration("3ms"))", R"({})", Told::yes},
    {R"(duration(context.d) < duration("1m"))", R"({"context": {"d": "59s"}})", Told::yes},
    {R"(duration(context.d) < duration("1m"))", R"({"context": {"d": "59"}})", Told::error},
    {R"(timestamp(context.t) < now)", R"({"context": {"t": "yesterday"}, "now": "2026-01-31T12:00:00Z"})", Told::error},
    {R"(timestamp(context.t) < now)", R"({"context": {"t": 1700000000}, "now": "2026-01-31T12:00:00Z"})", Told::error},
    {R"(timestamp("9999-12-31T23:59:59Z") + duration("1s") > now)", R"({"now": "2026-01-31T12:00:00Z"})", Told::error},
    {R"(timestamp("0000-01-01T00:00:00Z") - duration("1ms") < now)", R"({"now": "2026-01-31T12:00:00Z"})", Told::error},

    // addresses
    {R"(inNetwork(context.ip, "2001:db8::/32"))", R"({"context": {"ip": "2001:db8::1"}})", Told::yes},
    {R"(inNetwork(context.ip, "10.0.0.0/8"))", R"({"context": {"ip": "::ffff:10.0.0.1"}})", Told::yes},
    {R"(inNetwork(context.ip, "::/0"))", R"({"context": {"ip": "10.0.0.1"}})", Told::no},
    {R"(inNetwork(context.ip, "127.0.0.1"))", R"({"context": {"ip": "127.0.0.1"}})", Told::yes},
    {R"(inNetwork(context.ip, "10.0.0.0/8"))", R"({"context": {"ip": "10.0.0.1:80"}})", Told::error},
    {R"(inNetwork(context.ip, "10.0.0.0/8"))", R"({"context": {"ip": 10}})", Told::error},

    // ways to write the same
    {"  true\t\n&&\r\f true ", R"({})", Told::yes},
    {R"(0x1F == 31 && .5 == 5e-1 && 1E2 == 100)", R"({})", Told::yes},
    {R"((((context.a)) == (1)))", R"({"context": {"a": 1}})", Told::yes},
    {R"(1 == 1 == true)", R"({})", Told::yes},
    {R"(---context.a == -1)", R"({"context": {"a": 1}})", Told::yes},
};

// What is not of the language, and what is said of it. Places are counted in characters, from 1.
struct RefusedCondition {
  std::string_view condition;
  std::string_view message;
};

inline constexpr RefusedCondition refused_conditions[] = {
    {"", "at character 1: expected a value"},
    {"   ", "at character 4: expected a value"},
    {"context.a &&", "at character 13: expected a value after '&&'"},
    {"context.a && )", "at character 14: expected a value after '&&'"},
    {"(true", "at character 6: expected ')'"},
    {"true)", "at character 5: expected an operator or the end, not ')'"},
    {"true false", "at character 6: expected an operator or the end, not 'false'"},
    {R"("a" "secret")", "at character 5: expected an operator or the end, not a string"},
    {"\"\xC3\xA4\xC3\xB6\" == \xC3\xA4", "at character 9: a character that means nothing here"},
    {"\xFF", "at character 1: this is not UTF-8"},
    {"context.a == 'x", "at character 14: the text has no end"},
    {"context.a == 'x\n'", "at character 14: the text has no end"},
    {R"("a\qb" == "")", "at character 3: an escape that does not stand for a character"},
    {R"("\ud800" == "")", "at character 2: an escape that does not stand for a character"},
    {R"("\400" == "")", "at character 2: an escape that does not stand for a character"},

    // names
    {"principal.id == 'a'", "at character 1: 'principal' is unknown: there are subject, action, resource, context, now"},
    {"subject == 'a'", "at character 1: 'subject' has no value of its own: its members are type, id and properties"},
    {"subject.name == 'a'", "at character 9: 'subject' has no such member: its members are type, id and properties"},
    {"action.id == 'a'", "at character 8: 'action' has no such member: its members are name and properties"},
    {"subject.id.x == 'a'", "at character 12: only attributes have members"},
    {"context == 'a'", "at character 1: 'context' has no value of its own: name a member, or ask \"name\" in it"},
    {"size(resource.properties) == 0", "at character 6: 'resource.properties' has no value of its own: name a member, or ask \"name\" in it"},
    {"context.", "at character 9: expected a name after '.'"},
    {"context.5", "at character 9: expected a name after '.', not '5'"},
    {"context.in == 1", "at character 9: 'in' is no name here: write [\"in\"], without the dot"},
    {"context[0] == 1", "at character 9: members of a map have names, not numbers"},
    {"context.a[-1] == 1", "at character 11: expected a literal in the brackets: a string, or 0 or more"},
    {"context.a[context.b] == 1", "at character 11: expected a literal in the brackets: a string, or 0 or more"},
    {"now.a == 1", "at character 4: only attributes have members"},
    {"(context).a == 1", "at character 10: only attributes have members"},
    {"(context.a).b == 1", "at character 12: only attributes have members"},
    {"[1][0] == 1", "at character 4: only attributes have elements"},
    {"has(context)", "at character 5: has() takes an attribute, as in has(context.name)"},
    {"has(now)", "at character 5: has() takes an attribute, as in has(context.name)"},
    {"has(context.a == 1)", "at character 15: expected ')', not '=='"},

    // types
    {"5", "at character 1: a condition is true or false, and this is an int"},
    {"now", "at character 1: a condition is true or false, and this is a timestamp"},
    {"\"a\" < 3", "at character 5: a string and an int cannot be compared"},
    {"subject.type == 5", "at character 14: a string and an int cannot be compared"},
    {"true < false", "at character 1: a bool has no order"},
    {"null == 1", "at character 6: null and an int cannot be compared"},
    {"context.a in [1, 'b', 2] && 'a' in [1]", "at character 33: a string and an int cannot be compared"},
    {"1 in 2", "at character 6: 'in' takes a list or a map, not an int"},
    {"1 in context", "at character 1: 'in' a map takes a string, not an int"},
    {"[[1]] == context.a", "at character 2: a literal list holds no lists"},
    {"context.a && 'b'", "at character 14: '&&' takes a bool, not a string"},
    {"!5", "at character 2: '!' takes a bool, not an int"},
    {"-'a' == context.b", "at character 2: '-' takes a number, not a string"},
    {"size(5) == 1", "at character 6: size() takes a string, not an int"},
    {"context.a.startsWith(1)", "at character 22: startsWith() takes a string, not an int"},
    {"true.startsWith('t')", "at character 1: startsWith() takes a string, not a bool"},
    {"now < context.t", "at character 5: an attribute is never a timestamp: write timestamp(…) around it"},
    {"context.d == duration('1h')", "at character 11: an attribute is never a duration: write duration(…) around it"},
    {"context.t + duration('1h') > now", "at character 11: '+' takes a timestamp and a duration: write timestamp(…) or duration(…) around an attribute"},
    {"now + now > now", "at character 5: there is no arithmetic but timestamp + duration, timestamp - duration and timestamp - timestamp"},
    {"1 + 1 == 2", "at character 3: there is no arithmetic but timestamp + duration, timestamp - duration and timestamp - timestamp"},
    {"timestamp(5) < now", "at character 11: timestamp() takes a string, not an int"},
    {"timestamp('2026-02-30T00:00:00Z') < now", "at character 11: this is no time of RFC 3339, as \"2026-01-31T12:00:00Z\""},
    {"duration('1d') == duration('1h')", "at character 10: this is no duration in whole milliseconds, as \"1h30m\""},
    {"duration('1ns') == duration('1h')", "at character 10: this is no duration in whole milliseconds, as \"1h30m\""},
    {"inNetwork(context.ip, '10.0.0.1/8')", "at character 23: this is no network, as \"10.0.0.0/8\", without bits past the prefix"},
    {"inNetwork(context.ip, context.net)", "at character 23: the network of inNetwork() is a literal, as \"10.0.0.0/8\""},
    {"inNetwork(5, '10.0.0.0/8')", "at character 11: inNetwork() takes a string, not an int"},

    // numbers
    {"context.a == 9223372036854775808", "at character 14: this number is beyond what an int holds"},
    {"context.a == -9223372036854775809", "at character 14: this number is beyond what an int holds"},
    {"context.a == 1e999", "at character 14: this number is beyond what a double holds"},
    {"context.a == 1u", "at character 14: a number ends in digits, without a suffix"},
    {"context.a == 1e", "at character 14: an exponent needs digits"},
    {"context.a == 0x", "at character 14: a number needs digits behind 0x"},

    // what CEL has, and we do not
    {"context.a = 1", "at character 11: '=' is no operator: '==' compares"},
    {"true & true", "at character 6: '&' is no operator: '&&' is"},
    {"true | true", "at character 6: '|' is no operator: '||' is"},
    {"context.a * 2 == 4", "at character 11: there is no arithmetic but '+' and '-' of timestamps and durations"},
    {"context.a ? true : false", "at character 11: there is no '?:'"},
    {"{'a': 1} == context.a", "at character 1: there are no literals of maps"},
    {"r'a' == 'a'", "at character 1: there are no raw texts and no bytes"},
    {"context.a.matches('b')", "at character 11: there are no regular expressions"},
    {"context.a.all(x, true)", "at character 11: there are no macros but has()"},
    {"int(context.a) == 1", "at character 1: there is no function 'int'"},
    {"startsWith(context.a, 'b')", "at character 1: 'startsWith' is written x.f(y), not f(x, y)"},
    {"context.a.timestamp() < now", "at character 11: 'timestamp' is written f(x), not x.f()"},
    {"context.a.startsWith()", "at character 11: 'startsWith' takes 1 argument(s)"},
    {"size() == 1", "at character 1: 'size' takes 1 argument(s)"},
};

// What is said of a condition that does not match.
struct ExplainedCondition {
  std::string_view condition;
  std::string_view facts;
  std::string_view explanation;
};

inline constexpr ExplainedCondition explained_conditions[] = {
    {"true", R"({})", ""},
    {"context.amount < 500", R"({"context": {"amount": 700}})", "context.amount < 500 is false: 700"},
    {"500 > context.amount", R"({"context": {"amount": 700.5}})", "500 > context.amount is false: 700.5"},
    {"context.a == context.b", R"({"context": {"a": "x\"y", "b": [1, {"c": null}]}})", R"(context.a == context.b is false: "x\"y" and [1,{"c":null}])"},
    {"resource.properties.status == 'active'", R"({})", "resource.properties.status: no such attribute"},
    {"context.a == 1 && context.b == 2 && context.c == 3", R"({"context": {"a": 1, "c": 4}})", "context.c == 3 is false: 4"},
    {"context.a == 1 && context.b == 2", R"({"context": {"a": 1}})", "context.b: no such attribute"},
    {"context.a == 1 || context.b == 2", R"({"context": {"a": 2, "b": 1}})", "context.a == 1 is false: 2; context.b == 2 is false: 1"},
    {"context.a == 1 || context.b == 2", R"({"context": {"b": 1}})", "context.a: no such attribute"},
    {"false || false || false || false || false", R"({})", "false is false; false is false; false is false; false is false; …"},
    {"!(context.a == 1)", R"({"context": {"a": 1}})", "!(context.a == 1) is false"},
    {"!has(context.a)", R"({"context": {"a": 1}})", "!has(context.a) is false"},
    {"has(context.a)", R"({})", "has(context.a) is false"},
    {"context.a in ['x', 'y']", R"({"context": {"a": "z"}})", "context.a in ['x', 'y'] is false: \"z\""},
    {"'x' in context", R"({})", "'x' in context is false"},
    {"context.flag", R"({"context": {"flag": 5}})", "context.flag: neither true nor false: 5"},
    {"context.flag && true", R"({"context": {"flag": "on"}})", "context.flag: neither true nor false: \"on\""},
    {"context.flag", R"({"context": {"flag": false}})", "context.flag is false"},
    {"context.amount < 500", R"({"context": {"amount": "7"}})", "context.amount < 500: not for values of these types: \"7\""},
    {"timestamp(context.t) < now", R"({"context": {"t": "soon"}, "now": "2026-01-31T12:00:00Z"})", "timestamp(context.t): no time of RFC 3339: \"soon\""},
    {"now < timestamp(context.t)", R"({"context": {"t": "2026-01-31T11:00:00Z"}, "now": "2026-01-31T12:00:00Z"})", "now < timestamp(context.t) is false: 2026-01-31T12:00:00.000Z and 2026-01-31T11:00:00.000Z"},
    {"now - timestamp(context.t) < duration('1m')", R"({"context": {"t": "2026-01-31T11:00:00.5Z"}, "now": "2026-01-31T12:00:00Z"})", "now - timestamp(context.t) < duration('1m') is false: 3599.500s"},
    {"inNetwork(context.ip, '10.0.0.0/8')", R"({"context": {"ip": "localhost"}})", "inNetwork(context.ip, '10.0.0.0/8'): no address: \"localhost\""},
    {"context.a == 1", R"({"context": {"a": "0123456789012345678901234567890123456789012345678901234567890123456789"}})", "context.a == 1 is false: \"0123456789012345678901234567890123456789012345678901234567890123…\""},
};
// clang-format on

}  // namespace agentauth::cases
