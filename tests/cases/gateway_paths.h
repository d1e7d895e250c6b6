// How a request's target is read when a gateway asks about it.
//
// What is allowed through has one reading for every gateway and every backend. Each row of the
// second table is a target that some of them read as another path than others do; the line above a
// group says who. It is denied, and never repaired: whoever repairs it decides which reading is
// right, and the backend may decide otherwise.
#pragma once

namespace agentauth::cases {

// A target, and the segments it is read as, each in brackets.
struct PathReading {
  const char* target;
  const char* segments;
};

inline constexpr PathReading path_readings[] = {
    {"/", ""},
    {"/a", "[a]"},
    {"/a/b/c", "[a][b][c]"},
    // A slash at the end does not count: most servers answer both alike.
    {"/a/", "[a]"},
    {"/a/b/", "[a][b]"},
    // The query decides nothing, whatever it looks like.
    {"/a?", "[a]"},
    {"/?/admin", ""},
    {"/a?b=/../admin", "[a]"},
    {"/a?b=%2F..%2f&c=\\", "[a]"},
    {"/a?b?c", "[a]"},
    // What an escape stands for is what is compared and what a resource is named by: one name, one
    // spelling. A rule for user:a@b must not be dodged as user:a%40b.
    {"/%61dmin", "[admin]"},
    {"/%41%7A%30%2D%2E%5f%7e", "[Az0-._~]"},
    {"/a%40b", "[a@b]"},
    {"/a%3Ab", "[a:b]"},
    {"/a%2Bb+c", "[a+b+c]"},
    {"/a%20b", "[a b]"},
    {"/a%26b%3Dc", "[a&b=c]"},
    {"/%7Bid%7D", "[{id}]"},
    {"/*/**", "[*][**]"},
    {"/stra%C3%9Fe/%e6%97%a5%E6%9C%AC",
     "[stra\xC3\x9F"
     "e][\xE6\x97\xA5\xE6\x9C\xAC]"},
    // A percent sign, and nothing that another reader would take for an escape.
    {"/100%25", "[100%]"},
    {"/%25/20", "[%][20]"},
    {"/%25zz", "[%zz]"},
    {"/%25%25", "[%%]"},
    // Dots that are not alone in their segment.
    {"/.well-known/x", "[.well-known][x]"},
    {"/a..b/c.", "[a..b][c.]"},
    {"/..a/a..", "[..a][a..]"},
    // Case counts: /Admin is not /admin, and not listed as such.
    {"/Admin", "[Admin]"},
};

// A target that is denied, and the reason that is told.
struct PathRefusal {
  const char* target;
  const char* reason;
};

inline constexpr PathRefusal path_refusals[] = {
    // Not a path. nginx and Envoy take the absolute form, the backend gets the path in it.
    {"", "not_a_path"},
    {"a", "not_a_path"},
    {"*", "not_a_path"},
    {"?a", "not_a_path"},
    {"http://example.com/a", "not_a_path"},
    {"example.com:443", "not_a_path"},
    {"\\a", "not_a_path"},

    // Resolved by nginx, Envoy and Caddy before they choose a route, and not in the original target
    // that is asked about; resolved by some backends and not by others.
    {"/a/../admin", "path_dot_segment"},
    {"/../admin", "path_dot_segment"},
    {"/a/..", "path_dot_segment"},
    {"/a/../", "path_dot_segment"},
    {"/./admin", "path_dot_segment"},
    {"/a/.", "path_dot_segment"},
    {"/a/%2e%2e/admin", "path_dot_segment"},
    {"/a/%2E./admin", "path_dot_segment"},
    {"/a/.%2e/admin", "path_dot_segment"},
    {"/%2e/admin", "path_dot_segment"},
    // Windows strips blanks and dots at the end of a name.
    {"/a/..%20/admin", "path_dot_segment"},
    {"/a/.../admin", "path_dot_segment"},
    {"/a/%20/admin", "path_dot_segment"},

    // One segment to a gateway, two to a backend that decodes before it splits.
    {"/a%2Fb", "path_encoded_slash"},
    {"/a%2fb", "path_encoded_slash"},
    {"/a/..%2fadmin", "path_encoded_slash"},
    {"/%2e%2e%2fadmin", "path_encoded_slash"},
    {"/%2F/admin", "path_encoded_slash"},
    // A slash to Windows, IIS and browsers.
    {"/a\\b", "path_backslash"},
    {"/a/..\\admin", "path_backslash"},
    {"/a%5Cb", "path_backslash"},
    {"/a%5c..%5cadmin", "path_backslash"},

    // Merged by nginx (merge_slashes), Envoy when told so and many backends; an authority to some.
    {"//admin", "path_empty_segment"},
    {"/a//b", "path_empty_segment"},
    {"/a//", "path_empty_segment"},
    {"//", "path_empty_segment"},
    {"//example.com/a", "path_empty_segment"},

    // Parameters of a segment to Tomcat, Jetty and whatever stands on them: "..;" is ".." there.
    {"/a/..;/admin", "path_parameters"},
    {"/a/..;a=b/admin", "path_parameters"},
    {"/admin;a", "path_parameters"},
    {"/;/admin", "path_parameters"},
    {"/admin%3Ba", "path_parameters"},
    {"/a/..%3b/admin", "path_parameters"},

    // Decoded by the gateway and once more by the backend.
    {"/a%252Fadmin", "path_double_encoding"},
    {"/%252e%252e/admin", "path_double_encoding"},
    {"/a%25%32%66admin", "path_double_encoding"},
    {"/a%25%32f", "path_double_encoding"},
    {"/a%25252F", "path_double_encoding"},
    {"/100%2520", "path_double_encoding"},
    // Decoded before the query is cut off, the path ends there.
    {"/admin%3Fa", "path_encoded_delimiter"},
    {"/admin%3f", "path_encoded_delimiter"},
    {"/admin%23a", "path_encoded_delimiter"},
    // Cut off by some (nginx among them), part of the path to others.
    {"/admin#a", "path_fragment"},
    {"/a#/../admin", "path_fragment"},
    {"/a?b#c", "path_fragment"},

    // Ends the name where C ends a string.
    {"/admin%00", "path_control_character"},
    {"/admin%00.png", "path_control_character"},
    {"/a%0d%0aX-Agent-Id:%20b", "path_control_character"},
    {"/a%09b", "path_control_character"},
    {"/a%7f", "path_control_character"},
    {"/a\tb", "path_control_character"},
    {"/a b", "path_control_character"},
    {"/a\x7F", "path_control_character"},
    {"/a?b c", "path_control_character"},
    {"/a?b\rc", "path_control_character"},

    // Left as it is by some, refused by others, a letter to the rest.
    {"/a%", "path_broken_escape"},
    {"/a%2", "path_broken_escape"},
    {"/a%zz", "path_broken_escape"},
    {"/a%2%66", "path_broken_escape"},
    {"/a%u002f", "path_broken_escape"},
    {"/a% 2f", "path_broken_escape"},

    // No URL has these (RFC 3986): each reader does with them what it likes.
    {"/a\xC3\x9F", "path_character"},
    {"/a\"b", "path_character"},
    {"/a<b>", "path_character"},
    {"/a^b", "path_character"},
    {"/a`b", "path_character"},
    {"/a|b", "path_character"},
    {"/{id}", "path_character"},
    {"/a[0]", "path_character"},

    // An overlong slash and dot (CVE-2000-0884), a lone byte, half of a pair.
    {"/a%C0%AFadmin", "path_not_utf8"},
    {"/a/%C0%AE%C0%AE/admin", "path_not_utf8"},
    {"/%E0%80%AF", "path_not_utf8"},
    {"/%FF", "path_not_utf8"},
    {"/%C3", "path_not_utf8"},
    {"/%C3/%9F", "path_not_utf8"},
    {"/%ED%A0%80", "path_not_utf8"},
    {"/%F8%88%80%80%AF", "path_not_utf8"},
};

}  // namespace agentauth::cases
