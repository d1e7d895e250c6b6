#include <signal.h>

#include <iostream>
#include <string_view>

#include "app/run.h"

extern char** environ;  // POSIX

namespace {

agentauth::app::Environment agentauth_environment() {
  agentauth::app::Environment found;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (text.starts_with("AGENTAUTH_") || text.starts_with("TRACEPARENT="))
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

// Both come from a write that fails, and by default they kill without a word: a client or a pipe
// that went away (SSL_write raises it where send() would not), a file that may not grow any more.
void let_writes_fail_instead() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  let_writes_fail_instead();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return agentauth::app::run(arguments, agentauth_environment(), std::cout, std::cerr);
}
