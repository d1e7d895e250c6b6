#include "tokens/internal/guessable_secret.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <string>

namespace agentauth {
namespace {

// What must be left of a secret when a walk counts as its first step, and how many different
// characters it must have. 32 random hexadecimal characters have about 26 and 14 of them.
constexpr std::size_t steps_min = 12;
constexpr std::size_t different_characters_min = 8;

// Secrets of 32 bytes or more that stand in standards, documentation, tutorials and answers, and so
// in the lists of whoever tries secrets. Case does not count.
constexpr std::array<std::string_view, 45> well_known = {
    // jwt.io
    "your-256-bit-secret-your-256-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-384-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    // RFC 7515 A.1, RFC 7520 3.5
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    // FastAPI, Supabase, PostgREST, Hasura
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "reallyreallyreallyreallyverysafe",
    "3EK6FD+o0+c7tzBNVfjpMkNDi2yARAAKzQlk8O2IKoxQu4nF7EdAh8s3TwpHwrdWT6R",
    "<random_string_at_least_32_characters_long>",
    // Spring
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    "5367566B59703373367639792F423F4528482B4D6251655468576D5A71347437",
    "586E3272357538782F413F4428472B4B6250655368566B597033733676397924",
    "357638792F423F4428472B4B6250655368566D597133743677397A2443264629",
    "3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b",
    "daf66e01593f61a15b857cf433aae03a005812b31234e149036bcc8dee755dbb",
    "======================BezKoder=Spring===========================",
    // ASP.NET Core
    "this is my custom Secret key for authentication",
    "this is my custom Secret key for authnetication",
    "THIS IS USED TO SIGN AND VERIFY JWT TOKENS, REPLACE IT WITH YOUR OWN SECRET, IT CAN BE ANY "
    "STRING",
    "ByYM000OLlMQG6VVVp1OH7Xzyr7gHuw1qvUC5dcGt3SNM",
    "JWTAuthenticationHIGHsecuredPasswordVVVp1OH7Xzyr",
    "DhftOS5uphK3vmCJQrexST1RsyjZBjXWRgJMFPU4",
    "db3OIsj+BXE9NZDy0t8W3TcNekrF+2d/1sFnWG4HnV8TZY30iTOdtVWJG8abWvB1GlOgJuQZdcF2Luqm/hccMw==",
    "ThisIsSomeSampleSymmetricEncryptionKey",
    // Node.js, and answers to questions
    "16f8c0ef4a5d391b26034086c628469d3f9f497f08163ab9b40137092f2909ef",
    "r9iMKoe5CRMgvJBBtp4HrqN7QiPpUToj",
    "VGhpcyBzZWNyZXQgaXMgc3RvcmVkIGJhc2UtNjQgZW5jb2RlZCBvbiB0aGUgcHJveHkgaG9zdA",
    "my-32-character-ultra-secure-and-ultra-long-secret",
    "my-ultra-secure-and-ultra-long-secret",
    "my-ultra-super-secure-and-super-long-secret",
    "somerandomstringthatiusedformyjwtsecret",
    "any_random_secret_key_for_token_generation&",
    "anyRandomSecretKeyWhichWillBeUsedToEncodeTheTokenValue",
    "n2r5u8x/A%D*G-KaPdSgVkYp3s6v9y$B&E(H+MbQeThWmZq4t7w!z%C*F-J@NcRf",
    "q3t6w9z$C&F)J@NcRfUjWnZr4u7x!A%D*G-KaPdSgVkYp2s5v8y/B?E(H+MbQeTh",
    "856FECBA3B06519C8DDDBC80BB080553",
    "b14ca5898a4e4133bbce2ea2315a1916",
    // MD5, SHA-1 and SHA-256 of nothing; MD5 of "password"; a phrase from a comic
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "correct horse battery staple correct horse",
};

// What templates say where a secret belongs, without its separators. Eight letters and more, so
// that no random text has them.
constexpr std::array<std::string_view, 16> placeholders = {
    "changeme",    "changethis", "replacethis", "inproduction", "placeholder", "supersecret",
    "secretkey",   "mysecret",   "yoursecret",  "jwtsecret",    "signingkey",  "atleast32",
    "atleast256b", "password",   "verysecret",  "secretsecret",
};

// Where fingers walk; letters in the order of the alphabet and digits are neighbours anyway.
constexpr std::array<std::string_view, 14> keyboard = {
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "1qaz", "2wsx", "3edc",
    "4rfv",       "5tgb",      "6yhn",    "7ujm",       "8ik",  "9ol",  "azertyuiop",
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_well_known(std::string_view secret) {
  return std::any_of(well_known.begin(), well_known.end(),
                     [&](std::string_view known) { return equal(known, secret); });
}

bool is_placeholder(std::string_view secret) {
  std::string letters;
  for (const char c : secret)
    if (c != '-' && c != '_' && c != ' ' && c != '.') letters += lower(c);
  return std::any_of(placeholders.begin(), placeholders.end(), [&](std::string_view word) {
    return letters.find(word) != std::string::npos;
  });
}

// "abcabcabc…": a text repeated has only that text's strength.
bool is_repetition(std::string_view secret) {
  for (std::size_t period = 1; period <= secret.size() / 2; ++period)
    if (secret.substr(period) == secret.substr(0, secret.size() - period)) return true;
  return false;
}

bool are_neighbours(char a, char b) {
  if (a == b || a + 1 == b || b + 1 == a) return true;
  return std::any_of(keyboard.begin(), keyboard.end(), [&](std::string_view row) {
    const std::size_t at = row.find(a);
    return at != row.npos && ((at > 0 && row[at - 1] == b) || row.substr(at + 1).starts_with(b));
  });
}

std::size_t steps(std::string_view secret) {
  std::size_t count = secret.empty() ? 0 : 1;
  for (std::size_t i = 1; i < secret.size(); ++i)
    if (!are_neighbours(lower(secret[i - 1]), lower(secret[i]))) ++count;
  return count;
}

std::size_t different_characters(std::string_view secret) {
  std::bitset<256> seen;
  for (const char c : secret) seen.set(static_cast<unsigned char>(c));
  return seen.count();
}

}  // namespace

bool is_guessable(std::string_view secret) {
  return is_well_known(secret) || is_placeholder(secret) || is_repetition(secret) ||
         steps(secret) < steps_min || different_characters(secret) < different_characters_min;
}

}  // namespace agentauth
