#include "http/internal/head_scan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace agentauth::http::internal {
namespace {

using std::string_literals::operator""s;

struct Case {
  std::string bytes;
  HeadVerdict verdict;
};

TEST(HeadScanTest, RefusesWhatTwoReadersMightReadDifferently) {
  const Case cases[] = {
      {"", HeadVerdict::incomplete},
      {"GET / HTTP/1.1", HeadVerdict::incomplete},
      {"GET / HTTP/1.1\r", HeadVerdict::incomplete},
      {"GET / HTTP/1.1\r\n", HeadVerdict::incomplete},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r", HeadVerdict::incomplete},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadVerdict::complete},
      {"GET / HTTP/1.1\r\n\r\nrest\n", HeadVerdict::complete},
      // a line feed without its carriage return
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", HeadVerdict::refused},
      {"\nGET / HTTP/1.1\r\n\r\n", HeadVerdict::refused},
      // a carriage return without its line feed
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", HeadVerdict::refused},
      // a line folded onto the next
      {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n", HeadVerdict::refused},
      // NUL
      {"GET /\0 HTTP/1.1\r\n\r\n"s, HeadVerdict::refused},
      {"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"s, HeadVerdict::refused},
  };
  for (const Case& row : cases) EXPECT_EQ(scan_head(row.bytes).verdict, row.verdict) << row.bytes;
}

TEST(HeadScanTest, SaysHowLongTheHeadIs) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(scan_head(head).size, head.size());
  EXPECT_EQ(scan_head(head + "GET /next HTTP/1.1\r\n\r\n").size, head.size());
}

RC_GTEST_PROP(HeadScan, WhatItAcceptsHasCleanLinesOnly, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::element('a', ' ', '\r', '\n', ':'));
  const HeadScan scan = scan_head(bytes);
  if (scan.verdict != HeadVerdict::complete) return;
  const std::string head = bytes.substr(0, scan.size);
  RC_ASSERT(head.ends_with("\r\n"));
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\n') RC_ASSERT(i > 0 && head[i - 1] == '\r');
    if (head[i] == '\r') RC_ASSERT(head.at(i + 1) == '\n');
  }
}

}  // namespace
}  // namespace agentauth::http::internal
