// What is granted, what is asked, and what is answered: the rules of decisions by example.
//
// A policy is lines of
//
//   allow SUBJECT ACTION [on RESOURCE] [from T] [until T] [uses N] [when CONDITION]
//   deny …, audit …                  the same with another effect
//   member SUBJECT of ROLE [until T]
//   know ENTITY {"property": …}      stored attributes
//   suspend AGENT
//   narrow AGENT ACTION …            the key it acts through is good for these alone
//   spend SUBJECT ACTION             its counted grants of that are used up
//
// agent:bot and the like stand for agents, which are made as they are named, as roles and groups
// are. A question is
//
//   SUBJECT ACTION [on RESOURCE] [at T] [with WHAT {"property": …}] …
//
// where WHAT is subject, action, resource or context. T is in seconds; without it, it is 100.
#pragma once

#include <string_view>

namespace agentauth::cases {

struct DecisionCase {
  std::string_view rule;
  std::string_view policy;
  std::string_view question;
  // A reason; "+ audited as …" for each grant that decides nothing and matches: what it would have
  // come to as an allow.
  std::string_view answer;
};

inline constexpr DecisionCase plain_cases[] = {
    {"nothing is allowed that was not granted", "", "agent:bot read", "not_granted"},
    {"what was granted is allowed", "allow agent:bot read", "agent:bot read", "granted"},
    {"and nothing beside it", "allow agent:bot read", "agent:bot write", "not_granted"},
    {"to nobody else", "allow agent:bot read", "agent:other read", "not_granted"},
    {"on any resource", "allow agent:bot read", "agent:bot read on city:berlin", "granted"},
    {"case counts", "allow agent:bot read", "agent:bot Read", "not_granted"},
    {"a wildcard covers what is below it", "allow agent:bot a:*", "agent:bot a:b:c", "granted"},
    {"but not its own stem", "allow agent:bot a:*", "agent:bot a", "not_granted"},
    {"nor a name that only begins like it", "allow agent:bot a:*", "agent:bot ab:c", "not_granted"},
    {"one wildcard covers everything", "allow agent:bot *", "agent:bot a:b:c", "granted"},
    {"wildcards work on resources too", "allow agent:bot a:* on city:berlin",
     "agent:bot a:b on city:berlin", "granted"},
    {"and in roles", "allow role:r a:*\nmember agent:bot of role:r", "agent:bot a:b", "granted"},
    {"agent:* is every agent", "allow agent:* read", "agent:bot read", "granted"},
    {"and no other subject", "allow agent:* read", "user:alice read", "not_granted"},
    {"other subjects need no registration", "allow user:alice read", "user:alice read", "granted"},
    {"of theirs, case counts too", "allow user:alice read", "user:Alice read", "not_granted"},
    {"who is unknown is no agent", "allow agent:* read", "agent:nobody read", "agent_unknown"},
    {"who is suspended may do nothing", "allow agent:bot *\nsuspend agent:bot", "agent:bot read",
     "agent_suspended"},
    {"not even what every agent may", "allow agent:* read\nsuspend agent:bot", "agent:bot read",
     "agent_suspended"},
    {"not even by a role", "allow role:r read\nmember agent:bot of role:r\nsuspend agent:bot",
     "agent:bot read", "agent_suspended"},
    {"a narrowed key is good for what it names", "allow agent:bot *\nnarrow agent:bot read",
     "agent:bot read", "granted"},
    {"and for nothing else", "allow agent:bot *\nnarrow agent:bot read", "agent:bot write",
     "outside_key"},
    {"whoever granted it", "allow role:r write\nmember agent:bot of role:r\nnarrow agent:bot read",
     "agent:bot write", "outside_key"},
    {"it gives nothing the agent does not hold", "narrow agent:bot read", "agent:bot read",
     "not_granted"},
    {"and lifts no deny", "allow agent:bot read\ndeny agent:bot read\nnarrow agent:bot read",
     "agent:bot read", "denied"},
};

inline constexpr DecisionCase member_cases[] = {
    {"a role's grants are its members'", "allow role:reader read\nmember agent:bot of role:reader",
     "agent:bot read", "granted"},
    {"and not everybody's", "allow role:reader read\nmember agent:bot of role:reader",
     "agent:other read", "not_granted"},
    {"a group's are, too", "allow group:staff read\nmember user:alice of group:staff",
     "user:alice read", "granted"},
    {"a role and a group of one name are two", "allow role:x read\nmember agent:bot of group:x",
     "agent:bot read", "not_granted"},
    {"a group in a role",
     "allow role:r read\nmember group:g of role:r\nmember agent:bot of group:g", "agent:bot read",
     "granted"},
    {"and a role in a group",
     "allow group:g read\nmember role:r of group:g\nmember agent:bot of role:r", "agent:bot read",
     "granted"},
    {"never the other way round",
     "allow role:inner read\nmember role:inner of role:outer\nmember agent:bot of role:outer",
     "agent:bot read", "not_granted"},
    {"through many levels",
     "allow role:a read\nmember role:b of role:a\nmember role:c of role:b\n"
     "member role:d of role:c\nmember role:e of role:d\nmember agent:bot of role:e",
     "agent:bot read", "granted"},
    {"by two ways at once",
     "allow role:top read\nmember role:l of role:top\nmember role:r of role:top\n"
     "member agent:bot of role:l\nmember agent:bot of role:r",
     "agent:bot read", "granted"},
    {"a circle, had somebody written one, ends",
     "allow role:b read\nmember role:a of role:b\nmember role:b of role:a\n"
     "member agent:bot of role:a",
     "agent:bot read", "granted"},
    {"a role is a subject itself", "allow role:r read", "role:r read", "granted"},
    {"until a membership ends", "allow role:r read\nmember agent:bot of role:r until 200",
     "agent:bot read at 199", "granted"},
    {"and not at that moment", "allow role:r read\nmember agent:bot of role:r until 200",
     "agent:bot read at 200", "not_granted"},
    {"which counts on the way, too",
     "allow role:a read\nmember role:b of role:a until 200\nmember agent:bot of role:b",
     "agent:bot read at 200", "not_granted"},
    {"another way lasts",
     "allow role:a read\nmember role:b of role:a\n"
     "member agent:bot of role:a until 50\nmember agent:bot of role:b",
     "agent:bot read", "granted"},
};

inline constexpr DecisionCase resource_cases[] = {
    {"one resource", "allow agent:bot read on city:berlin", "agent:bot read on city:berlin",
     "granted"},
    {"is not another", "allow agent:bot read on city:berlin", "agent:bot read on city:bern",
     "not_granted"},
    {"nor one that is called longer", "allow agent:bot read on city:berlin",
     "agent:bot read on city:berlin2", "not_granted"},
    {"nor one of another type", "allow agent:bot read on city:berlin",
     "agent:bot read on town:berlin", "not_granted"},
    {"nor nothing in particular", "allow agent:bot read on city:berlin", "agent:bot read",
     "not_granted"},
    {"case counts", "allow agent:bot read on city:berlin", "agent:bot read on city:Berlin",
     "not_granted"},
    {"all that begin alike", "allow agent:bot read on city:ber*", "agent:bot read on city:bern",
     "granted"},
    {"with nothing more, too", "allow agent:bot read on city:ber*", "agent:bot read on city:ber",
     "granted"},
    {"others do not", "allow agent:bot read on city:ber*", "agent:bot read on city:paris",
     "not_granted"},
    {"all of a type", "allow agent:bot read on city:*", "agent:bot read on city:paris", "granted"},
    {"not of a longer type", "allow agent:bot read on city:*", "agent:bot read on citystate:monaco",
     "not_granted"},
    {"nor nothing in particular", "allow agent:bot read on city:*", "agent:bot read",
     "not_granted"},
    {"ids may hold colons", "allow agent:bot read on doc:a:*", "agent:bot read on doc:a:1",
     "granted"},
    {"an asked star is a name", "allow agent:bot read on city:berlin", "agent:bot read on city:*",
     "not_granted"},
    {"of many rules the one that fits is found",
     "allow agent:bot read on city:a\nallow agent:bot read on city:b\n"
     "allow agent:bot read on city:c\nallow agent:bot read on city:d\n"
     "allow agent:bot read on city:e\nallow agent:bot read on city:f\n"
     "allow agent:bot read on city:g\nallow agent:bot read on city:h\n"
     "allow agent:bot read on city:i*\nallow agent:bot write on city:j",
     "agent:bot read on city:ill", "granted"},
    {"and no other",
     "allow agent:bot read on city:a\nallow agent:bot read on city:b\n"
     "allow agent:bot read on city:c\nallow agent:bot read on city:d\n"
     "allow agent:bot read on city:e\nallow agent:bot read on city:f\n"
     "allow agent:bot read on city:g\nallow agent:bot read on city:h\n"
     "allow agent:bot read on city:i*\nallow agent:bot write on city:j",
     "agent:bot read on city:j", "not_granted"},
};

inline constexpr DecisionCase deny_cases[] = {
    {"a deny wins", "allow agent:bot read\ndeny agent:bot read", "agent:bot read", "denied"},
    {"whichever came first", "deny agent:bot read\nallow agent:bot read", "agent:bot read",
     "denied"},
    {"without an allow it says the same", "deny agent:bot read", "agent:bot read", "denied"},
    {"from a role", "allow agent:bot read\ndeny role:r read\nmember agent:bot of role:r",
     "agent:bot read", "denied"},
    {"from far above",
     "allow agent:bot read\ndeny group:all read\nmember role:r of group:all\n"
     "member agent:bot of role:r",
     "agent:bot read", "denied"},
    {"from every agent", "allow agent:bot read\ndeny agent:* read", "agent:bot read", "denied"},
    {"with a wildcard", "allow agent:bot a:b\ndeny agent:bot a:*", "agent:bot a:b", "denied"},
    {"with the widest", "allow agent:bot a:b\ndeny role:r *\nmember agent:bot of role:r",
     "agent:bot a:b", "denied"},
    {"on a narrower resource", "allow agent:bot read on city:*\ndeny agent:bot read on city:berlin",
     "agent:bot read on city:berlin", "denied"},
    {"and only there", "allow agent:bot read on city:*\ndeny agent:bot read on city:berlin",
     "agent:bot read on city:bern", "granted"},
    {"also on a wider one", "allow agent:bot read on city:berlin\ndeny agent:bot read on city:*",
     "agent:bot read on city:berlin", "denied"},
    {"what is denied on some is allowed on nothing in particular",
     "allow agent:bot read\ndeny agent:bot read on city:berlin", "agent:bot read", "granted"},
    {"of something else it is none", "allow agent:bot read\ndeny agent:bot write", "agent:bot read",
     "granted"},
    {"of somebody else neither", "allow agent:bot read\ndeny agent:other read", "agent:bot read",
     "granted"},
    {"when its condition holds", R"(allow agent:bot read
deny agent:bot read when context.risk == "high")",
     R"(agent:bot read with context {"risk": "high"})", "denied"},
    {"not when it does not", R"(allow agent:bot read
deny agent:bot read when context.risk == "high")",
     R"(agent:bot read with context {"risk": "low"})", "granted"},
    {"when nobody can tell", R"(allow agent:bot read
deny agent:bot read when context.risk == "high")",
     "agent:bot read", "denied"},
    {"until it ends", "allow agent:bot read\ndeny agent:bot read until 200",
     "agent:bot read at 200", "granted"},
    {"from when it begins", "allow agent:bot read\ndeny agent:bot read from 200",
     "agent:bot read at 200", "denied"},
    {"and not before", "allow agent:bot read\ndeny agent:bot read from 200",
     "agent:bot read at 199", "granted"},
    {"a membership that ended denies no more",
     "allow agent:bot read\ndeny role:r read\nmember agent:bot of role:r until 100",
     "agent:bot read at 100", "granted"},
};

