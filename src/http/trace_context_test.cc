#include "http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace agentauth::http {
namespace {

const std::string trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent_id = "00f067aa0ba902b7";
const std::string valid = "00-" + trace_id + "-" + parent_id + "-01";

std::string with(std::size_t at, std::string_view text) {
  std::string changed = valid;
  return changed.replace(at, text.size(), text);
}

TEST(TraceContext, AValidTraceparentNamesTraceAndParent) {
  for (const std::string& text :
       {valid, with(53, "00"), with(53, "ff"), with(3, std::string(31, '0') + "1"),
        with(36, "0000000000000001"), std::string(valid)}) {
    const auto parent = parse_traceparent(text);
    ASSERT_TRUE(parent) << text;
    EXPECT_EQ(parent->trace_id, text.substr(3, 32));
    EXPECT_EQ(parent->parent_id, text.substr(36, 16));
  }
}

TEST(TraceContext, AHigherVersionIsReadAsFarAsWeKnowIt) {
  for (const std::string& text :
       {with(0, "01"), with(0, "fe"), with(0, "cc") + "-", with(0, "01") + "-what-the-future-holds",
        with(0, "01") + "-\"\xC3\xA9"})
    EXPECT_EQ(parse_traceparent(text).value_or(TraceParent{}).trace_id, trace_id) << text;
}

TEST(TraceContext, WhatIsInvalidIsAsGoodAsNone) {
  const std::string zeros(32, '0');
  for (const std::string& text : {std::string(),
                                  std::string("00"),
                                  valid.substr(0, valid.size() - 1),
                                  valid + "0",
                                  valid + "-",
                                  valid + "-more",
                                  " " + valid,
                                  valid + " ",
                                  valid + "," + valid,
                                  with(0, "ff"),
                                  with(0, "0x"),
                                  with(0, "FE"),
                                  with(0, "01") + "more",
                                  with(0, "01").substr(0, 54),
                                  with(2, "_"),
                                  with(35, "_"),
                                  with(52, "_"),
                                  with(3, zeros),
                                  with(36, zeros.substr(0, 16)),
                                  with(3, "4BF92F35"),
                                  with(36, "00F067AA"),
                                  with(53, "0A"),
                                  with(53, "0g"),
                                  with(10, "\""),
                                  with(10, "\n"),
                                  with(40, std::string(1, '\0')),
                                  with(10, "g")})
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

TEST(TraceContext, TheHeaderCountsWhenItIsSentOnce) {
  Request request;
  EXPECT_FALSE(trace_parent(request));
  request.add_header("TraceParent", valid);
  EXPECT_EQ(trace_parent(request).value_or(TraceParent{}).parent_id, parent_id);
  request.add_header("traceparent", valid);
  EXPECT_FALSE(trace_parent(request));
}

}  // namespace
}  // namespace agentauth::http