inline constexpr DecisionCase condition_cases_of_grants[] = {
    {"an allow whose condition holds", "allow agent:bot pay when context.amount < 500",
     R"(agent:bot pay with context {"amount": 499})", "granted"},
    {"and one whose does not", "allow agent:bot pay when context.amount < 500",
     R"(agent:bot pay with context {"amount": 500})", "not_granted"},
    {"when nobody can tell, it allows nothing", "allow agent:bot pay when context.amount < 500",
     "agent:bot pay", "not_granted"},
    {"nor with a wrong type", "allow agent:bot pay when context.amount < 500",
     R"(agent:bot pay with context {"amount": "1"})", "not_granted"},
    {"another grant may do", "allow agent:bot pay when context.amount < 500\nallow agent:bot pay",
     "agent:bot pay", "granted"},
    {"stored attributes are seen",
     "allow agent:bot read when resource.properties.open == true\n"
     R"(know record:1 {"open": true})",
     "agent:bot read on record:1", "granted"},
    {"and win over what a caller says",
     "allow agent:bot read when resource.properties.open == true\n"
     R"(know record:1 {"open": false})",
     R"(agent:bot read on record:1 with resource {"open": true})", "not_granted"},
    {"of the subject, too",
     "allow user:alice read when subject.properties.clearance > 2\n"
     R"(know user:alice {"clearance": 1})",
     R"(user:alice read with subject {"clearance": 9})", "not_granted"},
    {"what is not stored may be said",
     "allow user:alice read when subject.properties.clearance > 2\n"
     R"(know user:alice {"team": "x"})",
     R"(user:alice read with subject {"clearance": 9})", "granted"},
    {"nobody calls itself by another owner",
     R"(allow agent:bot read when subject.properties.owner == "boss@example.com")",
     R"(agent:bot read with subject {"owner": "boss@example.com"})", "not_granted"},
    {"nor by one that is stored of it",
     "allow agent:bot read when subject.properties.owner == \"boss@example.com\"\n"
     "know agent:bot {\"owner\": \"boss@example.com\"}",
     "agent:bot read", "not_granted"},
    {"an agent's owner is known",
     R"(allow agent:bot read when subject.properties.owner == "ops@example.com")", "agent:bot read",
     "granted"},
    {"a role's condition looks at who asks",
     "allow role:r read when subject.id == resource.properties.owner\n"
     "member user:alice of role:r\n"
     R"(know record:1 {"owner": "alice"})",
     "user:alice read on record:1", "granted"},
    {"and at nobody else",
     "allow role:r read when subject.id == resource.properties.owner\n"
     "member user:bob of role:r\n"
     R"(know record:1 {"owner": "alice"})",
     "user:bob read on record:1", "not_granted"},
    {"the action has a name", R"(allow agent:bot a:* when action.name == "a:b")", "agent:bot a:b",
     "granted"},
    {"a condition that nobody can read any more allows nothing",
     "allow agent:bot read when context.amount <<< 5", "agent:bot read", "not_granted"},
    {"and denies everything", "allow agent:bot read\ndeny agent:bot read when no such language (",
     "agent:bot read", "denied"},
};

inline constexpr DecisionCase term_cases[] = {
    {"not before it begins", "allow agent:bot read from 200", "agent:bot read at 199",
     "not_granted"},
    {"from then on", "allow agent:bot read from 200", "agent:bot read at 200", "granted"},
    {"until it ends", "allow agent:bot read until 200", "agent:bot read at 199", "granted"},
    {"and not at that moment", "allow agent:bot read until 200", "agent:bot read at 200",
     "not_granted"},
    {"in between", "allow agent:bot read from 50 until 200", "agent:bot read at 100", "granted"},
    {"a counted grant allows", "allow agent:bot read uses 2", "agent:bot read", "granted"},
    {"until it is used up", "allow agent:bot read uses 2\nspend agent:bot read", "agent:bot read",
     "uses_spent"},
    {"which says nothing where another one allows",
     "allow agent:bot read uses 2\nspend agent:bot read\nallow role:r read\n"
     "member agent:bot of role:r",
     "agent:bot read", "granted"},
    {"nor where one denies",
     "allow agent:bot read uses 2\nspend agent:bot read\n"
     "deny agent:bot read",
     "agent:bot read", "denied"},
    {"nor where it would not have matched",
     "allow agent:bot read on city:bern uses 2\nspend agent:bot read",
     "agent:bot read on city:paris", "not_granted"},
    {"an audit grant decides nothing", "audit agent:bot read", "agent:bot read",
     "not_granted + audited as granted"},
    {"whether it is allowed", "audit agent:bot read\nallow agent:bot read", "agent:bot read",
     "granted + audited as granted"},
    {"or denied, which an allow would not change", "audit agent:* read\ndeny agent:bot read",
     "agent:bot read", "denied + audited as denied"},
    {"nor would one change what the key was narrowed to",
     "audit agent:bot read\nnarrow agent:bot b", "agent:bot read",
     "not_granted + audited as outside_key"},
    {"each that matches is audited",
     "audit agent:bot read\naudit agent:bot * on city:*\naudit agent:bot write",
     "agent:bot read on city:berlin", "not_granted + audited as granted + audited as granted"},
    {"it matches as others do", "audit agent:bot read on city:*\nallow agent:bot read",
     "agent:bot read on town:x", "granted"},
    {"in time", "audit agent:bot read until 50\nallow agent:bot read", "agent:bot read", "granted"},
    {"what nobody can tell is not audited",
     "audit agent:bot read when context.x\n"
     "allow agent:bot read",
     "agent:bot read", "granted"},
};

}  // namespace agentauth::cases
